// Rows of a request that came as NDJSON or CSV, as the objects that JSON would have given; what they hold is checked
// behind, by the same schema.

import { isUtf8 } from 'node:buffer'
import { parse } from 'csv-parse/sync'
import { AppError } from '../../errors.ts'

/** A body that is text; AppError `malformed` when it is not UTF-8. */
export function readText(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new AppError('malformed', 'the body is not UTF-8')
  return bytes.toString()
}

/** One object a line; empty lines are passed over. */
export function parseNdjson(text: string): unknown[] {
  const rows: unknown[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    try {
      rows.push(JSON.parse(line))
    } catch (cause) {
      throw new AppError('malformed', `line ${index + 1} is not JSON: each line must be one object`, {
        cause,
      })
    }
  }
  return rows
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

/** Rows below a header of `signal_id` (or `asset_id` and `quantity`), `measured_at` and `value`, by commas. */
export function parseCsv(text: string): unknown[] {
  try {
    const rows: Record<string, string>[] = parse(text, {
      bom: true,
      columns: true,
      skip_empty_lines: true,
      trim: true,
    })
    // A value that is no number stays text, which the schema refuses by its place.
    return rows.map((row) => (NUMBER.test(row.value ?? '') ? { ...row, value: Number(row.value) } : row))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'unknown reason'
    throw new AppError('malformed', `the CSV cannot be read: ${reason}`, { cause })
  }
}
