// Files on their way in: where they go, how they are read, and what became of each row.

import { type Static, Type } from 'typebox'
import { CLOSED, InstantText, Nullable, Page, PageQuery, Zone } from './basics.ts'

export const LoadTarget = Type.String({
  pattern: '^(assets|signals|measurements|dataset:[a-z][a-z0-9_]{0,62})$',
  examples: ['measurements', 'dataset:stats'],
})

const Constant = Type.Union([Type.String({ maxLength: 1000 }), Type.Number(), Type.Boolean()])
const SourceName = Type.String({ minLength: 1, maxLength: 200 })

export const FileFormat = Type.Union([
  Type.Literal('csv'),
  Type.Literal('json'),
  Type.Literal('ndjson'),
  Type.Literal('parquet'),
  Type.Literal('xml'),
  Type.Literal('xlsx'),
])
export type FileFormat = Static<typeof FileFormat>

/** What a field must be, beyond its type. Each applies to the value as it would be stored. */
export const FieldRule = Type.Object(
  {
    required: Type.Optional(Type.Boolean()),
    min: Type.Optional(Type.Number()),
    max: Type.Optional(Type.Number()),
    one_of: Type.Optional(Type.Array(Constant, { minItems: 1, maxItems: 1000 })),
    pattern: Type.Optional(Type.String({ maxLength: 500, description: 'A regular expression, whole match' })),
    max_ahead: Type.Optional(
      Type.String({
        pattern: '^[0-9]{1,4}[smhdwy]$',
        description: 'Of a time: how far after now it may lie; 366d when left out',
      }),
    ),
  },
  CLOSED,
)
export type FieldRule = Static<typeof FieldRule>

/**
 * How a file is read. `columns` maps the file's column (or, in JSON and XML, a path such as `data.value`) to a field of
 * the target; without it, columns are taken by their own names. A wide file has one column for each signal: `time`
 * names the column of times, `wide` those of values.
 */
