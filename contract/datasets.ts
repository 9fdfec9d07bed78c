// Tables of the user's own: typed columns, an optional unique key, rules by column.

import { type Static, Type } from 'typebox'
import { CLOSED, InstantText, Nullable, Page, PageQuery, Text } from './basics.ts'

/** Also a table's and a column's name in SQL. */
export const DatasetName = Type.String({ pattern: '^[a-z][a-z0-9_]{0,62}$', examples: ['stats'] })
export const ColumnName = Type.String({ pattern: '^[A-Za-z][A-Za-z0-9_]{0,62}$', examples: ['column_1'] })

export const ColumnType = Type.Union([
  Type.Literal('integer'),
  Type.Literal('number'),
  Type.Literal('text'),
  Type.Literal('boolean'),
  Type.Literal('timestamp'),
  Type.Literal('date'),
])
export type ColumnType = Static<typeof ColumnType>

/** A value of a cell: integers up to 2^53, finite numbers, text, true or false, instants and dates as text. */
export const Cell = Type.Union([Type.Number(), Type.String(), Type.Boolean(), Type.Null()])
export type Cell = Static<typeof Cell>

export const Column = Type.Object(
  {
    name: ColumnName,
    type: ColumnType,
    unit: Type.Optional(Type.String({ maxLength: 40 })),
    required: Type.Optional(Type.Boolean()),
    min: Type.Optional(Type.Number()),
    max: Type.Optional(Type.Number()),
    one_of: Type.Optional(Type.Array(Cell, { minItems: 1, maxItems: 1000 })),
    pattern: Type.Optional(Type.String({ maxLength: 500, description: 'A regular expression, whole match' })),
  },
  CLOSED,
)
export type Column = Static<typeof Column>

export const NewDataset = Type.Object(
  {
    name: DatasetName,
    description: Type.Optional(Text),
    columns: Type.Array(Column, { minItems: 1, maxItems: 500 }),
    unique_key: Type.Optional(Type.Array(ColumnName, { minItems: 1, maxItems: 16 })),
  },
  CLOSED,
)
export type NewDataset = Static<typeof NewDataset>

export const Dataset = Type.Object({
  name: Type.String(),
  description: Type.String(),
  columns: Type.Array(Column),
  unique_key: Nullable(Type.Array(Type.String())),
  rows: Type.Integer(),
  created_at: InstantText,
})
export type Dataset = Static<typeof Dataset>
export const DatasetPage = Page(Dataset)
export const DatasetQuery = Type.Object({ ...PageQuery }, CLOSED)
export type DatasetQuery = Static<typeof DatasetQuery>

/** Rows as objects by column name; a column left out is null. */
export const NewRows = Type.Array(Type.Record(Type.String({ maxLength: 63 }), Cell), {
  minItems: 1,
  maxItems: 10_000,
})
export type NewRows = Static<typeof NewRows>

/** With `atomic`, one bad row refuses all. */
export const RowAppendQuery = Type.Object({ atomic: Type.Boolean({ default: false }) }, CLOSED)
export type RowAppendQuery = Static<typeof RowAppendQuery>

export const RowQuery = Type.Object(
  {
    ...PageQuery,
    limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100 }),
    format: Type.Union([Type.Literal('json'), Type.Literal('csv'), Type.Literal('ndjson')], {
      default: 'json',
    }),
  },
  CLOSED,
)
export type RowQuery = Static<typeof RowQuery>

/** Rows in the order in which they came. */
export const RowPage = Page(Type.Record(Type.String(), Cell))

export const RowDeletionResult = Type.Object({ deleted: Type.Integer() })
