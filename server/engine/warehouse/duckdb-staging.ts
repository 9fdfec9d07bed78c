// Puts rows into a connection's temporary tables as columns of memory, a vector at a time.

import { DOUBLE, type DuckDBConnection, DuckDBDataChunk, INTEGER, TIMESTAMPTZ } from '@duckdb/node-api'
import duckdb from '@duckdb/node-bindings'
import type { StagedCsv } from '../db.ts'
import { render, sql } from '../sql.ts'
import type { LayeredRun } from './run-file.ts'

const VECTOR_ROWS = 2048
/** Vectors appended before other requests get their turn: about two milliseconds. */
const VECTORS_PER_TURN = 16

/** Appends a run to `staged_reading`. */
export async function appendRun(connection: DuckDBConnection, run: LayeredRun): Promise<void> {
  const appender = await connection.createAppender('staged_reading', null, 'temp')
  const chunk = DuckDBDataChunk.create([INTEGER, TIMESTAMPTZ, DOUBLE, INTEGER])
  const layers = typeof run.layer === 'number' ? new Int32Array(VECTOR_ROWS).fill(run.layer) : run.layer
  for (let offset = 0, turn = 0; offset < run.rows; offset += VECTOR_ROWS, turn++) {
    const rows = Math.min(VECTOR_ROWS, run.rows - offset)
    chunk.rowCount = rows
    copyColumn(chunk, 0, run.signal_key, offset, rows)
    copyColumn(chunk, 1, run.measured_at, offset * 2, rows * 2)
    copyColumn(chunk, 2, run.value, offset, rows)
    copyColumn(chunk, 3, layers, typeof run.layer === 'number' ? 0 : offset, rows)
    appender.appendDataChunk(chunk)
    if (turn % VECTORS_PER_TURN === VECTORS_PER_TURN - 1)
      await new Promise((resolve) => setImmediate(resolve))
  }
  appender.closeSync()
}

function copyColumn(
  chunk: DuckDBDataChunk,
  column: number,
  source: Int32Array | Float64Array,
  offset: number,
  length: number,
): void {
  duckdb.copy_data_to_vector(
    duckdb.data_chunk_get_vector(chunk.chunk, column),
    0,
    source.buffer as ArrayBuffer, // ours, never shared
    source.byteOffset + offset * source.BYTES_PER_ELEMENT,
    length * source.BYTES_PER_ELEMENT,
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
