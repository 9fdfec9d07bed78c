// Control in one SQLite file: a connection that writes, one transaction at a time, and a connection that reads.
// node:sqlite is synchronous, so statements are kept small; only waiting for another process is asynchronous.

import { chmodSync } from 'node:fs'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { AppError } from '../../errors.ts'
import type { Control, Db } from '../db.ts'
import { render, type Sql, type SqlValue } from '../sql.ts'
import { sqliteDialect } from './sqlite-dialect.ts'
import { createTransactions, guard } from './transaction.ts'

const STATEMENTS_KEPT = 200
/** How long SQLite itself waits for another process, holding up the event loop. */
const BUSY_TIMEOUT_MS = 20
/** How long a transaction waits for its turn among processes, without holding up anything. */
const TURN_TIMEOUT_MS = 5_000
const TURN_PAUSE_MS = 5

const SQLITE_BUSY = 5
const SQLITE_FULL = 13
const CONSTRAINT_PRIMARYKEY = 1555
const CONSTRAINT_UNIQUE = 2067

/** Opens the file, making it when it is missing (readable by its owner only); its folder must exist. */
export async function openSqliteControl(path: string): Promise<Control> {
  const writer = openConnection(path)
  const reader = openConnection(path)
  reader.exec('pragma query_only = on')
  const transactions = createTransactions()
  const reading = createDb(reader)
  const writing = createDb(writer)
  const inTurn = createTurns()

  async function write<T>(work: (tx: Db) => Promise<T>): Promise<T> {
    return transactions.notNested(() =>
      inTurn(async () => {
        await begin(writer)
        try {
          const guarded = guard(writing)
          const result = await work(guarded.tx)
          guarded.end()
          writer.exec('commit')
          return result
        } catch (error) {
          // SQLite ends the transaction by itself when the disk is full.
          if (writer.isTransaction) writer.exec('rollback')
          throw failureOf(error)
        }
      }),
    )
  }

  return {
    dialect: sqliteDialect,
    query: reading.query,
    run: (statement) => write((tx) => tx.run(statement)),
    write,
    async close() {
      await inTurn(async () => {
        reader.close()
        writer.close()
      })
    },
  }
}

function openConnection(path: string): DatabaseSync {
  const connection = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS })
  chmodSync(path, 0o600)
  connection.exec('pragma journal_mode = wal')
  connection.exec('pragma synchronous = full')
  connection.exec('pragma foreign_keys = on')
  return connection
}

function createDb(connection: DatabaseSync): Db {
  const prepare = createStatementCache(connection)
  const execute = <T>(statement: Sql, use: (prepared: StatementSync, values: SQLInputValue[]) => T): T => {
    const { text, values } = render(statement, (position) => `?${position}`)
    try {
      return use(prepare(text), values.map(bindable))
    } catch (error) {
      throw failureOf(error)
    }
  }
  return {
    dialect: sqliteDialect,
    // Rows of node:sqlite have no prototype; those of PostgreSQL are plain objects. The caller knows their shape.
    query: async <R extends object>(statement: Sql) =>
      execute(statement, (prepared, values) => prepared.all(...values).map((row) => ({ ...row }) as R)),
    run: async (statement) =>
      execute(statement, (prepared, values) => Number(prepared.run(...values).changes)),
  }
}

/** Prepared statements by their text; the one unused for longest goes first. */
function createStatementCache(connection: DatabaseSync): (text: string) => StatementSync {
  const kept = new Map<string, StatementSync>()
  return (text) => {
    const statement = kept.get(text) ?? connection.prepare(text)
    kept.delete(text)
    kept.set(text, statement)
    const oldest = kept.keys().next().value
    if (kept.size > STATEMENTS_KEPT && oldest !== undefined) kept.delete(oldest)
    return statement
  }
}

/** Lets one piece of work run after the other, in the order of asking. */
function createTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const turn = last.then(work)
    last = turn.catch(() => undefined)
    return turn
  }
}

/** Starts a writing transaction, waiting for other processes without holding up this one. */
async function begin(connection: DatabaseSync): Promise<void> {
  const start = performance.now()
  for (;;) {
    try {
      return connection.exec('begin immediate')
    } catch (error) {
      if (resultCode(error) !== SQLITE_BUSY || performance.now() - start > TURN_TIMEOUT_MS)
        throw failureOf(error)
      await new Promise((resolve) => setTimeout(resolve, TURN_PAUSE_MS * (1 + Math.random())))
    }
  }
}

function bindable(value: SqlValue): SQLInputValue {
  if (typeof value === 'boolean') return value ? 1 : 0
  if (Array.isArray(value)) return JSON.stringify(value)
  // A JavaScript number is bound as a real, so that 3 would be kept as '3.0' in a text column.
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value
}

function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined
  return typeof error.errcode === 'number' ? error.errcode : undefined
}

function failureOf(error: unknown): unknown {
  switch (resultCode(error)) {
    case SQLITE_BUSY:
      return new AppError('busy', 'the database has too much to do at once; try again', { cause: error })
    case SQLITE_FULL:
      return new AppError('disk_full', 'the database has no space left', { cause: error })
    case CONSTRAINT_PRIMARYKEY:
    case CONSTRAINT_UNIQUE:
      return new AppError('conflict', 'something with this name or id exists already', { cause: error })
    default:
      return error
  }
}
