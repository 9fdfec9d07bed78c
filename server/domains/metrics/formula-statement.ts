// The statements that a compiled formula asks of its rows: one value a row, or one for all rows of a bucket. Where the
// rows come from (a dataset, signals) is handed in.

import type { Dialect } from '../../engine/db.ts'
import { type Sql, sql } from '../../engine/sql.ts'
import type { Node } from './formula.ts'
import { finite } from './formula-arithmetic.ts'
import type { Call } from './formula-check.ts'
import {
  ANY,
  type Bounds,
  type Compilation,
  columnTerm,
  compileNode,
  dividedByZero,
  INTEGER,
  operate,
  share,
  type Term,
  withLayers,
} from './formula-sql.ts'

export interface FormulaRows {
  /** A select with the columns that the following name. */
  rows: Sql
  /** The column of a name of the formula, a double. */
  column: (name: string) => Term
  /** Orders rows for first, last and delta; no two rows are equal. */
  order: Sql
  /** Microseconds of a row, for rate; null where rows have no time. */
  micros: Sql | null
  /** An aggregate: how many measurements or rows there were. */
  samples: Sql
  /** Whether there is a column `place`, by which rows are put together. */
  bucketed: boolean
}

/** The columns `value` (null, never NaN or Infinity) and `zero` (1 where a divisor made it null), beside `shown`. */
export function valuesByRow(dialect: Dialect, tree: Node, source: FormulaRows, shown: Sql): Sql {
  const into = compilation(dialect, 'r', (node) => source.column(node.name), noAggregate)
  const value = finite(share(into, compileNode(into, tree)).sql)
  return sql`
    select ${shown}, ${value} as value, coalesce(${dividedByZero(value, into)}, false)::int as zero
    from (${withLayers(source.rows, into)}) as formula_row`
}

/**
 * The columns `place` (where bucketed), `value`, `samples` and `zero` (how many values were null because a divisor was
 * zero), by place. Unbucketed it is one row, also of no rows.
 */
export function valuesByBucket(dialect: Dialect, tree: Node, source: FormulaRows): Sql {
  const lower = compilation(dialect, 'r', (node) => source.column(node.name), noAggregate)
  const parts: Aggregation = { dialect, source, lower, columns: [], zeros: [] }
  const upper: Compilation = compilation(
    dialect,
    'g',
    (node) => aggregated(parts, meanOf(source.column(node.name).sql)),
    (node) => aggregateOf(parts, upper, node),
  )
  const value = finite(share(upper, compileNode(upper, tree)).sql)
  const zeroRows =
    parts.zeros.length === 0 ? sql`0` : sql`count(*) filter (where ${sql.join(parts.zeros, sql` or `)})`
  const columns = [...parts.columns, sql`${source.samples} as samples`, sql`${zeroRows} as zero_rows`]
  const grouped = sql`
    select ${source.bucketed ? sql`place, ` : sql``}${sql.join(columns)}
    from (${withLayers(source.rows, lower)}) as formula_row
    ${source.bucketed ? sql`group by place` : sql``}`
  return sql`
    select ${source.bucketed ? sql`place, ` : sql``}${value} as value, samples,
      zero_rows + coalesce(${dividedByZero(value, upper)}, false)::int as zero
    from (${withLayers(grouped, upper)}) as formula_bucket
    ${source.bucketed ? sql`order by place` : sql``}`
}

interface Aggregation {
  dialect: Dialect
  source: FormulaRows
  /** Of what stands within aggregates. */
  lower: Compilation
  /** Aggregates, each with its name. */
  columns: Sql[]
  /** Where a divisor made the value within an aggregate null. */
  zeros: Sql[]
}

function compilation(
  dialect: Dialect,
  prefix: string,
  name: Compilation['name'],
  aggregate: Compilation['aggregate'],
): Compilation {
  return {
    guarded: dialect.overflowRaises === true,
    keepApart: dialect.keepApart ?? sql``,
    prefix,
    name,
    aggregate,
    layers: [],
    divisors: [],
    strict: true,
  }
}

function noAggregate(node: Call): Term {
  throw new Error(`${node.name} stands where the check lets no aggregate pass`)
}

function aggregated(parts: Aggregation, text: Sql, bounds: Bounds = ANY): Term {
  const column = sql.identifier(`a${parts.columns.length}`)
  parts.columns.push(sql`${text} as ${column}`)
  return columnTerm(column, bounds)
}

/** PostgreSQL's own avg also sums squares, and fails beyond 1e154. */
function meanOf(x: Sql): Sql {
  return sql`sum(${x}) / nullif(count(${x}), 0)`
}

/** Values that are null are passed over; an aggregate of none is null, a count 0. */
function aggregateOf(parts: Aggregation, upper: Compilation, node: Call): Term {
  const [arg] = node.args
  if (arg === undefined) throw new Error(`${node.name} has no argument`) // the check counted them
  // The layers are those of all aggregates, the divisors those of this one.
  const lower = { ...parts.lower, divisors: [], strict: true }
  const once = compileNode(lower, arg)
  const isRepeated = !ONCE.has(node.name) || (lower.divisors.length > 0 && !lower.strict)
  const x = isRepeated ? share(lower, once) : once
  if (lower.divisors.length > 0) parts.zeros.push(dividedByZero(x.sql, lower))
  switch (node.name) {
    case 'sum':
      return aggregated(parts, sql`sum(${x.sql})`)
    case 'count':
      return aggregated(parts, sql`count(${x.sql})::double precision`, INTEGER)
    case 'min':
      return aggregated(parts, sql`min(${x.sql})`, x)
    case 'max':
      return aggregated(parts, sql`max(${x.sql})`, x)
    case 'avg':
      return aggregated(parts, meanOf(x.sql))
    default:
      return overTime(parts, upper, node.name, x)
  }
}

/** Aggregates that are written with their value once. */
const ONCE = new Set(['sum', 'count', 'min', 'max'])

function overTime(parts: Aggregation, upper: Compilation, name: string, x: Term): Term {
  const { dialect, source } = parts
  const order = sql`case when ${x.sql} is not null then ${source.order} end`
  const first = () => aggregated(parts, dialect.argMin(x.sql, order), x)
  const last = () => aggregated(parts, dialect.argMax(x.sql, order), x)
  if (name === 'first') return first()
  if (name === 'last') return last()
  const delta = operate(upper, '-', last(), first())
  if (name === 'delta') return delta
  const micros = sql`case when ${x.sql} is not null then ${source.micros ?? sql`null`} end`
  const seconds = sql`nullif(max(${micros}) - min(${micros}), 0)::double precision / 1000000`
  return operate(upper, '/', delta, aggregated(parts, seconds, { greatest: 11, least: -6, whole: false }))
}
