// The warehouse on PostgreSQL: the Warehouse interface over pools in the schema `warehouse`.

import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import type { Clock } from '../../clock.ts'
import type { Columns, Db, Row, Staging, Tx, Warehouse, WriteOptions } from '../db.ts'
import {
  ensureSchema,
  limitTime,
  openPool,
  postgresFailure,
  postgresQuery,
  whileLost,
} from '../postgres-connection.ts'
import { postgresDialect } from '../postgres-dialect.ts'
import { type Sql, sql } from '../sql.ts'
import { findBatch, recordBatch } from './batches.ts'
import type { ResultSet } from './frames.ts'
import { binaryCopy, columnTypes, resultSet } from './postgres-columns.ts'
import { createTextStreams, STREAMS_AT_ONCE } from './postgres-streams.ts'
import { openUserReads } from './postgres-user-sql.ts'
import { toRows } from './result-rows.ts'
import { instantWords, type LayeredRun, readRun } from './run-file.ts'
import { createTurns } from './turns.ts'

export interface PostgresWarehouseOptions {
  url: string
  clock: Clock
  queryTimeoutMs: number
  acknowledge: (version: number) => Promise<void>
}

const SCHEMA = 'warehouse'
const READERS = 8
const WRITERS = 8
const WRITE_TIMEOUT_MS = 600_000

export interface PostgresWarehouse extends Warehouse {
  /** What migrations need: one transaction, before there is a `batch` table. */
  transaction<T>(work: (tx: Db) => Promise<T>): Promise<T>
}

export async function openPostgresWarehouse(options: PostgresWarehouseOptions): Promise<PostgresWarehouse> {
  const { url } = options
  const readers = openPool({ url, schema: SCHEMA, max: READERS, readOnly: true, purpose: 'warehouse-read' })
  const writers = openPool({ url, schema: SCHEMA, max: WRITERS, readOnly: false, purpose: 'warehouse-write' })
  const streams = openPool({
    url,
    schema: SCHEMA,
    max: STREAMS_AT_ONCE,
    readOnly: true,
    purpose: 'warehouse-text',
  })
  const text = createTextStreams(streams)
  const users = openUserReads(url)
  const listeners: (() => void)[] = []
  const close = async (): Promise<void> => {
    const open = [readers, writers, streams, users.pool].filter((pool) => !pool.ending)
    await Promise.all(open.map((pool) => pool.end()))
  }
  try {
    await ensureSchema(writers, SCHEMA)
  } catch (error) {
    await close()
    throw postgresFailure(error)
  }

  const read = async (statement: Sql, timeoutMs = options.queryTimeoutMs): Promise<ResultSet> => {
    try {
      return await whileLost(() => withClient(readers, (client) => ask(client, statement, timeoutMs)))
    } catch (error) {
      throw postgresFailure(error)
    }
  }

  return {
    dialect: postgresDialect,
    query: async <R extends object = Row>(statement: Sql) => toRows(await read(statement)) as R[], // the statement decides R
    run: async (statement) => (await read(statement)).rowsChanged,
    async columns(statement, { timeoutMs } = {}): Promise<Columns> {
      const { names, columns, rows } = await read(statement, timeoutMs)
      return { names, columns, rows }
    },
    untrusted: (statement, { rows, timeoutMs = options.queryTimeoutMs }) =>
      users.untrusted({ statement, rows, timeoutMs }),
    text: (statement, format, { timeoutMs = options.queryTimeoutMs } = {}) =>
      text({ statement, format, timeoutMs }),
    write: (batchKey, work, writeOptions = {}) =>
      whileLost(() => writeOnce(writers, { batchKey, work, writeOptions, options, listeners })).catch(
        (error: unknown) => {
          throw postgresFailure(error)
        },
      ),
    // Its own look-ups are quick enough.
    appendNewer: async () => 'not_newer',
    onSignalsTouched: (listener) => void listeners.push(listener),
    async version() {
      const [row] = toRows(await read(sql`select coalesce(max(version), 0) as version from batch`))
      return Number(row?.version ?? 0)
    },
    transaction: (work) =>
      withClient(writers, async (client) => {
        await client.query('begin')
        const result = await work(clientDb(client))
        await client.query('commit')
        return result
      }),
    close,
  }
}

/** Lends a connection; one whose work failed is closed, so that no half transaction or temporary table stays. */
async function withClient<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  try {
    const result = await work(client)
    client.release()
    return result
  } catch (error) {
    client.release(true)
    throw error
  }
}

