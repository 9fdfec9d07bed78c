// The warehouse on DuckDB: the Warehouse interface over the engine process. Reads are asked again when the engine
// restarts; writes are done again by their batch key, which makes a repeated one a no-op.

import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from '../../clock.ts'
import { AppError } from '../../errors.ts'
import type { Columns, Db, ReadOptions, Row, Staging, Tx, Warehouse, WriteOptions } from '../db.ts'
import { render, type Sql } from '../sql.ts'
import { findBatch, recordBatch } from './batches.ts'
import { duckdbDialect } from './duckdb-dialect.ts'
import { untrustedOn } from './duckdb-user-sql.ts'
import { type EngineConnection, questionTooLong } from './engine-connection.ts'
import type { Supervisor } from './engine-supervisor.ts'
import type { Ask, ResultSet } from './frames.ts'
import { toRows } from './result-rows.ts'

export interface DuckdbWarehouseOptions {
  supervisor: Supervisor
  clock: Clock
  queryTimeoutMs: number
  /** Told of each committed version before the writer hears of it. */
  acknowledge: (version: number) => Promise<void>
}

/** Statements of a write may take this long; they hold up other writers, never readers. */
const WRITE_TIMEOUT_MS = 600_000
/** How long one request keeps trying while the engine restarts. */
const RETRY_FOR_MS = 15_000

const placeholder = (position: number) => `$${position}`
/** An engine that was lost may have committed, and not said so. */
const isLost = (error: unknown) => error instanceof AppError && error.code === 'engine_lost'

export function createDuckdbWarehouse(options: DuckdbWarehouseOptions): Warehouse {
  const { supervisor, queryTimeoutMs } = options
  const listeners: (() => void)[] = []

  async function retried<T>(
    work: (connection: EngineConnection) => Promise<T>,
    most = Number.POSITIVE_INFINITY,
  ): Promise<T> {
    const deadline = Date.now() + RETRY_FOR_MS
    for (let tries = 1; ; tries++) {
      try {
        return await work(await supervisor.connection(Math.max(1, deadline - Date.now())))
      } catch (error) {
        if (!isLost(error) || tries >= most || Date.now() >= deadline) throw error
        await delay(10)
      }
    }
  }

  async function readAsking<T>(ask: Extract<Ask, { timeoutMs: number }>, most?: number): Promise<T> {
    return await retried(async (connection) => {
      const askedAt = performance.now()
      return await connection.ask<T>(ask).catch((error: unknown) => {
        // It may be what could not be interrupted and cost the engine its life: asked again, it would each time.
        if (isLost(error) && performance.now() - askedAt >= ask.timeoutMs) throw questionTooLong(error)
        throw error
      })
    }, most)
  }

  const read = (statement: Sql, timeoutMs = queryTimeoutMs): Promise<ResultSet> =>
    readAsking({ op: 'query', statement: render(statement, placeholder), timeoutMs })

  const warehouse: Warehouse = {
    dialect: duckdbDialect,

    async query<R extends object = Row>(statement: Sql): Promise<R[]> {
      return toRows(await read(statement)) as R[] // the statement decides what R is
    },

    async run(statement) {
      return (await read(statement)).rowsChanged
    },

    async columns(statement: Sql, { timeoutMs }: ReadOptions = {}): Promise<Columns> {
      const { names, columns, rows } = await read(statement, timeoutMs)
      return { names, columns, rows }
    },

    untrusted: (statement, { rows, timeoutMs = queryTimeoutMs }) =>
      // Asked twice at most: one that costs the engine its life should not cost it many.
      untrustedOn((ask) => readAsking(ask, 2), {
        op: 'untrusted',
        statement: render(statement, placeholder),
        timeoutMs,
        rows,
      }),

    async *text(statement, format, { timeoutMs = queryTimeoutMs } = {}) {
      const ask = { op: 'text', statement: render(statement, placeholder), timeoutMs, format } as const
      // What was passed on cannot be asked again; until then it can.
      const { first, chunks } = await retried(async (connection) => {
        const begun = connection.stream(ask)[Symbol.asyncIterator]()
        return { first: await begun.next(), chunks: begun }
      })
      try {
        for (let next = first; !next.done; next = await chunks.next()) yield next.value
      } finally {
        await chunks.return?.()
      }
    },

    async write<T>(
      batchKey: string,
      work: (tx: Tx) => Promise<T>,
      writeOptions: WriteOptions = {},
    ): Promise<T> {
      const state = { tries: 0 }
      return await retried((connection) => {
        const mayBeDone = state.tries++ > 0 || writeOptions.fresh !== true
        return writeOnce(connection, { batchKey, work, writeOptions, mayBeDone, options, listeners })
      })
    },

    async appendNewer(readings) {
      const connection = await supervisor.connection(RETRY_FOR_MS)
      try {
        const version = await connection.ask<number | undefined>({ op: 'append', readings })
        if (version === undefined) return 'not_newer'
        await options.acknowledge(version)
        return 'stored'
      } catch (error) {
        if (isLost(error)) return 'unknown'
        throw error
      }
    },

    onSignalsTouched(listener) {
      listeners.push(listener)
    },

    version: () => retried((connection) => connection.ask<number>({ op: 'version' })),

    close: () => supervisor.stop(),
  }
  return warehouse
}

