// Formulas over the columns of a dataset: one value a row in the order of arrival, or one for all rows of a bucket.

import type { Column } from '../../../contract/datasets.ts'
import type { DatasetFormula } from '../../../contract/metrics.ts'
import { bucketEdges, bucketOrdinal, bucketText, parseBucket } from '../../bucket.ts'
import { isWhole, pageOf, readCursor } from '../../cursor.ts'
import type { Db, Warehouse } from '../../engine/db.ts'
import { type Sql, sql } from '../../engine/sql.ts'
import { AppError } from '../../errors.ts'
import { instantOf, localOf } from '../../zone.ts'
import {
  type Answer,
  type Buckets,
  cellsOf,
  instantCells,
  type Part,
  type Question,
  rowsOf,
  sumOf,
  valuePart,
} from './answer.ts'
import { answerBuckets } from './bucket-answer.ts'
import { parseFormula } from './formula.ts'
import { type CheckedFormula, checkFormula, namesIn } from './formula-check.ts'
import { ANY, columnTerm, INTEGER, type Term } from './formula-sql.ts'
import { type FormulaRows, valuesByBucket, valuesByRow } from './formula-statement.ts'
import * as store from './store.ts'

const DEFAULT_ROWS = 1000
const DAY_MICROS = 86_400_000_000

interface Prepared {
  formula: CheckedFormula
  columns: Column[]
  time: TimeColumn | null
}

/** The time of rows as whole microseconds: of instants in UTC, of dates on the calendar of the question's zone. */
interface TimeColumn {
  column: Column
  micros: Sql
}

/** Refuses a dataset, column or formula that does not fit: `invalid`, or `formula_invalid` with its place. */
export async function checkDatasetFormula(
  db: Db,
  definition: DatasetFormula,
  timeColumn: string | null,
): Promise<Prepared> {
  const columns = await store.findColumns(db, definition.dataset)
  if (columns === undefined) {
    const message = `there is no dataset ${definition.dataset}`
    throw new AppError('invalid', `The metric cannot be calculated: ${message}.`, {
      faults: [{ path: '/definition/dataset', message }],
    })
  }
  const time = timeColumn === null ? null : timeOf(db, columns, timeColumn)
  const isNumeric = ({ type }: Column) => type === 'integer' || type === 'number' || type === 'boolean'
  const formula = checkFormula(parseFormula(definition.expression), {
    over: 'rows',
    known: new Set(columns.filter(isNumeric).map(({ name }) => name)),
    unusable: new Map(
      columns
        .filter((column) => !isNumeric(column))
        .map(({ name, type }) => [name, `${name} is a ${type}; formulas calculate with numbers.`]),
    ),
    timed: time !== null,
  })
  return { formula, columns, time }
}

/** A formula by row gives at most `limit` rows (1000); one of all rows gives one row, or one a bucket that has rows. */
export async function answerDatasetFormula(
  warehouse: Warehouse,
  definition: DatasetFormula,
  question: Question,
): Promise<Answer> {
  const prepared = await checkDatasetFormula(warehouse, definition, question.time_column)
  const { range, bucket } = question
  if (prepared.time === null && (range.from !== null || range.to !== null || bucket !== undefined)) {
    throw refusal('/time_column', 'a range or bucket needs a time_column, which says when a row was')
  }
  const table = sql`dataset.${sql.identifier(definition.dataset)}`
  if (prepared.formula.aggregated) return ofAllRows(warehouse, table, prepared, question)
  if (bucket !== undefined) {
    throw refusal(
      '/bucket',
      'this formula gives a value for each row; a bucket needs an aggregate such as avg(…)',
    )
  }
  return byRow(warehouse, table, prepared, question)
}

async function byRow(
  warehouse: Warehouse,
  table: Sql,
  prepared: Prepared,
  question: Question,
): Promise<Answer> {
  const { formula, time } = prepared
  const limit = question.limit ?? DEFAULT_ROWS
  const conditions = [sql`_row > ${readCursor(question.cursor, isWhole) ?? 0}`, ...within(prepared, question)]
  const shownTime =
    time?.column.type === 'date' ? sql`cast(${sql.identifier(time.column.name)} as text)` : time?.micros
  const source = rowsOfDataset(prepared, {
    table,
    more: time === null ? [] : [sql`${shownTime ?? sql`null`} as shown_at`],
    conditions,
    ending: sql`order by _row limit ${limit + 1}`,
  })
  const shown = time === null ? sql`line` : sql`line, shown_at`
  const values = valuesByRow(warehouse.dialect, formula.tree, source, shown)
  const found = await warehouse.columns(sql`select * from (${values}) as answer order by line`)
  const lines = Array.from(cellsOf(found, 'line'), Number)
  const { items, next } = pageOf(lines, limit, (line) => line)
  const parts: Part[] = [valuePart(cellsOf(found, 'value'), question.unit)]
  if (time !== null) parts.unshift(timePart(time.column, cellsOf(found, 'shown_at')))
  return {
    columns: parts.map((part) => part.head),
    rows: rowsOf(parts, items.length),
    from: question.range.from,
    to: question.range.to,
    bucket: null,
    next,
    division_by_zero: sumOf(cellsOf(found, 'zero'), items.length),
  }
}

