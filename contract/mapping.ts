// How a file is read: what is in its columns, what each value must be, and mappings kept under a name.

import { type Static, Type } from 'typebox'
import { CLOSED, InstantText, Nullable, Page, PageQuery, Zone } from './basics.ts'

export const LoadTarget = Type.String({
  pattern: '^(assets|signals|measurements|dataset:[a-z][a-z0-9_]{0,62})$',
  examples: ['measurements', 'dataset:stats'],
})

const Constant = Type.Union([Type.String({ maxLength: 1000 }), Type.Number(), Type.Boolean()])
export const SourceName = Type.String({ minLength: 1, maxLength: 200 })

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
      Type.String({
        maxLength: 200,
        description: 'In JSON and XML, the path to the rows: keys joined by dots, elements by slashes',
      }),
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
export const MappingTemplateQuery = Type.Object({ ...PageQuery }, CLOSED)
export type MappingTemplateQuery = Static<typeof MappingTemplateQuery>
