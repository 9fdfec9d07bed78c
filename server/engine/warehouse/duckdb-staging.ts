// Puts rows into a connection's temporary tables as columns of memory, a vector at a time.

import {
  DOUBLE,
  type DuckDBAppender,
  type DuckDBConnection,
  DuckDBDataChunk,
  type DuckDBType,
  INTEGER,
  TIMESTAMPTZ,
} from '@duckdb/node-api'
import duckdb from '@duckdb/node-bindings'
import type { StagedCsv } from '../db.ts'
import { render, sql } from '../sql.ts'
import type { LayeredRun } from './run-file.ts'

const VECTOR_ROWS = 2048
/** Vectors appended before other requests get their turn: about two milliseconds. */
const VECTORS_PER_TURN = 16

/** Appends a run to `staged_reading`. */
export async function appendRun(connection: DuckDBConnection, run: LayeredRun): Promise<void> {
  const { rows, layer } = run
  await appendColumns(await connection.createAppender('staged_reading', null, 'temp'), rows, [
    { type: INTEGER, values: run.signal_key },
    { type: TIMESTAMPTZ, values: run.measured_at },
    { type: DOUBLE, values: run.value },
    typeof layer === 'number'
      ? { type: INTEGER, values: new Int32Array(VECTOR_ROWS).fill(layer), repeated: true }
      : { type: INTEGER, values: layer },
  ])
}

/** Values as the engine's vectors hold them: those of 8 bytes may be given as pairs of 32-bit words. */
export interface AppendedColumn {
  type: DuckDBType
  values: Int32Array | BigInt64Array | Float64Array
  /** The first vector stands for all: every row has the same value. */
  repeated?: true
}

/** Appends so many rows of the columns, in the order of the table's, and closes the appender. */
export async function appendColumns(
  appender: DuckDBAppender,
  rows: number,
  columns: AppendedColumn[],
): Promise<void> {
  const chunk = DuckDBDataChunk.create(columns.map(({ type }) => type))
  for (let offset = 0, turn = 0; offset < rows; offset += VECTOR_ROWS, turn++) {
    const length = Math.min(VECTOR_ROWS, rows - offset)
    chunk.rowCount = length
    for (const [index, { type, values, repeated }] of columns.entries()) {
      const words = values instanceof Int32Array && type !== INTEGER ? 2 : 1
      const from = repeated ? 0 : offset
      copyColumn(chunk, index, values.subarray(from * words, (from + length) * words))
    }
    appender.appendDataChunk(chunk)
    if (turn % VECTORS_PER_TURN === VECTORS_PER_TURN - 1)
      await new Promise((resolve) => setImmediate(resolve))
  }
  appender.closeSync()
}

function copyColumn(
  chunk: DuckDBDataChunk,
  column: number,
  { buffer, byteOffset, byteLength }: Int32Array | BigInt64Array | Float64Array,
): void {
  duckdb.copy_data_to_vector(
    duckdb.data_chunk_get_vector(chunk.chunk, column),
    0,
    buffer as ArrayBuffer, // ours, never shared
    byteOffset,
    byteLength,
  )
}

export async function createStagedReading(connection: DuckDBConnection): Promise<void> {
  await connection.run(
    'create temp table staged_reading (signal_key integer, measured_at timestamptz, value double, layer integer)',
  )
}

/**
 * Makes a staging table from CSV that our own loader wrote. Left to itself, the reader takes a buffer of 16 lines of the
 * greatest length, 512 MB for the shortest file.
 */
export async function readStagedCsv(connection: DuckDBConnection, csv: StagedCsv): Promise<void> {
  const columns = csv.columns.map(({ name, type }) => sql`${sql.identifier(name)} ${sql.trusted(type)}`)
  const types = csv.columns.map(({ name, type }) => `'${name}': '${type}'`).join(', ')
  await connection.run(
    render(sql`create temp table ${sql.trusted(csv.table)} (${sql.join(columns)})`, String).text,
  )
  await connection.run(
    `insert into temp.${csv.table}
     select *
     from read_csv($1, header = false, auto_detect = false, delim = ',', quote = '"', escape = '"', new_line = '\\n',
       nullstr = '\\N', allow_quoted_nulls = false, max_line_size = 33554432, buffer_size = 33554432,
       columns = {${types}})`,
    [csv.path],
  )
}
