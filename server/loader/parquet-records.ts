// Records of Parquet, decoded by an engine of their own: in memory, without the network, and with no file to see but
// this one. Its SQL is about that one file; what is stored is written elsewhere.

import { stat } from 'node:fs/promises'
import { type DuckDBConnection, type DuckDBDataChunk, DuckDBInstance } from '@duckdb/node-api'
import { createInflateLimit, unpackedPath } from './file-bytes.ts'
import type { RecordTaker } from './file-records.ts'
import { FileRefused, type LoaderJob } from './job.ts'
import { createTextLayout, MOST_FIELDS, numberText } from './record.ts'

/** A row group of a million rows is decoded column by column, a few thousand rows at a time. */
const MEMORY_LIMIT = '320MB'

interface ParquetColumn {
  name: string
  type: string
  /** Of a time whose type has no zone: that the file means UTC all the same. */
  isUtc: boolean
}

/** Throws FileRefused for what is no Parquet, is damaged where the engine sees it, or unpacks to too much. */
export async function readParquet(job: LoaderJob, taker: RecordTaker): Promise<void> {
  const { mapping, limits } = job
  const path = await unpackedPath(job)
  const ask = createAsk(path)
  const connection = await openReader(path)
  const file = `read_parquet(${literal(path)}, hive_partitioning = false)`
  const columns = await ask(listColumns(connection, { path, file }))
  const total = await ask(countRows(connection, path))
  const { size } = await stat(job.path)
  const count = createInflateLimit(size, limits.inflatedBytes)
  taker.header(
    columns.map(({ name }) => name),
    null,
  )
  const take = createRowTaker(columns, { decimal: mapping.decimal ?? '.', count, taker })
  const result = await ask(connection.stream(`select ${columns.map(expressionOf).join(', ')} from ${file}`))
  for (let rows = 0; ; ) {
    const chunk = await ask(result.fetchChunk())
    if (chunk === null || chunk.rowCount === 0) break
    take(chunk, rows)
    rows += chunk.rowCount
    await taker.turn(Math.min(1, rows / total))
  }
  await taker.turn(1)
}

/** Waits for the engine; what it complains of is the file's fault. Its words come without their kind and the path. */
function createAsk(path: string): <T>(answer: Promise<T>) => Promise<T> {
  return async (answer) => {
    try {
      return await answer
    } catch (error) {
      if (error instanceof FileRefused || !(error instanceof Error)) throw error
      const [reason = ''] = error.message.replace(/^[A-Z][A-Za-z ]* Error: /, '').split('\n')
      const shown = reason.replaceAll(`file '${path}'`, 'the file').replaceAll(path, 'the file')
      throw new FileRefused(`the Parquet file cannot be read: ${shown.slice(0, 300)}`)
    }
  }
}

async function openReader(path: string): Promise<DuckDBConnection> {
  const instance = await DuckDBInstance.create(':memory:', {
    threads: '1',
    memory_limit: MEMORY_LIMIT,
    temp_directory: '',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  })
  const connection = await instance.connect()
  await connection.run(`set timezone = 'UTC'`)
  await connection.run(`set allowed_paths = [${literal(path)}]`)
  await connection.run('set enable_external_access = false')
  await connection.run('set lock_configuration = true')
  return connection
}

const literal = (text: string) => `'${text.replaceAll("'", "''")}'`
const identifier = (name: string) => `"${name.replaceAll('"', '""')}"`

async function listColumns(
  connection: DuckDBConnection,
  { path, file }: { path: string; file: string },
): Promise<ParquetColumn[]> {
  const described = await connection.runAndReadAll(`describe select * from ${file}`)
  if (described.currentRowCount > MOST_FIELDS)
    throw new FileRefused(`the file has more than ${MOST_FIELDS} columns`)
  const oldTimes = await findOldTimes(connection, path)
  return described.getRowObjects().map(({ column_name, column_type }, index) => ({
    name: String(column_name),
    type: String(column_type),
    isUtc: oldTimes.has(index),
  }))
}

/** The columns whose time is told in the old way, which has no words for a zone and always means UTC. */
async function findOldTimes(connection: DuckDBConnection, path: string): Promise<Set<number>> {
  const schema = await connection.runAndReadAll(
    `select coalesce(num_children, 0)::integer, converted_type like 'TIMESTAMP%' and logical_type is null
    from parquet_schema(${literal(path)})`,
  )
  const elements = schema.getRows()
  const found = new Set<number>()
  // Elements stand before their children, the root before all.
  for (let at = 1, column = 0; at < elements.length; column++) {
    if (elements[at]?.[1] === true) found.add(column)
    for (let open = 1; open > 0 && at < elements.length; at++) open += Number(elements[at]?.[0] ?? 0) - 1
  }
  return found
}

async function countRows(connection: DuckDBConnection, path: string): Promise<number> {
  const found = await connection.runAndReadAll(`select num_rows from parquet_file_metadata(${literal(path)})`)
  return Math.max(1, Number(found.getRows()[0]?.[0] ?? 1))
}

/** Numbers of 64 bits as they are, everything else as text. */
function expressionOf({ name, type, isUtc }: ParquetColumn): string {
  const column = identifier(name)
  if (type === 'DOUBLE') return column
  if (type === 'BLOB') return `coalesce(try(decode(${column})), ${column}::varchar)`
  if (type.startsWith('TIMESTAMP'))
    return `replace(replace(${column}::varchar, ' ', 'T'), '+00', 'Z')${isUtc ? " || 'Z'" : ''}`
  return /^(STRUCT|MAP)\(|\]$/.test(type) ? `to_json(${column})::varchar` : `${column}::varchar`
}

interface Taking {
  decimal: '.' | ','
  /** Counts bytes of text. */
  count: (bytes: number) => void
  taker: RecordTaker
}

/** Takes the rows of a chunk; `before` is how many there were before it. */
function createRowTaker(columns: ParquetColumn[], { decimal, count, taker }: Taking) {
  const layOut = createTextLayout()
  const textOf = createCellText(columns, decimal)
  return (chunk: DuckDBDataChunk, before: number): void => {
    const vectors = columns.map((_, index) => chunk.getColumnVector(index))
    const rows = chunk.rowCount
    for (let row = 0; row < rows; row++) {
      const texts = vectors.map((vector, index) => textOf(vector.getItem(row), index))
      count(texts.reduce((bytes, text) => bytes + 1 + (text?.length ?? 0), 0))
      const raw = () =>
        JSON.stringify(Object.fromEntries(columns.map(({ name }, index) => [name, texts[index] ?? null])))
      taker.take(layOut({ line: before + row + 1, texts, broken: '', isLossy: false, raw }))
    }
  }
}

function createCellText(columns: ParquetColumn[], decimal: '.' | ',') {
  const readers = columns.map(({ type }) => {
    // The engine writes 110.0 and 1e-07; the fewest digits of a number of 32 bits are those it shows.
    if (type === 'DOUBLE' || type === 'FLOAT') return (cell: unknown) => numberText(Number(cell), decimal)
    const isExact = type.startsWith('DECIMAL') && decimal !== '.'
    return isExact ? (cell: unknown) => String(cell).replace('.', decimal) : String
  })
  return (cell: unknown, index: number): string | null =>
    cell === null ? null : (readers[index]?.(cell) ?? null)
}
