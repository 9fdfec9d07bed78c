// Files on their way in: where they go, how they are read, and what became of each row.

import { type Static, Type } from 'typebox'
import { CLOSED, InstantText, Nullable, Page, PageQuery } from './basics.ts'
import { FileFormat, LoadTarget, Mapping } from './mapping.ts'
import { RejectRule } from './rejects.ts'

export const LoadStatus = Type.Union([
  Type.Literal('queued'),
  Type.Literal('running'),
  Type.Literal('done'),
  Type.Literal('failed'),
  Type.Literal('cancelled'),
])
export type LoadStatus = Static<typeof LoadStatus>

/**
 * `rows_read` is always the sum of loaded, updated, unchanged and rejected. Of the unchanged, `rows_repeated` repeat an
 * earlier row of the file; of the updated, `rows_superseded` were corrected by a later row of the same file.
 */
export const Load = Type.Object({
  id: Type.String(),
  target: Type.String(),
  file_name: Type.String(),
  size_bytes: Type.Integer(),
  sha256: Type.String(),
  format: FileFormat,
  mapping: Mapping,
  status: LoadStatus,
  progress: Type.Number({ minimum: 0, maximum: 1 }),
  rows_read: Type.Integer(),
  rows_loaded: Type.Integer(),
  rows_updated: Type.Integer(),
  rows_unchanged: Type.Integer(),
  rows_rejected: Type.Integer(),
  rows_repeated: Type.Integer(),
  rows_superseded: Type.Integer(),
  times_skipped: Type.Integer({
    description:
      'Local times that never came, in the hour that a clock change leaves out: moved forward by it',
  }),
  times_repeated: Type.Integer({
    description: 'Local times that came twice, at the end of daylight saving: the first is taken',
  }),
  rows_per_second: Nullable(Type.Number()),
  created_by: Type.String(),
  created_at: InstantText,
  started_at: Nullable(InstantText),
  finished_at: Nullable(InstantText),
  error: Nullable(Type.String()),
  replays: Nullable(Type.String({ description: 'The load whose refused rows were mended and sent again' })),
  undone_at: Nullable(InstantText),
  rows_removed: Type.Integer({ description: 'By its undoing: rows that it had brought' }),
  rows_restored: Type.Integer({ description: 'By its undoing: rows that are again as they were before it' }),
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

export const LoadDeletion = Type.Object(
  {
    undo: Type.Boolean({
      default: false,
      description: 'Of a load that is done: removes what it brought and restores what was there before',
    }),
  },
  CLOSED,
)
export type LoadDeletion = Static<typeof LoadDeletion>

/** As for a load, without a target where it is to be guessed; `partial` says that the file breaks off. */
export const PreviewParameters = Type.Object(
  {
    target: Type.Optional(LoadTarget),
    mapping: Type.Optional(Type.String({ maxLength: 100_000 })),
    file_name: Type.Optional(Type.String({ maxLength: 255 })),
    partial: Type.Optional(Type.Boolean({ default: false })),
  },
  CLOSED,
)
export type PreviewParameters = Static<typeof PreviewParameters>

/** What a file would become, with nothing stored. Counts are those of the rows that were read. */
export const LoadPreview = Type.Object({
  format: FileFormat,
  compression: Nullable(Type.Union([Type.Literal('gzip'), Type.Literal('zstd')])),
  target: Type.String(),
  target_why: Type.String(),
  mapping: Mapping,
  confidence: Type.Number({ minimum: 0, maximum: 1 }),
  columns: Type.Array(
    Type.Object({
      name: Type.String(),
      type: Type.String(),
      target: Nullable(Type.String()),
      why: Type.String(),
      confidence: Type.Number({ minimum: 0, maximum: 1 }),
      examples: Type.Array(Type.String()),
    }),
  ),
  sample: Type.Array(Type.Record(Type.String(), Type.Unknown()), {
    description: 'The first rows as they would be stored, each with its line',
  }),
  rows_read: Type.Integer(),
  whole: Type.Boolean({ description: 'Whether the whole file was read' }),
  accepted: Type.Integer(),
  rejected_count: Type.Integer(),
  rejected: Type.Array(
    Type.Object({
      line: Type.Integer(),
      column: Nullable(Type.String()),
      value: Nullable(Type.String()),
      rule: RejectRule,
      reason: Type.String(),
    }),
  ),
  notes: Type.Array(Type.String(), { description: 'What was settled by a rule or could not be told' }),
})
export type LoadPreview = Static<typeof LoadPreview>
