// Files on their way in: where they go, how they are read, and what became of each row.

import { type Static, Type } from 'typebox'
import { CLOSED, InstantText, Nullable, Page, PageQuery, Zone } from './basics.ts'

export const LoadTarget = Type.String({
  pattern: '^(assets|signals|measurements|dataset:[a-z][a-z0-9_]{0,62})$',
  examples: ['measurements', 'dataset:stats'],
})

const Constant = Type.Union([Type.String({ maxLength: 1000 }), Type.Number(), Type.Boolean()])
const SourceName = Type.String({ minLength: 1, maxLength: 200 })

/**
 * How a file is read. `columns` maps the file's column (or, in JSON, a path such as `data.value`) to a field of
 * the target; without it, columns are taken by their own names.
 */
export const Mapping = Type.Object(
  {
    format: Type.Optional(Type.Union([Type.Literal('csv'), Type.Literal('json'), Type.Literal('ndjson')])),
    delimiter: Type.Optional(Type.String({ minLength: 1, maxLength: 1 })),
    quote: Type.Optional(Type.String({ minLength: 1, maxLength: 1 })),
    decimal: Type.Optional(Type.Union([Type.Literal('.'), Type.Literal(',')])),
    encoding: Type.Optional(
      Type.Union([Type.Literal('utf-8'), Type.Literal('utf-16le'), Type.Literal('latin1')]),
    ),
    header: Type.Optional(Type.Boolean()),
    skip_lines: Type.Optional(Type.Integer({ minimum: 0, maximum: 1000 })),
    columns: Type.Optional(Type.Record(SourceName, Type.String({ minLength: 1, maxLength: 200 }))),
    constants: Type.Optional(Type.Record(SourceName, Constant)),
    time_format: Type.Optional(
      Type.String({
        maxLength: 64,
        description:
          'iso (default), epoch_s, epoch_ms, epoch_us, epoch_ns, or a pattern of YYYY MM DD HH mm ss and fractions SSS',
        examples: ['DD.MM.YYYY HH:mm:ss'],
      }),
    ),
    tz: Type.Optional(Zone),
    records: Type.Optional(Type.String({ maxLength: 200, description: 'In JSON, the path to the rows' })),
  },
  CLOSED,
)
export type Mapping = Static<typeof Mapping>

export const LoadStatus = Type.Union([
  Type.Literal('queued'),
  Type.Literal('running'),
  Type.Literal('done'),
  Type.Literal('failed'),
  Type.Literal('cancelled'),
])
export type LoadStatus = Static<typeof LoadStatus>

/** `rows_read` is always the sum of loaded, updated, unchanged and rejected. */
export const Load = Type.Object({
  id: Type.String(),
  target: Type.String(),
  file_name: Type.String(),
  size_bytes: Type.Integer(),
  sha256: Type.String(),
  mapping: Mapping,
  status: LoadStatus,
  progress: Type.Number({ minimum: 0, maximum: 1 }),
  rows_read: Type.Integer(),
  rows_loaded: Type.Integer(),
  rows_updated: Type.Integer(),
  rows_unchanged: Type.Integer(),
  rows_rejected: Type.Integer(),
  rows_per_second: Nullable(Type.Number()),
  created_by: Type.String(),
  created_at: InstantText,
  started_at: Nullable(InstantText),
  finished_at: Nullable(InstantText),
  error: Nullable(Type.String()),
})
export type Load = Static<typeof Load>
export const LoadPage = Page(Load)

export const LoadQuery = Type.Object(
  { status: Type.Optional(LoadStatus), target: Type.Optional(Type.String({ maxLength: 100 })), ...PageQuery },
  CLOSED,
)
export type LoadQuery = Static<typeof LoadQuery>

/** In the address, or as fields of a multipart form; `mapping` is JSON text. */
export const LoadParameters = Type.Object(
  {
    target: Type.Optional(LoadTarget),
    mapping: Type.Optional(Type.String({ maxLength: 100_000 })),
    file_name: Type.Optional(Type.String({ maxLength: 255 })),
  },
  CLOSED,
)
export type LoadParameters = Static<typeof LoadParameters>

/** A refused row: where it stood, what stood there, and why it was refused. */
export const Reject = Type.Object({
  line: Type.Integer({ description: 'Of the file, from 1; in JSON, the position of the record from 1' }),
  column: Nullable(Type.String()),
  value: Nullable(Type.String()),
  reason: Type.String(),
  raw: Type.String({ description: 'The whole row as it came, at most 65 536 characters' }),
})
export type Reject = Static<typeof Reject>
export const RejectPage = Page(Reject)

export const RejectQuery = Type.Object(
  {
    ...PageQuery,
    format: Type.Union([Type.Literal('json'), Type.Literal('csv')], { default: 'json' }),
  },
  CLOSED,
)
export type RejectQuery = Static<typeof RejectQuery>
