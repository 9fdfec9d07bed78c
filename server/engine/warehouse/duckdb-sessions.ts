// Connections of one DuckDB file: a few that readers share, and one for each open session (a write, or a stream).
// Every statement has a time limit; a late interrupt never reaches the statement after it.

import { type DuckDBConnection, DuckDBInstance, type DuckDBResult } from '@duckdb/node-api'
import { AppError } from '../../errors.ts'
import type { SqlValue } from '../sql.ts'
import { bindValue } from './duckdb-columns.ts'

export interface DuckdbOptions {
  path: string
  memoryMb: number
  /** The only folder that statements may read files from: what our own loader wrote. */
  stagingFolder: string
  temporaryFolder: string
}

interface Statement {
  text: string
  values: SqlValue[]
}

const READERS = 4
const WAITING_READERS = 512
/** How long an interrupted statement may take to stop before the whole process gives up. */
const INTERRUPT_GRACE_MS = 1000

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`

/** Opens the file and closes every door but the staging folder; settings cannot be changed by any later statement. */
export async function openDuckdb(options: DuckdbOptions): Promise<DuckDBInstance> {
  const instance = await DuckDBInstance.create(options.path)
  const connection = await instance.connect()
  await connection.run(`
    set memory_limit = '${options.memoryMb}MB';
    set temp_directory = ${quoted(options.temporaryFolder)};
    set default_null_order = 'nulls_last_on_asc_first_on_desc';
    set global integer_division = true;
    set global TimeZone = 'UTC';
    set autoinstall_known_extensions = false;
    set autoload_known_extensions = false;
    set allowed_directories = [${quoted(`${options.stagingFolder}/`)}];
    set enable_external_access = false;
    set lock_configuration = true`)
  connection.closeSync()
  return instance
}

/** Runs statements on one connection, one after the other. */
export type Runner = (statement: Statement, timeoutMs: number, streaming?: boolean) => Promise<DuckDBResult>

export function createRunner(connection: DuckDBConnection): Runner {
  return ({ text, values }, timeoutMs, streaming = false) => {
    const bound = values.map(bindValue)
    const items = bound.map((item) => item.value)
    const types = bound.map((item) => item.type)
    return withinTime(connection, timeoutMs, async () =>
      streaming ? connection.stream(text, items, types) : connection.run(text, items, types),
    )
  }
}

/**
 * Ends this process whatever it does: `process.exit` waits for statements that still run. What was committed is in the
 * write-ahead log.
 */
export function endAtOnce(): void {
  process.kill(process.pid, 'SIGKILL')
}

/** Interrupts what the connection does when it takes longer; AppError `query_timeout`. */
export async function withinTime<T>(
  connection: DuckDBConnection,
  timeoutMs: number,
  work: () => Promise<T>,
): Promise<T> {
  let running = true
  let timedOut = false
  let grace: NodeJS.Timeout | undefined
  const limit = setTimeout(() => {
    if (!running) return
    timedOut = true
    connection.interrupt()
    grace = setTimeout(endAtOnce, INTERRUPT_GRACE_MS)
  }, timeoutMs)
  try {
    return await work()
  } catch (error) {
    if (timedOut)
      throw new AppError('query_timeout', `the question took longer than ${timeoutMs} ms`, { cause: error })
    throw error
  } finally {
    running = false
    clearTimeout(limit)
    clearTimeout(grace)
  }
}

/** A pool of connections for reads; more waiting than it can serve soon are refused at once. */
export async function createReaders(instance: DuckDBInstance) {
  const free: Runner[] = []
  for (let index = 0; index < READERS; index++) free.push(createRunner(await instance.connect()))
  const waiting: ((runner: Runner) => void)[] = []

  async function take(): Promise<Runner> {
    const runner = free.pop()
    if (runner) return runner
    if (waiting.length >= WAITING_READERS) {
      throw new AppError('busy', `more than ${WAITING_READERS} questions are waiting; try again in a moment`)
    }
    return await new Promise((resolve) => waiting.push(resolve))
  }

  return {
    /** Runs `work` with a connection that nobody else uses meanwhile. */
    async use<T>(work: (runner: Runner) => Promise<T>): Promise<T> {
      const runner = await take()
      try {
        return await work(runner)
      } finally {
        const next = waiting.shift()
        if (next) next(runner)
        else free.push(runner)
      }
    },
  }
}
