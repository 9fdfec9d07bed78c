// The answer of a formula that gives one value for many rows: one row, or one a bucket.

import type { Warehouse } from '../../engine/db.ts'
import type { Instant, Sql } from '../../engine/sql.ts'
import {
  type Answer,
  type Buckets,
  cellsOf,
  type Part,
  partialPart,
  type Question,
  readPage,
  rowsOf,
  samplesPart,
  startsPart,
  sumOf,
  valuePart,
} from './answer.ts'

interface Asked {
  /** Null for one row over all. */
  buckets: Buckets | null
  question: Question
  range: { from: Instant | null; to: Instant | null }
}

/** Reads a statement of `valuesByBucket`. */
export async function answerBuckets(
  warehouse: Warehouse,
  statement: Sql,
  { buckets, question, range }: Asked,
): Promise<Answer> {
  const { found, rows, next } = await readPage(warehouse, statement, question)
  const parts: Part[] = [
    valuePart(cellsOf(found, 'value'), question.unit),
    samplesPart(cellsOf(found, 'samples')),
  ]
  if (buckets !== null) {
    const places = cellsOf(found, 'place')
    parts.unshift(startsPart(places, buckets))
    parts.push(partialPart(places, buckets))
  }
  return {
    columns: parts.map((part) => part.head),
    rows: rowsOf(parts, rows),
    from: range.from,
    to: range.to,
    bucket: buckets?.text ?? null,
    next,
    division_by_zero: sumOf(cellsOf(found, 'zero'), rows),
  }
}