async function ofAllRows(
  warehouse: Warehouse,
  table: Sql,
  prepared: Prepared,
  question: Question,
): Promise<Answer> {
  const { time, formula } = prepared
  const buckets =
    question.bucket === undefined || time === null
      ? null
      : await bucketsOf(warehouse, table, { time, question, text: question.bucket })
  const conditions = within(prepared, question)
  if (buckets !== null && time !== null) {
    conditions.push(sql`${time.micros} >= ${buckets.from}`, sql`${time.micros} < ${buckets.to}`)
  }
  const place =
    buckets === null || time === null || buckets.edges.length < 2
      ? sql`0`
      : bucketOrdinal(time.micros, buckets.edges)
  const source = rowsOfDataset(prepared, { table, more: [sql`${place} as place`], conditions, ending: sql`` })
  const statement = valuesByBucket(warehouse.dialect, formula.tree, { ...source, bucketed: buckets !== null })
  const range = buckets === null ? question.range : instantsOf(buckets)
  return answerBuckets(warehouse, statement, { buckets, question, range })
}

function instantsOf({ from, to, toInstant, edges }: Buckets) {
  return edges.length === 0 ? { from: null, to: null } : { from: toInstant(from), to: toInstant(to) }
}

interface Source {
  table: Sql
  /** Columns beside those of the formula. */
  more: Sql[]
  conditions: Sql[]
  ending: Sql
}

/** `line` is the order of arrival, `at_micros` the time where there is one, `c0`… the columns of the formula. */
function rowsOfDataset(
  { formula, columns, time }: Prepared,
  { table, more, conditions, ending }: Source,
): FormulaRows {
  const names = [...namesIn(formula.tree)]
  const used = names.map((name, index) => {
    const type = columns.find((column) => column.name === name)?.type
    const value = type === 'boolean' ? sql`${sql.identifier(name)}::int` : sql.identifier(name)
    return sql`${value}::double precision as ${sql.identifier(`c${index}`)}`
  })
  const at = time === null ? [] : [sql`${time.micros} as at_micros`]
  const column = (name: string): Term => {
    const type = columns.find((each) => each.name === name)?.type
    return columnTerm(sql.identifier(`c${names.indexOf(name)}`), type === 'number' ? ANY : INTEGER)
  }
  return {
    rows: sql`
      select ${sql.join([sql`_row as line`, ...at, ...more, ...used])}
      from ${table}
      where ${sql.join([sql`true`, ...conditions], sql` and `)}
      ${ending}`,
    column,
    order: time === null ? sql`line` : sql`case when at_micros is not null then row(at_micros, line) end`,
    micros: time === null ? null : sql`at_micros`,
    samples: sql`count(*)`,
    bucketed: false,
  }
}

function timeOf(db: Db, columns: Column[], name: string): TimeColumn {
  const column = columns.find((each) => each.name === name)
  if (column === undefined) throw refusal('/time_column', `the dataset has no column ${JSON.stringify(name)}`)
  const identifier = sql.identifier(name)
  if (column.type === 'timestamp') return { column, micros: db.dialect.epochMicros(identifier) }
  if (column.type !== 'date') {
    throw refusal('/time_column', `${name} is a ${column.type}; a time column is a timestamp or a date`)
  }
  return {
    column,
    micros: sql`((${identifier} - date '1970-01-01')::bigint * ${sql.trusted(String(DAY_MICROS))})`,
  }
}

/** Rows of the question's range; those without a time are in none. */
function within({ time }: Prepared, { range }: Question): Sql[] {
  if (time === null) return []
  const toTime = toTimeOf(time.column, range.tz)
  const conditions: Sql[] = []
  if (range.from !== null) conditions.push(sql`${time.micros} >= ${toTime(range.from)}`)
  if (range.to !== null) conditions.push(sql`${time.micros} < ${toTime(range.to)}`)
  return conditions
}

function toTimeOf({ type }: Column, tz: string): (instant: number) => number {
  return type === 'date' ? (instant) => localOf(tz, instant) : (instant) => instant
}

interface Bucketing {
  time: TimeColumn
  question: Question
  text: string
}

/** Over the range that was asked for, completed by the first and last time of the rows. */
async function bucketsOf(db: Db, table: Sql, { time, question, text }: Bucketing): Promise<Buckets> {
  const { range } = question
  const isDate = time.column.type === 'date'
  const toTime = toTimeOf(time.column, range.tz)
  const isWholeRange = range.from !== null && range.to !== null
  const ends = isWholeRange ? { least: null, greatest: null } : await store.findEnds(db, table, time.micros)
  const from = range.from !== null ? toTime(range.from) : (ends.least ?? 0)
  const last = ends.greatest === null ? from : ends.greatest + (isDate ? DAY_MICROS : 1)
  const to = range.to !== null ? toTime(range.to) : last
  const span = { from: Math.min(from, to), to: Math.max(from, to) }
  const bucket = parseBucket(text, from <= to ? span : { from, to: from })
  return {
    text: bucketText(bucket),
    edges: from <= to ? bucketEdges(bucket, span, isDate ? 'UTC' : range.tz) : [],
    from,
    to,
    toInstant: isDate ? (at) => instantOf(range.tz, at) : (at) => at,
  }
}

function timePart({ name, type }: Column, cells: Part['cells']): Part {
  if (type === 'date') return { head: { name, type: 'date', unit: null }, cells }
  return { head: { name, type: 'timestamp', unit: null }, cells: instantCells(cells) }
}

function refusal(path: string, message: string): AppError {
  return new AppError('invalid', `The metric cannot be answered so: ${message}.`, {
    faults: [{ path, message }],
  })
}