export const Mapping = Type.Object(
  {
    template: Type.Optional(
      Type.String({
        pattern: '^[a-z0-9][a-z0-9_-]{0,62}$',
        description: 'A named mapping to start from; what stands beside it here overrides it',
      }),
    ),
    format: Type.Optional(FileFormat),
    delimiter: Type.Optional(Type.String({ minLength: 1, maxLength: 1 })),
    quote: Type.Optional(Type.String({ minLength: 1, maxLength: 1 })),
    decimal: Type.Optional(Type.Union([Type.Literal('.'), Type.Literal(',')])),
    thousands: Type.Optional(
      Type.Union([Type.Literal('.'), Type.Literal(','), Type.Literal(' '), Type.Literal("'")], {
        description: 'The mark between groups of three digits; none when left out',
      }),
    ),
    encoding: Type.Optional(
      Type.Union([
        Type.Literal('utf-8'),
        Type.Literal('utf-16le'),
        Type.Literal('utf-16be'),
        Type.Literal('latin1'),
      ]),
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
    records: Type.Optional(
      Type.String({ maxLength: 200, description: 'In JSON and XML, the path to the rows' }),
    ),
    sheet: Type.Optional(
      Type.String({ minLength: 1, maxLength: 100, description: 'Of XLSX; the first when left out' }),
    ),
    time: Type.Optional(SourceName),
    wide: Type.Optional(
      Type.Union([Type.Literal('*'), Type.Array(SourceName, { minItems: 1, maxItems: 5000 })], {
        description: 'The columns that are signals; * is every one but the time',
      }),
    ),
    units: Type.Optional(
      Type.Record(SourceName, Type.String({ maxLength: 40 }), {
        description:
          'The unit in which a column of the file gives its values, converted to that of the signal',
      }),
    ),
    create_signals: Type.Optional(
      Type.Boolean({ description: 'Makes signals that the file names and that are not there' }),
    ),
    create_assets: Type.Optional(
      Type.Boolean({ description: 'Makes assets that the file names and that are not there' }),
    ),
    rules: Type.Optional(Type.Record(SourceName, FieldRule, { description: 'By field of the target' })),
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

/** Which kind of rule a row broke; the reason says it in words. */
export const RejectRule = Type.Union([
  Type.Literal('structure'),
  Type.Literal('encoding'),
  Type.Literal('required'),
  Type.Literal('type'),
  Type.Literal('range'),
  Type.Literal('one_of'),
  Type.Literal('pattern'),
  Type.Literal('unique'),
  Type.Literal('reference'),
  Type.Literal('future'),
  Type.Literal('unit'),
])
export type RejectRule = Static<typeof RejectRule>

export const RejectState = Type.Union([
  Type.Literal('open'),
  Type.Literal('mended'),
  Type.Literal('dismissed'),
])
export type RejectState = Static<typeof RejectState>

/** A refused row: where it stood, what stood there, why it was refused, and what became of it since. */
export const Reject = Type.Object({
  line: Type.Integer({ description: 'Of the file, from 1; in JSON, the position of the record from 1' }),
  column: Nullable(Type.String()),
  value: Nullable(Type.String()),
  rule: RejectRule,
  reason: Type.String(),
  raw: Type.String({ description: 'The whole row as it came, at most 65 536 characters' }),
  state: RejectState,
  mended_raw: Nullable(Type.String({ description: 'The row as it was sent again' })),
  mended_load_id: Nullable(Type.String()),
})
export type Reject = Static<typeof Reject>
export const RejectPage = Page(Reject)

const RejectFilter = {
  rule: Type.Optional(RejectRule),
  column: Type.Optional(Type.String({ maxLength: 200 })),
  reason: Type.Optional(Type.String({ maxLength: 2000 })),
}

export const RejectQuery = Type.Object(
  {
    ...PageQuery,
    ...RejectFilter,
    state: Type.Optional(RejectState),
    format: Type.Union([Type.Literal('json'), Type.Literal('csv')], { default: 'json' }),
  },
  CLOSED,
)
export type RejectQuery = Static<typeof RejectQuery>

/** Refused rows of one reason: how many, and a few of them to look at. */
export const RejectGroup = Type.Object({
  rule: RejectRule,
  column: Nullable(Type.String()),
  reason: Type.String(),
  rows: Type.Integer(),
  open: Type.Integer(),
  lines: Type.Array(Type.Integer(), { description: 'The first five' }),
  values: Type.Array(Nullable(Type.String()), { description: 'The five most frequent' }),
})
export type RejectGroup = Static<typeof RejectGroup>
export const RejectGroups = Type.Object({ items: Type.Array(RejectGroup) })

/** Which open rows are meant: those of the lines, or all that match the filter; without either, all. */
const RejectChoice = {
  lines: Type.Optional(Type.Array(Type.Integer({ minimum: 1 }), { minItems: 1, maxItems: 10_000 })),
  ...RejectFilter,
}

export const RejectDismissal = Type.Object({ ...RejectChoice }, CLOSED)
export type RejectDismissal = Static<typeof RejectDismissal>
export const RejectDismissalResult = Type.Object({ dismissed: Type.Integer() })

/**
 * Sends refused rows again: some rewritten whole (`rows`), a text of one column replaced in all that are meant
 * (`replace`; without `from` every text of the column), read by a changed mapping (`mapping`, whose keys override those
 * of the load).
 */
export const RejectReplay = Type.Object(
  {
    ...RejectChoice,
    rows: Type.Optional(
      Type.Array(
        Type.Object({ line: Type.Integer({ minimum: 1 }), raw: Type.String({ maxLength: 65_536 }) }, CLOSED),
        { minItems: 1, maxItems: 10_000 },
      ),
    ),
    replace: Type.Optional(
      Type.Array(
        Type.Object(
          {
            column: SourceName,
            from: Type.Optional(Type.String({ maxLength: 1000 })),
            to: Type.String({ maxLength: 1000 }),
          },
          CLOSED,
        ),
        { minItems: 1, maxItems: 100 },
      ),
    ),
    mapping: Type.Optional(Mapping),
  },
  CLOSED,
)
export type RejectReplay = Static<typeof RejectReplay>

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

const TemplateName = Type.String({ pattern: '^[a-z0-9][a-z0-9_-]{0,62}$', examples: ['scada-export'] })

/** A mapping under a name, to be used again as `template`. */
export const NewMappingTemplate = Type.Object(
  {
    name: TemplateName,
    description: Type.Optional(Type.String({ maxLength: 2000 })),
    target: Type.Optional(LoadTarget),
    mapping: Mapping,
  },
  CLOSED,
)
export type NewMappingTemplate = Static<typeof NewMappingTemplate>
export const MappingTemplateChange = Type.Omit(NewMappingTemplate, ['name'], CLOSED)
export type MappingTemplateChange = Static<typeof MappingTemplateChange>
export const MappingTemplate = Type.Object({
  name: Type.String(),
  description: Type.String(),
  target: Nullable(Type.String()),
  mapping: Mapping,
  built_in: Type.Boolean(),
  created_at: InstantText,
  updated_at: InstantText,
})
export type MappingTemplate = Static<typeof MappingTemplate>
export const MappingTemplatePage = Page(MappingTemplate)
