// SQL of users in the engine process: each statement on a connection of its own, read by the engine's parser once more,
// in a transaction that cannot write, with limits on time, rows and bytes. What is wrong with it is its author's to know.

import { type DuckDBConnection, type DuckDBInstance, type DuckDBType, DuckDBTypeId } from '@duckdb/node-api'
import { AppError } from '../../errors.ts'
import type { TypedColumns, ValueType } from '../db.ts'
import { faultOfSerialized } from '../user-sql-duckdb.ts'
import { readColumn } from './duckdb-columns.ts'
import { createRunner, withinTime } from './duckdb-sessions.ts'
import type { Ask } from './frames.ts'
import { createUserResult } from './user-result.ts'

/** Each may take all cores for as long as the time limit, so that few are let in at once. */
const AT_ONCE = 4
const WAITING = 64

const INTEGERS = new Set([
  DuckDBTypeId.TINYINT,
  DuckDBTypeId.SMALLINT,
  DuckDBTypeId.INTEGER,
  DuckDBTypeId.BIGINT,
  DuckDBTypeId.UTINYINT,
  DuckDBTypeId.USMALLINT,
  DuckDBTypeId.UINTEGER,
])
const NUMBERS = new Set([
  DuckDBTypeId.UBIGINT,
  DuckDBTypeId.HUGEINT,
  DuckDBTypeId.UHUGEINT,
  DuckDBTypeId.FLOAT,
  DuckDBTypeId.DOUBLE,
  DuckDBTypeId.DECIMAL,
])
const OTHERS = new Map<DuckDBTypeId, ValueType>([
  [DuckDBTypeId.BOOLEAN, 'boolean'],
  [DuckDBTypeId.VARCHAR, 'text'],
  [DuckDBTypeId.DATE, 'date'],
  [DuckDBTypeId.TIMESTAMP, 'local'],
  [DuckDBTypeId.TIMESTAMP_S, 'local'],
  [DuckDBTypeId.TIMESTAMP_MS, 'local'],
  [DuckDBTypeId.TIMESTAMP_NS, 'local'],
  [DuckDBTypeId.TIMESTAMP_TZ, 'timestamp'],
])

export function createUserReads(instance: DuckDBInstance) {
  const state = { running: 0 }
  const waiting: (() => void)[] = []

  async function turn(): Promise<void> {
    if (state.running < AT_ONCE) {
      state.running++
      return
    }
    if (waiting.length >= WAITING) throw new AppError('busy', 'too many questions are waiting')
    await new Promise<void>((resolve) => waiting.push(resolve))
  }

  /** The rows of a statement; AppError `sql_invalid` with the engine's words, `range_too_large`, `query_timeout`. */
  return async (ask: Extract<Ask, { op: 'untrusted' }>): Promise<TypedColumns> => {
    await turn()
    try {
      const connection = await instance.connect()
      try {
        return await withinTime(connection, ask.timeoutMs, () => read(connection, ask))
      } catch (error) {
        throw faultOfUser(error)
      } finally {
        connection.interrupt()
        connection.closeSync()
      }
    } finally {
      const next = waiting.shift()
      if (next) next()
      else state.running--
    }
  }
}

async function read(
  connection: DuckDBConnection,
  { statement, rows, timeoutMs }: Extract<Ask, { op: 'untrusted' }>,
): Promise<TypedColumns> {
  await refuseStrange(connection, statement.text)
  await connection.run('begin transaction read only')
  const result = await createRunner(connection)(statement, timeoutMs, true)
  const types = result.columnTypes()
  const kept = createUserResult(result.columnNames(), types.map(valueType), rows)
  for (
    let chunk = await result.fetchChunk();
    chunk && chunk.rowCount > 0;
    chunk = await result.fetchChunk()
  ) {
    const current = chunk
    kept.add(types.map((type, index) => readColumn(current, index, type)))
  }
  return kept.columns()
}

/** The engine's own parser has the last word on what a statement is. */
async function refuseStrange(connection: DuckDBConnection, text: string): Promise<void> {
  const reader = await connection.runAndReadAll('select json_serialize_sql($1::varchar)', [text])
  const fault = faultOfSerialized(String(reader.getRows()[0]?.[0]))
  if (fault !== undefined) throw new AppError('sql_invalid', fault)
}

function valueType(type: DuckDBType): ValueType {
  if (INTEGERS.has(type.typeId)) return 'integer'
  return NUMBERS.has(type.typeId) ? 'number' : (OTHERS.get(type.typeId) ?? 'other')
}

const OF_USER =
  /^(Binder|Catalog|Conversion|Out of Range|Invalid Input|Parser|Syntax|Not implemented|Mismatch Type|Invalid Type|Decimal|Divide by Zero|Parameter Not Resolved|Expression|Permission) Error/i

/** What a failure says to the one who wrote the statement. */
function faultOfUser(error: unknown): unknown {
  if (error instanceof AppError || !(error instanceof Error)) return error
  if (OF_USER.test(error.message)) return new AppError('sql_invalid', error.message, { cause: error })
  if (/^Out of Memory Error/i.test(error.message)) {
    return new AppError('range_too_large', 'more memory than there is', { cause: error })
  }
  return error
}
