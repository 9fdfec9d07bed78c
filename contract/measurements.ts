// Values of signals at instants: written by devices, read raw or for drawing.

import { type Static, Type } from 'typebox'
import { CLOSED, Id, InstantText, Label, Nullable, RangeQuery, WhenText, Zone } from './basics.ts'

/** A reading names its signal, or the asset and quantity that have exactly one signal. */
export const NewMeasurement = Type.Union([
  Type.Object({ signal_id: Id, measured_at: WhenText, value: Type.Number() }, CLOSED),
  Type.Object({ asset_id: Id, quantity: Label, measured_at: WhenText, value: Type.Number() }, CLOSED),
])
export type NewMeasurement = Static<typeof NewMeasurement>

/** How many rows one request may carry. */
export const MEASUREMENTS_PER_REQUEST = 100_000

/** The last two are for line protocol only. */
export const AppendQuery = Type.Object(
  {
    atomic: Type.Boolean({ default: false }),
    tz: Type.Optional(Zone),
    precision: Type.Optional(
      Type.Union(
        (['ns', 'us', 'ms', 's'] as const).map((unit) => Type.Literal(unit)),
        { description: 'The unit of times in line protocol; ns when left out' },
      ),
    ),
    create_signals: Type.Optional(
      Type.Boolean({ description: 'Makes a signal of each series in line protocol that is not known yet' }),
    ),
  },
  CLOSED,
)
export type AppendQuery = Static<typeof AppendQuery>

/** What became of each row sent: every index is in exactly one of the four. */
export const AppendResult = Type.Object({
  accepted: Type.Integer(),
  updated: Type.Integer(),
  unchanged: Type.Integer(),
  rejected: Type.Array(Type.Object({ index: Type.Integer(), reason: Type.String() })),
})
export type AppendResult = Static<typeof AppendResult>

/** Repeatable, or a comma list, in the address. */
const SignalIds = Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { minItems: 1, maxItems: 100 })

/** Readings as they were known at an earlier time: corrected and undone values with them, later ones left out. */
export const AsKnownAt = Type.Optional(WhenText)

/** Raw rows by signal, then time. JSON comes in pages; CSV and NDJSON stream the whole range unless limited. */
export const MeasurementQuery = Type.Object(
  {
    signal_id: SignalIds,
    ...RangeQuery,
    order: Type.Union([Type.Literal('asc'), Type.Literal('desc')], { default: 'asc' }),
    format: Type.Union([Type.Literal('json'), Type.Literal('csv'), Type.Literal('ndjson')], {
      default: 'json',
    }),
    as_known_at: AsKnownAt,
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 })),
    cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 1000 })),
  },
  CLOSED,
)
export type MeasurementQuery = Static<typeof MeasurementQuery>

export const MeasurementPage = Type.Object({
  items: Type.Array(
    Type.Object({ signal_id: Type.String(), measured_at: InstantText, value: Type.Number() }),
  ),
  next: Nullable(Type.String()),
})

export const MeasurementDeletion = Type.Object(
  {
    signal_id: Type.String({ minLength: 1, maxLength: 200 }),
    from: WhenText,
    to: WhenText,
    tz: Type.Optional(Zone),
  },
  CLOSED,
)
export type MeasurementDeletion = Static<typeof MeasurementDeletion>
export const MeasurementDeletionResult = Type.Object({ deleted: Type.Integer() })

/** One reading, and every value that it had. */
export const HistoryQuery = Type.Object(
  {
    signal_id: Type.String({ minLength: 1, maxLength: 200 }),
    measured_at: WhenText,
    tz: Type.Optional(Zone),
  },
  CLOSED,
)
export type HistoryQuery = Static<typeof HistoryQuery>

export const HistoryAnswer = Type.Object({
  items: Type.Array(
    Type.Object({
      value: Type.Number(),
      known_from: InstantText,
      known_until: Nullable(InstantText),
      load: Nullable(Type.Object({ id: Type.String(), file_name: Type.String() })),
    }),
  ),
})
export type HistoryAnswer = Static<typeof HistoryAnswer>

export const SeriesQuery = Type.Object(
  {
    signal_id: SignalIds,
    ...RangeQuery,
    as_known_at: AsKnownAt,
    points: Type.Integer({ minimum: 4, maximum: 10_000, default: 800 }),
  },
  CLOSED,
)
export type SeriesQuery = Static<typeof SeriesQuery>

/** For drawing: when a series has more rows than `points`, each slice keeps its first, last, least and greatest. */
export const SeriesAnswer = Type.Object({
  from: Nullable(InstantText),
  to: Nullable(InstantText),
  series: Type.Array(
    Type.Object({
      signal_id: Type.String(),
      unit: Type.String(),
      measured_at: Type.Array(InstantText),
      value: Type.Array(Type.Number()),
      downsampled: Type.Boolean(),
    }),
  ),
})
export type SeriesAnswer = Static<typeof SeriesAnswer>