async function ask(client: pg.PoolClient, statement: Sql, timeoutMs: number): Promise<ResultSet> {
  const { text, values } = postgresQuery(statement)
  await limitTime(client, timeoutMs)
  const query = {
    text,
    values,
    rowMode: 'array' as const,
    types: columnTypes,
    query_timeout: timeoutMs + 1000,
  }
  const result = await client.query<(number | string | boolean | null)[]>(query)
  return resultSet(result.fields, result.rows, result.rowCount ?? 0)
}

function clientDb(client: pg.PoolClient): Db {
  return {
    dialect: postgresDialect,
    query: async <R extends object = Row>(statement: Sql) =>
      toRows(await ask(client, statement, WRITE_TIMEOUT_MS)) as R[], // the statement decides R
    run: async (statement) => (await ask(client, statement, WRITE_TIMEOUT_MS)).rowsChanged,
  }
}

interface OneWrite<T> {
  batchKey: string
  work: (tx: Tx) => Promise<T>
  writeOptions: WriteOptions
  options: PostgresWarehouseOptions
  listeners: (() => void)[]
}

async function writeOnce<T>(
  pool: pg.Pool,
  { batchKey, work, writeOptions, options, listeners }: OneWrite<T>,
): Promise<T> {
  const client = await pool.connect()
  const tx = clientDb(client)
  const touched = { signals: true }
  try {
    // Whoever asked then may not have heard of it.
    const findDone = async () => {
      const done = await findBatch(tx, batchKey)
      if (done) await options.acknowledge(done.version)
      return done
    }
    if (writeOptions.stage) {
      const done = await findDone()
      if (done) return done.result as T // what this write answered then
      await writeOptions.stage(stagingOf(client))
    }
    await takeTurn(client)
    const done = await findDone()
    if (done) return done.result as T // what this write answered then
    const [last] = await tx.query<{ version: number }>(
      sql`select coalesce(max(version), 0) as version from batch`,
    )
    const version = (last?.version ?? 0) + 1
    touched.signals = false
    const touchSignals = () => {
      touched.signals = true
    }
    const result = await work({ ...tx, version, touchSignals })
    await recordBatch(tx, {
      version,
      batchKey,
      keep: writeOptions.keep ?? 'always',
      result,
      at: options.clock.now(),
    })
    const end = await client.query('commit')
    if (end.command !== 'COMMIT') throw new Error('the database rolled the transaction back')
    await options.acknowledge(version)
    return result
  } finally {
    if (touched.signals) for (const listener of listeners) listener()
    await endWrite(client, writeOptions.stage !== undefined)
  }
}

/** Begins a transaction. One writer at a time, as on the embedded engine: the merge reads what it then writes. */
async function takeTurn(client: pg.PoolClient): Promise<void> {
  await client.query('begin')
  await client.query(`set statement_timeout = ${WRITE_TIMEOUT_MS}`)
  const text = `select pg_advisory_xact_lock(hashtext('tidemark write'))`
  const turn = { text, query_timeout: WRITE_TIMEOUT_MS + 1000 }
  await client.query(turn)
}

/** A rollback after a commit does nothing; what was staged goes with it. */
async function endWrite(client: pg.PoolClient, staged: boolean): Promise<void> {
  try {
    await client.query('rollback')
    if (staged) await client.query('discard temp')
    client.release()
  } catch {
    client.release(true)
  }
}

function stagingOf(client: pg.PoolClient): Staging {
  const state = { open: false }
  const turns = createTurns()
  const stage = async (run: LayeredRun) => {
    const end = await turns.take()
    try {
      if (!state.open) {
        await client.query(
          'create temp table staged_reading (signal_key integer, measured_at timestamptz, value double precision, layer integer)',
        )
        state.open = true
      }
      const target = client.query(copyFrom('copy staged_reading from stdin (format binary)'))
      await pipeline(Readable.from(binaryCopy(run)), target)
    } finally {
      end()
    }
  }
  return {
    stageReadings: ({ signal_key, measured_at, value, layer }) => {
      const rows = signal_key.length
      return stage({ rows, signal_key, measured_at: instantWords(measured_at, rows), value, layer })
    },
    stageRun: async (path, layer) => stage({ ...(await readRun(path)), layer }),
    async stageCsv({ table, path, columns }) {
      const list = columns.map(({ name, type }) => sql`${sql.identifier(name)} ${sql.trusted(type)}`)
      await client.query(postgresQuery(sql`create temp table ${sql.trusted(table)} (${sql.join(list)})`))
      const target = client.query(copyFrom(`copy ${table} from stdin (format csv, null '\\N')`))
      await pipeline(createReadStream(path), target)
    },
  }
}
