// Formulas over signals. Rows are instants: what stands within an aggregate is calculated from the values that the
// signals have at one and the same instant. A name outside of aggregates is the mean of its signal in the bucket.

import type { SignalFormula } from '../../../contract/metrics.ts'
import { bucketOrdinal } from '../../bucket.ts'
import type { Db, Dialect, Warehouse } from '../../engine/db.ts'
import { type Sql, sql } from '../../engine/sql.ts'
import { AppError } from '../../errors.ts'
import type { Answer, Buckets, Question } from './answer.ts'
import { answerBuckets } from './bucket-answer.ts'
import { parseFormula } from './formula.ts'
import { type CheckedFormula, checkFormula, namesIn } from './formula-check.ts'
import { ANY, columnTerm } from './formula-sql.ts'
import { type FormulaRows, valuesByBucket } from './formula-statement.ts'
import { bucketsOf, completeRange, conditionsOf } from './signal-range.ts'
import * as store from './store.ts'

interface Prepared {
  formula: CheckedFormula
  /** The signals that the formula names, each with its name there. */
  used: { name: string; signal: store.ReadSignal }[]
}

/** Refuses signals that do not exist (`invalid`) and what is no formula over them (`formula_invalid`). */
export async function checkSignalFormula(db: Db, definition: SignalFormula): Promise<Prepared> {
  const names = Object.entries(definition.signals)
  const signal_ids = names.map(([, id]) => id)
  const found = await store.listSignals(db, { signal_ids }, signal_ids.length)
  const known = new Map(found.map((signal) => [signal.id, signal]))
  const faults = names
    .filter(([, id]) => !known.has(id))
    .map(([name, id]) => ({
      path: `/definition/signals/${name}`,
      message: `there is no signal ${JSON.stringify(id)}`,
    }))
  if (faults.length > 0) {
    throw new AppError('invalid', `The metric cannot be calculated: ${faults[0]?.message}.`, { faults })
  }
  const formula = checkFormula(parseFormula(definition.expression), {
    over: 'signals',
    known: new Set(Object.keys(definition.signals)),
    unusable: new Map(),
    timed: true,
  })
  const inFormula = namesIn(formula.tree)
  const used = names.flatMap(([name, id]) => {
    const signal = known.get(id)
    return inFormula.has(name) && signal !== undefined ? [{ name, signal }] : []
  })
  return { formula, used }
}

/**
 * One row a bucket that has a measurement of any of the signals. Without a bucket: one row over the range where each
 * name stands in an aggregate, buckets of `auto` otherwise.
 */
export async function answerSignalFormula(
  warehouse: Warehouse,
  definition: SignalFormula,
  question: Question,
): Promise<Answer> {
  const { formula, used } = await checkSignalFormula(warehouse, definition)
  const range = await completeRange(
    warehouse,
    question,
    used.map(({ signal }) => signal),
  )
  const text = question.bucket ?? (formula.enclosed ? null : 'auto')
  const buckets = text === null ? null : bucketsOf(text, range, question.range.tz)
  const keys = [...new Set(used.map(({ signal }) => signal.signal_key))]
  const conditions = [warehouse.dialect.oneOf(sql`signal_key`, keys), ...conditionsOf(range)]
  const readings = sql`from measurement where ${sql.join(conditions, sql` and `)}`
  const rows = formula.plain || keys.length === 1 ? asTheyCome : byInstant
  const source = rows(warehouse.dialect, { used, keys, readings, buckets })
  const statement = valuesByBucket(warehouse.dialect, formula.tree, source)
  return answerBuckets(warehouse, statement, { buckets, question, range })
}

interface Readings {
  used: Prepared['used']
  keys: number[]
  /** `from measurement where …` */
  readings: Sql
  buckets: Buckets | null
}

/** Each measurement is a row in which the other signals have no value: all that aggregates of single names need. */
function asTheyCome(dialect: Dialect, { used, keys, readings, buckets }: Readings): FormulaRows {
  const columns = used.map(({ name, signal }) => {
    const value =
      keys.length === 1 ? sql`value` : sql`case when signal_key = ${signal.signal_key} then value end`
    return sql`${value} as ${columnOf(used, name)}`
  })
  return {
    ...signalRows(used, buckets),
    rows: sql`
      select ${sql.join([...placeOf(dialect, buckets), sql`measured_at`, ...columns])}
      ${readings}`,
    micros: dialect.epochMicros(sql`measured_at`),
    samples: sql`count(*)`,
  }
}

/** Each instant is a row with the values of all signals that have one there. */
function byInstant(dialect: Dialect, { used, readings, buckets }: Readings): FormulaRows {
  const columns = used.map(
    ({ name, signal }) =>
      sql`max(case when signal_key = ${signal.signal_key} then value end) as ${columnOf(used, name)}`,
  )
  return {
    ...signalRows(used, buckets),
    rows: sql`
      select ${sql.join([...placeOf(dialect, buckets), sql`instant.*`])}
      from (
        select ${sql.join([sql`measured_at`, sql`count(*) as readings`, ...columns])}
        ${readings}
        group by measured_at
      ) as instant`,
    micros: dialect.epochMicros(sql`measured_at`),
    samples: sql`coalesce(sum(readings), 0)::bigint`,
  }
}

function signalRows(used: Prepared['used'], buckets: Buckets | null) {
  return {
    column: (name: string) => columnTerm(columnOf(used, name), ANY),
    order: sql`measured_at`,
    bucketed: buckets !== null,
  }
}

function columnOf(used: Prepared['used'], name: string): Sql {
  return sql.identifier(`c${used.findIndex((each) => each.name === name)}`)
}

function placeOf(dialect: Dialect, buckets: Buckets | null): Sql[] {
  if (buckets === null) return []
  if (buckets.edges.length < 2) return [sql`0 as place`]
  return [sql`${bucketOrdinal(dialect.epochMicros(sql`measured_at`), buckets.edges)} as place`]
}
