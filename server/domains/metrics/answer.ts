// From the engine's columns to the rows of an answer, in pages. Values are the engine's; here they are only put side by
// side, and the positions of buckets become their times.

import type { Cell } from '../../../contract/datasets.ts'
import type { ParameterValues } from '../../../contract/metrics.ts'
import type { ResolvedRange } from '../../calendar.ts'
import { isWhole, pageOf, readCursor } from '../../cursor.ts'
import type { Columns, Warehouse } from '../../engine/db.ts'
import { formatInstant, type Instant, type Sql, sql } from '../../engine/sql.ts'
import { AppError } from '../../errors.ts'

/** What is asked of a definition. */
export interface Question {
  range: ResolvedRange
  bucket?: string | undefined
  limit?: number | undefined
  cursor?: string | undefined
  time_column: string | null
  /** Of the value; null when none is known. */
  unit: string | null
  /** Values of the parameters of SQL. */
  parameters: ParameterValues
  now: Instant
  /** The most rows that SQL may answer. */
  rowCap: number
}

export interface AnswerColumn {
  name: string
  type: 'timestamp' | 'date' | 'number' | 'integer' | 'text' | 'boolean'
  unit: string | null
}

export interface Answer {
  columns: AnswerColumn[]
  rows: Cell[][]
  /** Null where the question and the data have no such end. */
  from: Instant | null
  to: Instant | null
  bucket: string | null
  next: string | null
  /** Whether there are more rows than were asked for; left out where `next` tells. */
  truncated?: boolean
  division_by_zero: number
}

/** A column of the answer: its head, and its cells as the engine gave them. */
export interface Part {
  head: AnswerColumn
  cells: ArrayLike<Cell>
}

/** Buckets of a question: edges in the time of the rows, and what they are as instants. */
export interface Buckets {
  text: string
  edges: readonly number[]
  /** The range in the time of the rows. */
  from: number
  to: number
  toInstant: (time: number) => Instant
}

export const MAX_ROWS = 100_000

/**
 * The rows of a statement that the question's limit and cursor ask for. More than 100 000 without a limit:
 * AppError `range_too_large`.
 */
export async function readPage(
  warehouse: Warehouse,
  statement: Sql,
  { limit, cursor }: Pick<Question, 'limit' | 'cursor'>,
): Promise<{ found: Columns; rows: number; next: string | null }> {
  const skipped = readCursor(cursor, isWhole) ?? 0
  const most = limit ?? MAX_ROWS
  const found = await warehouse.columns(sql`${statement} limit ${most + 1} offset ${skipped}`)
  if (limit === undefined && found.rows > most) throw tooManyRows()
  const positions = Array.from({ length: found.rows }, (_, index) => skipped + index + 1)
  const { items, next } = pageOf(positions, most, (position) => position)
  return { found, rows: items.length, next }
}

export function tooManyRows(): AppError {
  return new AppError(
    'range_too_large',
    'The answer has more than 100 000 rows; ask for longer buckets, a shorter range, fewer groups, or by `limit`.',
  )
}

/** The cells of a column by its name in the statement. */
export function cellsOf(found: Columns, name: string): ArrayLike<Cell> {
  const cells = found.columns[found.names.indexOf(name)]
  if (cells === undefined) throw new Error(`the statement has no column ${name}`)
  return cells
}

export function sumOf(cells: ArrayLike<Cell>, rows: number): number {
  let total = 0
  for (let index = 0; index < rows; index++) total += Number(cells[index] ?? 0)
  return total
}

/** The first `count` rows of columns of equal length. */
export function rowsOf(parts: readonly Part[], count: number): Cell[][] {
  const rows: Cell[][] = []
  for (let index = 0; index < count; index++) rows.push(parts.map(({ cells }) => cells[index] ?? null))
  return rows
}

export function instantCells(micros: ArrayLike<Cell>): Cell[] {
  return Array.from(micros, (at) => (typeof at === 'number' ? formatInstant(at) : null))
}

/** `bucket_start` of the positions of buckets. */
export function startsPart(places: ArrayLike<Cell>, { edges, toInstant }: Buckets): Part {
  const cells = Array.from(places, (place) => formatInstant(toInstant(edges[Number(place)] ?? 0)))
  return { head: { name: 'bucket_start', type: 'timestamp', unit: null }, cells }
}

/** `partial`: whether the range cuts the bucket. */
export function partialPart(places: ArrayLike<Cell>, { edges, from, to }: Buckets): Part {
  const cells = Array.from(places, (place) => {
    const index = Number(place)
    return (edges[index] ?? 0) < from || (edges[index + 1] ?? 0) > to
  })
  return { head: { name: 'partial', type: 'boolean', unit: null }, cells }
}

export function samplesPart(cells: ArrayLike<Cell>): Part {
  return { head: { name: 'samples', type: 'integer', unit: null }, cells }
}

export function valuePart(cells: ArrayLike<Cell>, unit: string | null): Part {
  return { head: { name: 'value', type: 'number', unit }, cells }
}
