// Metrics whose definition is SQL: gated, asked over a range, and answered in columns of the select's own.

import type { Cell } from '../../../contract/datasets.ts'
import type { SqlDefinition } from '../../../contract/metrics.ts'
import type { ResolvedRange } from '../../calendar.ts'
import type { TypedColumns, Warehouse } from '../../engine/db.ts'
import { formatInstant, type Instant, type Sql, sql } from '../../engine/sql.ts'
import { type GatedSql, gateSql, type ReadSql, readSql, runGated } from '../../engine/user-sql.ts'
import { AppError } from '../../errors.ts'
import type { Answer, AnswerColumn, Question } from './answer.ts'
import { declaredParameters, givenParameters } from './sql-parameters.ts'
import { type Given, type Narrowed, rowsOf, shapeOf, tableMap } from './sql-statement.ts'
import * as store from './store.ts'

/** Where a question has no end, `:from` and `:to` are those of all times that there can be. */
const FIRST = Date.UTC(1900, 0, 1) * 1000
const LAST = Date.UTC(2200, 0, 1) * 1000
const DATASETS_NAMED = 50
/** `:bucket` is a word for `date_trunc`; with about how many seconds it has. */
const BUCKETS = new Map<string, { word: string; seconds: number }>([
  ['1s', { word: 'second', seconds: 1 }],
  ['1m', { word: 'minute', seconds: 60 }],
  ['1h', { word: 'hour', seconds: 3600 }],
  ['1d', { word: 'day', seconds: 86_400 }],
  ['1w', { word: 'week', seconds: 604_800 }],
  ['1mo', { word: 'month', seconds: 2_629_800 }],
  ['1y', { word: 'year', seconds: 31_557_600 }],
])
const MOST_BUCKETS = 400
const TIMES = new Set(['timestamp', 'local', 'date'])

interface Setting {
  range: ResolvedRange
  bucket: string | null
  parameters: Map<string, Sql>
  now: Instant
}

/** Refuses SQL that is not allowed or cannot run, `sql_invalid`, and a time column that it does not give, `invalid`. */
export async function checkSqlMetric(
  warehouse: Warehouse,
  definition: SqlDefinition,
  { timeColumn, now }: { timeColumn: string | null; now: Instant },
): Promise<void> {
  const parameters = declaredParameters(definition, { tz: 'UTC', now })
  const read = await readSql(definition.sql, namesOf(definition))
  const setting = { range: { from: null, to: null, tz: 'UTC' }, bucket: '1d', parameters, now }
  const gated = await gate(warehouse, read, setting)
  timeOf(await columnsOf(warehouse, gated), timeColumn)
}

/** The rows of the select in its own order; beyond `limit` they are left out and `truncated` says so. */
export async function answerSqlMetric(
  warehouse: Warehouse,
  definition: SqlDefinition,
  question: Question,
): Promise<Answer> {
  const { range, now, cursor, limit, rowCap } = question
  if (cursor !== undefined) throw noPages()
  const parameters = givenParameters(definition, question.parameters, { tz: range.tz, now })
  const read = await readSql(definition.sql, namesOf(definition))
  const takes = (name: string) => read.parameters.includes(name)
  const bucket = takes('bucket') ? bucketOf(question.bucket, range) : null
  const gated = await gate(warehouse, read, { range, bucket, parameters, now })
  const columns = await columnsOf(warehouse, gated)
  const time = timeOf(columns, question.time_column)
  const narrowed: Narrowed | null =
    time === null
      ? null
      : { column: time, from: takes('from') ? null : range.from, to: takes('to') ? null : range.to }
  const most = Math.min(limit ?? rowCap, rowCap)
  const within = (inner: Sql) => rowsOf(inner, columns, { narrowed, tz: range.tz, limit: most + 1 })
  const found = await runGated(warehouse, gated, within, { rows: most + 1 })
  if (found.rows > most && most === rowCap && limit !== rowCap) throw tooManyRows(rowCap)
  return {
    columns: headsOf(columns, question.unit),
    rows: cellsOf(found, columns, Math.min(found.rows, most)),
    from: takes('from') || time !== null ? range.from : null,
    to: takes('to') || time !== null ? range.to : null,
    bucket,
    next: null,
    truncated: found.rows > most,
    division_by_zero: 0,
  }
}

const namesOf = ({ parameters = {} }: SqlDefinition) => [
  'from',
  'to',
  'bucket',
  'tz',
  ...Object.keys(parameters),
]

