// Numbers asked for by name: a definition, and its answer over a range.

import { type Static, Type } from 'typebox'
import {
  CLOSED,
  Id,
  InstantText,
  Label,
  Nullable,
  Page,
  PageQuery,
  Problem,
  RangeQuery,
  Text,
} from './basics.ts'
import { Cell, ColumnType, DatasetName } from './datasets.ts'

/** `avg`, as formulas spell it, is the same as `mean`. */
export const Aggregate = Type.Union([
  Type.Literal('mean'),
  Type.Literal('avg'),
  Type.Literal('sum'),
  Type.Literal('min'),
  Type.Literal('max'),
  Type.Literal('count'),
  Type.Literal('first'),
  Type.Literal('last'),
])
export type Aggregate = Static<typeof Aggregate>

/** `asset_type`, `asset`, `signal`, `quantity`, or `attribute.NAME` of the asset. */
const GroupBy = Type.String({
  pattern: '^(asset_type|asset|signal|quantity|attribute\\.[A-Za-z][A-Za-z0-9_]{0,62})$',
})

export const SignalDefinition = Type.Object(
  {
    kind: Type.Literal('signal'),
    signal_ids: Type.Optional(Type.Array(Id, { minItems: 1, maxItems: 1000 })),
    quantity: Type.Optional(Label),
    asset_type: Type.Optional(Type.String({ maxLength: 63 })),
    asset_ids: Type.Optional(Type.Array(Id, { minItems: 1, maxItems: 1000 })),
    aggregate: Aggregate,
    group_by: Type.Optional(Type.Array(GroupBy, { minItems: 1, maxItems: 4 })),
  },
  CLOSED,
)
export type SignalDefinition = Static<typeof SignalDefinition>

const Expression = Type.String({ minLength: 1, maxLength: 4000 })

export const DatasetFormula = Type.Object(
  { kind: Type.Literal('formula'), expression: Expression, dataset: DatasetName },
  CLOSED,
)
export type DatasetFormula = Static<typeof DatasetFormula>

export const SignalFormula = Type.Object(
  {
    kind: Type.Literal('formula'),
    expression: Expression,
    signals: Type.Record(Type.String({ pattern: '^[A-Za-z][A-Za-z0-9_]{0,62}$' }), Id, {
      minProperties: 1,
      maxProperties: 20,
    }),
  },
  CLOSED,
)
export type SignalFormula = Static<typeof SignalFormula>

/** What the address of an answer has already. */
const ParameterName = Type.String({
  pattern: '^(?!(?:from|to|bucket|tz|limit|cursor|format)$)[a-z][a-z0-9_]{0,62}$',
  examples: ['site'],
})

/** Of `:name` in SQL. Without a default it must be given with each question. */
export const Parameter = Type.Object({ type: ColumnType, default: Type.Optional(Cell) }, CLOSED)
export type Parameter = Static<typeof Parameter>

/** One select; it may name `:from`, `:to`, `:bucket`, `:tz` and its own parameters. */
export const SqlDefinition = Type.Object(
  {
    kind: Type.Literal('sql'),
    sql: Type.String({ minLength: 1, maxLength: 10_000 }),
    parameters: Type.Optional(Type.Record(ParameterName, Parameter, { maxProperties: 20 })),
  },
  CLOSED,
)
export type SqlDefinition = Static<typeof SqlDefinition>

export const Definition = Type.Union([SignalDefinition, DatasetFormula, SignalFormula, SqlDefinition])
export type Definition = Static<typeof Definition>

const TimeColumn = Type.String({ pattern: '^[A-Za-z][A-Za-z0-9_]{0,62}$' })

const described = {
  name: Label,
  description: Type.Optional(Text),
  unit: Type.Optional(Type.String({ maxLength: 40 })),
  format: Type.Optional(Type.String({ maxLength: 40 })),
  tags: Type.Optional(Type.Array(Label, { maxItems: 20 })),
  time_column: Type.Optional(TimeColumn),
  definition: Definition,
}
export const NewMetric = Type.Object({ id: Type.Optional(Id), ...described }, CLOSED)
export type NewMetric = Static<typeof NewMetric>
export const MetricReplacement = Type.Object(described, CLOSED)
export type MetricReplacement = Static<typeof MetricReplacement>