interface OneWrite<T> {
  batchKey: string
  work: (tx: Tx) => Promise<T>
  writeOptions: WriteOptions
  mayBeDone: boolean
  options: DuckdbWarehouseOptions
  listeners: (() => void)[]
}

/** One try of a write, in a session of its own that is closed, and so rolled back unless committed, at the end. */
async function writeOnce<T>(
  connection: EngineConnection,
  { batchKey, work, writeOptions, mayBeDone, options, listeners }: OneWrite<T>,
): Promise<T> {
  const session = await connection.ask<number>({ op: 'open' })
  // One that was done before, and not heard of, may have touched them.
  const touched = { signals: mayBeDone }
  try {
    const tx = sessionDb(connection, session)
    // Whoever asked then may not have heard of it.
    const findDone = async () => {
      if (!mayBeDone) return undefined
      const done = await findBatch(tx, batchKey)
      if (done) await options.acknowledge(done.version)
      return done
    }
    if (writeOptions.stage) {
      const done = await findDone()
      if (done) return done.result as T // what this write answered then
      await writeOptions.stage(stagingOf(connection, session))
    }
    const version = await connection.ask<number>({ op: 'begin', session })
    const done = await findDone()
    if (done) return done.result as T // what this write answered then
    const touchSignals = () => {
      touched.signals = true
    }
    const result = await work({ ...tx, version, touchSignals })
    const keep = writeOptions.keep ?? 'always'
    await recordBatch(tx, { version, batchKey, keep, result, at: options.clock.now() })
    await connection.ask({ op: 'commit', session, version })
    await options.acknowledge(version)
    return result
  } finally {
    if (touched.signals) for (const listener of listeners) listener()
    await connection.ask({ op: 'close', session }).catch(() => undefined)
  }
}

function sessionDb(connection: EngineConnection, session: number): Db {
  const ask = (statement: Sql) =>
    connection.ask<ResultSet>({
      op: 'query',
      session,
      statement: render(statement, placeholder),
      timeoutMs: WRITE_TIMEOUT_MS,
    })
  return {
    dialect: duckdbDialect,
    query: async <R extends object = Row>(statement: Sql) => toRows(await ask(statement)) as R[], // as in query above
    run: async (statement) => (await ask(statement)).rowsChanged,
  }
}

function stagingOf(connection: EngineConnection, session: number): Staging {
  return {
    stageReadings: (readings) => connection.ask({ op: 'stage_readings', session, readings }),
    stageRun: (path, layer) => connection.ask({ op: 'stage_run', session, path, layer }),
    stageCsv: (csv) => connection.ask({ op: 'stage_csv', session, csv }),
  }
}

/** What migrations need: statements in one transaction, before there is a `batch` table. */
export function duckdbMigrationTarget(supervisor: Supervisor) {
  return {
    dialect: duckdbDialect,
    async query<R extends object = Row>(statement: Sql): Promise<R[]> {
      const connection = await supervisor.connection()
      const statementText = render(statement, placeholder)
      const set = await connection.ask<ResultSet>({
        op: 'query',
        statement: statementText,
        timeoutMs: WRITE_TIMEOUT_MS,
      })
      return toRows(set) as R[] // as in query above
    },
    async transaction<T>(work: (tx: Db) => Promise<T>): Promise<T> {
      const connection = await supervisor.connection()
      const session = await connection.ask<number>({ op: 'open' })
      try {
        const version = await connection.ask<number>({ op: 'begin', session })
        const result = await work(sessionDb(connection, session))
        await connection.ask({ op: 'commit', session, version: version - 1 })
        return result
      } finally {
        await connection.ask({ op: 'close', session }).catch(() => undefined)
      }
    },
  }
}
