// What is measured of an asset: one quantity in one unit over time.

import { type Static, Type } from 'typebox'
import { CLOSED, Id, InstantText, Label, Nullable, Page, PageQuery, RangeQuery, Text } from './basics.ts'

const Unit = Type.String({ maxLength: 40, pattern: '^[^\\u0000-\\u001f\\u007f]*$', examples: ['kV'] })

export const NewSignal = Type.Object(
  {
    id: Type.Optional(Id),
    asset_id: Id,
    name: Type.Optional(Label),
    quantity: Label,
    unit: Type.Optional(Unit),
  },
  CLOSED,
)
export type NewSignal = Static<typeof NewSignal>
export const SignalReplacement = Type.Omit(NewSignal, ['id'], CLOSED)
export type SignalReplacement = Static<typeof SignalReplacement>
export const SignalChange = Type.Partial(SignalReplacement, { ...CLOSED, minProperties: 1 })
export type SignalChange = Static<typeof SignalChange>

export const Signal = Type.Object({
  id: Type.String(),
  asset_id: Type.String(),
  name: Type.String(),
  quantity: Type.String(),
  unit: Type.String(),
  first_at: Nullable(InstantText),
  last_at: Nullable(InstantText),
  last_value: Nullable(Type.Number()),
  count: Type.Integer(),
  created_at: InstantText,
  updated_at: InstantText,
})
export type Signal = Static<typeof Signal>
export const SignalPage = Page(Signal)

export const SignalQuery = Type.Object(
  {
    asset_id: Type.Optional(Type.String({ maxLength: 200 })),
    quantity: Type.Optional(Type.String({ maxLength: 200 })),
    q: Type.Optional(Text),
    ...PageQuery,
  },
  CLOSED,
)
export type SignalQuery = Static<typeof SignalQuery>

export const SignalDeletion = Type.Object(
  { cascade: Type.Boolean({ default: false, description: 'Its measurements go with it' }) },
  CLOSED,
)
export type SignalDeletion = Static<typeof SignalDeletion>
export const SignalDeletionResult = Type.Object({ measurements: Type.Integer() })
export type SignalDeletionResult = Static<typeof SignalDeletionResult>

export const StatsQuery = Type.Object(RangeQuery, CLOSED)
export type StatsQuery = Static<typeof StatsQuery>

/** Over [from, to). `std_dev` is the sample's (n - 1); 0 for one row, null for none. */
export const SignalStats = Type.Object({
  signal_id: Type.String(),
  unit: Type.String(),
  count: Type.Integer(),
  mean: Nullable(Type.Number()),
  min: Nullable(Type.Number()),
  max: Nullable(Type.Number()),
  median: Nullable(Type.Number()),
  std_dev: Nullable(Type.Number()),
  first_at: Nullable(InstantText),
  last_at: Nullable(InstantText),
})
export type SignalStats = Static<typeof SignalStats>