async function gate(warehouse: Warehouse, read: ReadSql, setting: Setting): Promise<GatedSql> {
  const { range, bucket, now } = setting
  const tables = tableMap(await store.listDatasets(warehouse, read.tables))
  const isMissing = read.tables.some((name) => !tables.has(name))
  const tableNames = [
    ...tables.keys(),
    ...(isMissing ? await store.listDatasetNames(warehouse, DATASETS_NAMED) : []),
  ]
  const tz = sql`cast(${range.tz} as text)`
  const parameters = new Map([
    ...setting.parameters,
    ['from', sql.instant(range.from ?? FIRST)],
    ['to', sql.instant(range.to ?? LAST)],
    ['bucket', sql`cast(${BUCKETS.get(bucket ?? '')?.word ?? 'day'} as text)`],
    ['tz', tz],
  ])
  return gateSql(read, {
    engine: warehouse.dialect.name,
    tables,
    tableNames,
    parameters,
    now: sql.instant(now),
    tz,
  })
}

async function columnsOf(warehouse: Warehouse, gated: GatedSql): Promise<Given[]> {
  const { names, types } = await runGated(warehouse, gated, shapeOf, { rows: 0 })
  return names.map((name, index) => ({ name, type: types[index] ?? 'other' }))
}

/** The place of the time column; null when the metric has none. */
function timeOf(columns: readonly Given[], name: string | null): number | null {
  if (name === null) return null
  const found = columns.findIndex((column) => column.name === name)
  if (TIMES.has(columns[found]?.type ?? '')) return found
  const times = columns.filter(({ type }) => TIMES.has(type)).map((column) => column.name)
  const there = times.length === 0 ? 'it gives none' : `there are ${times.join(', ')}`
  throw refusal('/time_column', `must be a column of dates or times that the SQL gives; ${there}`)
}

/** A bucket of one unit; `auto` is the shortest that makes at most 400 of the range. */
function bucketOf(asked: string | undefined, range: ResolvedRange): string {
  if (asked !== undefined && asked !== 'auto') {
    if (BUCKETS.has(asked)) return asked
    throw refusal('/bucket', `must be one of ${[...BUCKETS.keys()].join(', ')} for this metric`)
  }
  const { from, to } = range
  if (asked === undefined || from === null || to === null) return '1d'
  const found = [...BUCKETS].find(([, { seconds }]) => seconds * MOST_BUCKETS * 1_000_000 >= to - from)
  return found?.[0] ?? '1y'
}

function headsOf(columns: readonly Given[], unit: string | null): AnswerColumn[] {
  const isNumber = ({ type }: Given) => type === 'number' || type === 'integer'
  const isOnly = columns.filter(isNumber).length === 1
  return columns.map((column) => ({
    name: column.name,
    type: column.type === 'local' ? 'timestamp' : column.type === 'other' ? 'text' : column.type,
    // The metric has one unit; of several numbers nobody knows which has it.
    unit: isOnly && isNumber(column) ? unit : null,
  }))
}

function cellsOf(found: TypedColumns, columns: readonly Given[], count: number): Cell[][] {
  const read = columns.map(({ type }) => (type === 'timestamp' || type === 'local' ? instantCell : plainCell))
  return Array.from({ length: count }, (_, row) =>
    read.map((cell, column) => cell(found.columns[column]?.[row] ?? null)),
  )
}

/** What JSON has no number for is null. */
function plainCell(value: Cell): Cell {
  return typeof value === 'number' && !Number.isFinite(value) ? null : value
}

/** Times beyond those that a date can be, infinity among them, are null. */
function instantCell(value: Cell): Cell {
  return typeof value === 'number' && Math.abs(value) <= 8.64e18 ? formatInstant(value) : null
}

function tooManyRows(rowCap: number): AppError {
  return new AppError(
    'range_too_large',
    `The SQL gives more than ${rowCap} rows; ask for a shorter range or by limit, or let it group them.`,
  )
}

function noPages(): AppError {
  const message =
    'answers of SQL have no pages, since nothing says that their order stays; ask by range and limit'
  return refusal('/cursor', message)
}

function refusal(path: string, message: string): AppError {
  return new AppError('invalid', `The metric cannot be answered so: ${path.slice(1)} ${message}.`, {
    faults: [{ path, message }],
  })
}
