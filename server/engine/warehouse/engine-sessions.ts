// Sessions of one client: a connection with its staging tables and, while it has its turn among writers, a transaction.

import { statfsSync } from 'node:fs'
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { AppError } from '../../errors.ts'
import { readResult } from './duckdb-columns.ts'
import { createRunner, type Runner } from './duckdb-sessions.ts'
import { appendRun, createStagedReading, readStagedCsv } from './duckdb-staging.ts'
import type { Ask, ResultSet } from './frames.ts'
import { instantWords, readRun } from './run-file.ts'
import type { Turns } from './turns.ts'

export type SessionAsk = Extract<
  Ask,
  { op: 'stage_readings' | 'stage_run' | 'stage_csv' | 'begin' | 'commit' }
>

/** Writers that wait for their turn, or have it; more would wait longer than anyone does. */
const SESSIONS_AT_ONCE = 256
/** A checkpoint that finds no space makes the database unusable until it is opened again, so writers stop before that. */
const LEAST_FREE_BYTES = 64 * 1024 * 1024

interface Session {
  connection: DuckDBConnection
  run: Runner
  staging: boolean
  endTurn: (() => void) | undefined
  /** Statements of one session follow each other, whatever is sent at once. */
  last: Promise<unknown>
}

export interface SessionDeps {
  instance: DuckDBInstance
  turns: Turns
  /** The version of the last committed batch of the whole process. */
  committed: { version: number }
  /** Where the database's file is. */
  folder: string
}

export function createSessions({ instance, turns, committed, folder }: SessionDeps) {
  const sessions = new Map<number, Session>()
  const counter = { next: 1 }

  async function inSession<T>(id: number, work: (session: Session) => Promise<T>): Promise<T> {
    const session = sessions.get(id)
    if (!session) throw new Error(`no session ${id}`)
    const mine = session.last.catch(() => undefined).then(() => work(session))
    session.last = mine
    return await mine
  }

  /** Ends a session; what it did not commit is rolled back. */
  async function close(id: number): Promise<void> {
    const session = sessions.get(id)
    if (!session) return
    sessions.delete(id)
    session.connection.interrupt()
    await session.last.catch(() => undefined)
    if (session.endTurn) await session.connection.run('rollback').catch(() => undefined)
    session.connection.closeSync()
    session.endTurn?.()
  }

  async function begin(session: Session): Promise<number> {
    session.endTurn = await turns.take()
    refuseFullDisk(folder)
    await session.connection.run('begin transaction')
    return committed.version + 1
  }

  async function commit(session: Session, version: number): Promise<void> {
    await session.connection.run('commit')
    committed.version = Math.max(committed.version, version)
    session.endTurn?.()
    session.endTurn = undefined
  }

  return {
    async open(): Promise<number> {
      if (sessions.size >= SESSIONS_AT_ONCE) {
        throw new AppError('busy', `more than ${SESSIONS_AT_ONCE} writes are waiting; try again in a moment`)
      }
      const connection = await instance.connect()
      const id = counter.next++
      const run = createRunner(connection)
      sessions.set(id, { connection, run, staging: false, endTurn: undefined, last: Promise.resolve() })
      return id
    },

    query: (id: number, { statement, timeoutMs }: Extract<Ask, { op: 'query' }>): Promise<ResultSet> =>
      inSession(id, async (session) => readResult(await session.run(statement, timeoutMs))),

    write: (ask: SessionAsk): Promise<unknown> =>
      inSession<unknown>(ask.session, (session) => {
        if (ask.op === 'begin') return begin(session)
        return ask.op === 'commit' ? commit(session, ask.version) : stage(session, ask)
      }),

    close,

    closeAll(): void {
      for (const id of sessions.keys()) void close(id)
    },
  }
}

export function refuseFullDisk(folder: string): void {
  const { bavail, bsize } = statfsSync(folder)
  if (bavail * bsize < LEAST_FREE_BYTES) throw new AppError('disk_full', 'the disk is full')
}

async function stage(
  session: Session,
  ask: Extract<SessionAsk, { op: 'stage_readings' | 'stage_run' | 'stage_csv' }>,
): Promise<void> {
  if (ask.op === 'stage_csv') {
    await readStagedCsv(session.connection, ask.csv)
    return
  }
  if (!session.staging) {
    session.staging = true
    await createStagedReading(session.connection)
  }
  if (ask.op === 'stage_run') {
    await appendRun(session.connection, { ...(await readRun(ask.path)), layer: ask.layer })
    return
  }
  const { signal_key, measured_at, value, layer } = ask.readings
  const rows = signal_key.length
  const words = instantWords(measured_at, rows)
  await appendRun(session.connection, { rows, signal_key, measured_at: words, value, layer })
}
