// PostgreSQL's results as columns, and readings as its binary COPY format.

import type { CustomTypesConfig, FieldDef } from 'pg'
import { postgresTypes } from '../postgres-dialect.ts'
import type { ColumnKind, ResultSet } from './frames.ts'
import type { LayeredRun } from './run-file.ts'

const TIMESTAMPTZ = 1184
/** int8, int2, int4, float4, float8, numeric. */
const NUMBERS = new Set([20, 21, 23, 700, 701, 1700])
/** Microseconds between 1970 and PostgreSQL's own zero, 2000-01-01. */
const POSTGRES_EPOCH = 946_684_800_000_000

/** As `postgresTypes`, but instants arrive as microseconds since 1970. */
export const columnTypes: CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === TIMESTAMPTZ ? instantOf : postgresTypes.getTypeParser(oid, format),
}

/** Of `2026-01-31 12:00:00.123456+00`, in a session whose zone is UTC. */
function instantOf(text: string): number {
  const whole = Date.parse(`${text.slice(0, 10)}T${text.slice(11, 19)}Z`) * 1000
  const fraction = /\.(\d{1,6})/.exec(text)?.[1]
  return whole + (fraction === undefined ? 0 : Number(fraction.padEnd(6, '0')))
}

const kindOf = (oid: number): ColumnKind =>
  oid === TIMESTAMPTZ ? 'instant' : NUMBERS.has(oid) ? 'number' : 'plain'

type Value = number | string | boolean | null

/** Rows of arrays, as `rowMode: 'array'` gives them, turned into columns. */
export function resultSet(fields: FieldDef[], rows: Value[][], rowsChanged: number): ResultSet {
  const kinds = fields.map((field) => kindOf(field.dataTypeID))
  const columns = fields.map((_, column) => {
    const values = rows.map((row) => row[column] ?? null)
    const numeric = kinds[column] !== 'plain' && values.every((value) => typeof value === 'number')
    return numeric ? Float64Array.from(values) : values
  })
  return { names: fields.map((field) => field.name), kinds, columns, rows: rows.length, rowsChanged }
}

/** COPY … (format binary) of (int4, timestamptz, float8, int4), in pieces of about a megabyte. */
export function* binaryCopy(run: LayeredRun): Generator<Buffer> {
  const rowBytes = 2 + 4 + 4 + 4 + 8 + 4 + 8 + 4 + 4
  const rowsAPiece = 25_000
  yield Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)])
  for (let start = 0; start < run.rows; start += rowsAPiece) {
    const rows = Math.min(rowsAPiece, run.rows - start)
    const piece = Buffer.allocUnsafe(rows * rowBytes)
    for (let row = 0, at = 0; row < rows; row++) {
      const index = start + row // within the run, so that no column gives undefined below
      const low = (run.measured_at[2 * index] as number) >>> 0
      const instant = (run.measured_at[2 * index + 1] as number) * 4294967296 + low - POSTGRES_EPOCH
      at = piece.writeInt16BE(4, at)
      at = piece.writeInt32BE(4, at)
      at = piece.writeInt32BE(run.signal_key[index] as number, at)
      at = piece.writeInt32BE(8, at)
      at = piece.writeInt32BE(Math.floor(instant / 4294967296), at)
      at = piece.writeInt32BE(instant | 0, at)
      at = piece.writeInt32BE(8, at)
      at = piece.writeDoubleBE(run.value[index] as number, at)
      at = piece.writeInt32BE(4, at)
      at = piece.writeInt32BE(typeof run.layer === 'number' ? run.layer : (run.layer[index] as number), at)
    }
    yield piece
  }
  yield Buffer.from([0xff, 0xff])
}