export const Metric = Type.Object({
  id: Type.String(),
  name: Type.String(),
  description: Type.String(),
  unit: Type.String(),
  format: Type.String(),
  tags: Type.Array(Type.String()),
  time_column: Nullable(Type.String()),
  version: Type.Integer(),
  definition: Definition,
  created_at: InstantText,
  updated_at: InstantText,
})
export type Metric = Static<typeof Metric>
export const MetricPage = Page(Metric)

export const MetricQuery = Type.Object(
  { q: Type.Optional(Text), tag: Type.Optional(Type.String({ maxLength: 200 })), ...PageQuery },
  CLOSED,
)
export type MetricQuery = Static<typeof MetricQuery>

/** `auto`, or a count and unit. Days and longer follow the calendar of `tz`. */
export const BucketText = Type.String({
  pattern: '^(auto|[1-9][0-9]{0,3}(s|m|h|d|w|mo|y))$',
  examples: ['auto', '5m', '1d'],
})

export const DataQuery = Type.Object(
  {
    ...RangeQuery,
    bucket: Type.Optional(BucketText),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 })),
    cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 1000 })),
    format: Type.Union([Type.Literal('json'), Type.Literal('csv')], { default: 'json' }),
  },
  { additionalProperties: Type.String({ maxLength: 1000, description: 'A parameter of the SQL' }) },
)
export type DataQuery = Static<typeof DataQuery>

/** Values by the names of parameters. */
const ParameterValues = Type.Record(Type.String({ maxLength: 63 }), Cell, { maxProperties: 20 })
export type ParameterValues = Static<typeof ParameterValues>

/**
 * Rows by column. With a bucket, the first column is `bucket_start`, and the last two are `samples` and `partial`
 * (true where the range cuts the bucket). Of SQL, the columns are those of the select; `from`, `to` and `bucket` are
 * null where the select takes none.
 */
export const MetricData = Type.Object({
  metric_id: Nullable(Type.String()),
  version: Nullable(Type.Integer()),
  from: Nullable(InstantText),
  to: Nullable(InstantText),
  bucket: Nullable(Type.String()),
  tz: Type.String(),
  columns: Type.Array(
    Type.Object({ name: Type.String(), type: Type.String(), unit: Nullable(Type.String()) }),
  ),
  rows: Type.Array(Type.Array(Cell)),
  next: Nullable(Type.String()),
  division_by_zero: Type.Integer({ description: 'How many values were null because a divisor was zero' }),
  computed_at: InstantText,
  cached: Type.Boolean(),
  truncated: Type.Boolean(),
})
export type MetricData = Static<typeof MetricData>

/** A definition, unsaved, run over a range. */
export const Preview = Type.Object(
  {
    definition: Definition,
    time_column: Type.Optional(TimeColumn),
    parameters: Type.Optional(ParameterValues),
    ...RangeQuery,
    bucket: Type.Optional(BucketText),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  },
  CLOSED,
)
export type Preview = Static<typeof Preview>

/** Many at once: each answers on its own. */
export const ManyQuery = Type.Object(
  {
    metrics: Type.Array(
      Type.Union([Id, Type.Object({ id: Id, parameters: Type.Optional(ParameterValues) }, CLOSED)]),
      { minItems: 1, maxItems: 100 },
    ),
    ...RangeQuery,
    bucket: Type.Optional(BucketText),
  },
  CLOSED,
)
export type ManyQuery = Static<typeof ManyQuery>

/** In the order asked; one of `data` and `problem` is null. */
export const ManyAnswer = Type.Object({
  items: Type.Array(
    Type.Object({ metric_id: Type.String(), data: Nullable(MetricData), problem: Nullable(Problem) }),
  ),
})
export type ManyAnswer = Static<typeof ManyAnswer>
