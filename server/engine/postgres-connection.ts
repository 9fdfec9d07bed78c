// Connections to PostgreSQL: pools in one schema, what its failures mean, and when asking again is safe.

import pg from 'pg'
import { AppError } from '../errors.ts'
import { postgresTypes } from './postgres-dialect.ts'
import { render, type Sql } from './sql.ts'

const CONNECT_TIMEOUT_MS = 3_000
const STATEMENT_TIMEOUT_MS = 30_000
/** Pauses before asking again; a restart of the server takes about a second. */
const RETRY_PAUSES_MS = [50, 200, 600, 1_200]
/** No further try is begun after this. */
const RETRY_WITHIN_MS = 4_000

export interface PoolSettings {
  url: string
  /** Where unqualified names are looked up and made. */
  schema: string
  max: number
  readOnly: boolean
  /** Named in `pg_stat_activity`. */
  purpose: string
}

/** A pool whose sessions are in UTC and in `schema`. Connects when first used. */
export function openPool({ url, schema, max, readOnly, purpose }: PoolSettings): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    types: postgresTypes,
    application_name: `tidemark-${purpose}`,
    options: `-c search_path=${schema} -c timezone=UTC -c default_transaction_read_only=${readOnly ? 'on' : 'off'}`,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    // The server stops a long statement itself; this is for a network that swallows its answer.
    query_timeout: STATEMENT_TIMEOUT_MS + 1_000,
    keepAlive: true,
  })
  // An idle connection that breaks is dropped by the pool; the next question opens another.
  pool.on('error', () => {})
  // One that breaks while it is lent out fails its next statement; without a listener it would end the process.
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}

/** A statement as `pg` takes it. */
export function postgresQuery(statement: Sql): { text: string; values: unknown[] } {
  return render(statement, (position) => `$${position}`)
}

/** Makes the schema when it is missing; safe when several processes start at once. */
export async function ensureSchema(pool: pg.Pool, schema: string): Promise<void> {
  const known = await whileLost(() => pool.query('select 1 from pg_namespace where nspname = $1', [schema]))
  if (known.rows.length > 0) return
  const client = await whileLost(() => pool.connect())
  try {
    await client.query('begin')
    await client.query('select pg_advisory_xact_lock(hashtext($1))', [`tidemark schema ${schema}`])
    await client.query(`create schema if not exists ${pg.escapeIdentifier(schema)}`)
    await client.query('commit')
  } finally {
    client.release()
  }
}

/** Runs `ask` again, after a pause, while it fails because the connection is lost. Only for what may run twice. */
export async function whileLost<T>(ask: () => Promise<T>): Promise<T> {
  const start = performance.now()
  for (const pauseMs of RETRY_PAUSES_MS) {
    try {
      return await ask()
    } catch (error) {
      if (!isLost(error) || performance.now() - start > RETRY_WITHIN_MS) throw error
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  }
  return ask()
}

/** Whether the failure says that the server went away or cannot be reached, not that it refused. */
export function isLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return LOST_CODES.has(code) || code.startsWith('08') || LOST_MESSAGES.test(error.message)
}

// 57P01 to 57P03: the server stops, crashed, or is starting.
const LOST_CODES = new Set(
  'ECONNRESET ECONNREFUSED EPIPE ETIMEDOUT EHOSTUNREACH ENETUNREACH ENOENT 57P01 57P02 57P03'.split(' '),
)
// `pg` gives no code for these.
const LOST_MESSAGES =
  /^(Connection terminated|timeout expired|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error|Client was closed)/

/** What a failure of PostgreSQL means to the one who asked; what we do not know stays as it is. */
export function postgresFailure(error: unknown): unknown {
  if (error instanceof AppError || !(error instanceof Error)) return error
  if (isLost(error)) {
    return new AppError('engine_lost', 'the database cannot be reached; try again shortly', { cause: error })
  }
  const code = 'code' in error ? error.code : undefined
  switch (code) {
    case '23505': // unique_violation
      return new AppError('conflict', 'something with this name or id exists already', { cause: error })
    case '22021': // character_not_in_repertoire: only U+0000 can get here, as all else is sent as UTF-8
      return new AppError('invalid', 'text may not contain the character U+0000', { cause: error })
    case '53100': // disk_full
      return new AppError('disk_full', 'the database has no space left', { cause: error })
    case '53300': // too_many_connections
    case '40001': // serialization_failure
    case '40P01': // deadlock_detected
    case '55P03': // lock_not_available
      return new AppError('busy', 'the database has too much to do at once; try again', { cause: error })
    case '57014': // query_canceled, by statement_timeout
      return new AppError('query_timeout', 'the database took too long to answer', { cause: error })
    default:
      return error
  }
}

const QUERY_CANCELED = '57014'
const LIMIT_TRIES = 5

/**
 * Limits the statements that follow on this connection. The limit of those before holds for this one, too, and may end
 * it when the machine is busy.
 */
export async function limitTime(client: pg.PoolClient, timeoutMs: number): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await client.query(`set statement_timeout = ${Math.floor(timeoutMs)}`)
      return
    } catch (error) {
      const isCanceled = error instanceof Error && 'code' in error && error.code === QUERY_CANCELED
      if (!isCanceled || tries === LIMIT_TRIES) throw error
    }
  }
}
