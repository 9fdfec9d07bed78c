// Between DuckDB's vectors and plain columns: results out, values in. The only reader of the raw memory of vectors.

import {
  BIGINT,
  BLOB,
  BOOLEAN,
  blobValue,
  DOUBLE,
  type DuckDBDataChunk,
  type DuckDBResult,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
  INTEGER,
  LIST,
  listValue,
  SQLNULL,
  VARCHAR,
} from '@duckdb/node-api'
import duckdb from '@duckdb/node-bindings'
import type { SqlValue } from '../sql.ts'
import type { ColumnKind, ResultSet } from './frames.ts'

type Column = ResultSet['columns'][number]

/** Types whose vectors are copied as memory, by the width of a value. */
const WIDTH = new Map<DuckDBTypeId, number>([
  [DuckDBTypeId.DOUBLE, 8],
  [DuckDBTypeId.BIGINT, 8],
  [DuckDBTypeId.TIMESTAMP, 8],
  [DuckDBTypeId.TIMESTAMP_TZ, 8],
  [DuckDBTypeId.INTEGER, 4],
])

const INSTANTS = new Set([DuckDBTypeId.TIMESTAMP, DuckDBTypeId.TIMESTAMP_TZ])

/** Numbers in `rows` places of a vector; 64-bit integers beyond 2^53 lose their last digits. */
function numbersOf(typeId: DuckDBTypeId, bytes: Uint8Array, rows: number): Float64Array {
  const aligned = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer // a copy
  if (typeId === DuckDBTypeId.DOUBLE) return new Float64Array(aligned)
  if (typeId === DuckDBTypeId.INTEGER) return Float64Array.from(new Int32Array(aligned))
  const words = new Int32Array(aligned)
  const numbers = new Float64Array(rows)
  for (let row = 0; row < rows; row++) {
    // both halves are within bounds: two words a value
    numbers[row] = (words[2 * row + 1] as number) * 4294967296 + ((words[2 * row] as number) >>> 0)
  }
  return numbers
}

function plainValue(value: DuckDBValue): number | string | boolean | null {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return Number(value)
  if (typeof value === 'object' && 'scale' in value && 'toDouble' in value) return value.toDouble()
  return String(value)
}

/** One column of a chunk: a Float64Array where it is numeric and has no null, otherwise an array. */
export function readColumn(chunk: DuckDBDataChunk, index: number, type: DuckDBType): Column {
  const rows = chunk.rowCount
  const width = WIDTH.get(type.typeId)
  if (width === undefined) return chunk.getColumnValues(index).map(plainValue)
  const vector = duckdb.data_chunk_get_vector(chunk.chunk, index)
  const numbers = numbersOf(type.typeId, duckdb.vector_get_data(vector, rows * width), rows)
  // The declaration says Uint8Array, but a vector without nulls has no mask.
  const validity = duckdb.vector_get_validity(vector, Math.ceil(rows / 64) * 8) as Uint8Array | null
  if (validity === null) return numbers
  const withNulls: (number | null)[] = []
  let nulls = 0
  for (let row = 0; row < rows; row++) {
    const valid = ((validity[row >> 3] as number) >> (row & 7)) & 1 // within the mask's bytes
    if (!valid) nulls++
    withNulls.push(valid ? (numbers[row] as number) : null)
  }
  return nulls === 0 ? numbers : withNulls
}

export function kindOf(type: DuckDBType): ColumnKind {
  if (INSTANTS.has(type.typeId)) return 'instant'
  return WIDTH.has(type.typeId) ? 'number' : 'plain'
}

function joinColumns(parts: Column[]): Column {
  if (parts.length === 1) return parts[0] as Column // length was just checked
  if (parts.every((part) => part instanceof Float64Array)) {
    const whole = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0))
    let offset = 0
    for (const part of parts) {
      whole.set(part, offset)
      offset += part.length
    }
    return whole
  }
  return parts.flatMap((part) => Array.from<number | string | boolean | null>(part))
}

/** The whole result as columns. */
export async function readResult(result: DuckDBResult): Promise<ResultSet> {
  const types = result.columnTypes()
  const parts: Column[][] = types.map(() => [])
  let rows = 0
  for (
    let chunk = await result.fetchChunk();
    chunk && chunk.rowCount > 0;
    chunk = await result.fetchChunk()
  ) {
    rows += chunk.rowCount
    for (const [index, type] of types.entries()) parts[index]?.push(readColumn(chunk, index, type))
  }
  return {
    names: result.columnNames(),
    kinds: types.map(kindOf),
    columns: parts.map((column) => (column.length === 0 ? new Float64Array(0) : joinColumns(column))),
    rows,
    rowsChanged: result.rowsChanged,
  }
}

/** A parameter as DuckDB takes it, with its type said: integral numbers as integers, others as DOUBLE. */
export function bindValue(value: SqlValue): { value: DuckDBValue; type: DuckDBType } {
  if (value === null) return { value, type: SQLNULL }
  if (typeof value === 'string') return { value, type: VARCHAR }
  if (typeof value === 'boolean') return { value, type: BOOLEAN }
  if (typeof value === 'bigint') return { value, type: BIGINT }
  if (typeof value === 'number') return bindNumber(value)
  if (value instanceof Uint8Array) return { value: blobValue(value), type: BLOB }
  if (value.every((item) => typeof item === 'number')) {
    const integral = value.every(Number.isSafeInteger)
    return {
      value: listValue(integral ? value.map(BigInt) : value),
      type: LIST(integral ? BIGINT : DOUBLE),
    }
  }
  return { value: listValue(value), type: LIST(VARCHAR) }
}

function bindNumber(value: number): { value: DuckDBValue; type: DuckDBType } {
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) return { value, type: DOUBLE }
  if (value >= -2147483648 && value <= 2147483647) return { value, type: INTEGER }
  return { value: BigInt(value), type: BIGINT }
}
