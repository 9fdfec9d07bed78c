// The rules of work in the background: it is queued in the transaction that causes it, done by one worker at a time,
// tried again when it fails, and never changed by a worker that has lost it.

import { randomUUID } from 'node:crypto'
import type { PageOf } from '../../../contract/basics.ts'
import type { Job, JobQuery } from '../../../contract/jobs.ts'
import type { Clock } from '../../clock.ts'
import { pageOf, readCursor } from '../../cursor.ts'
import { timeText } from '../../engine/control/time.ts'
import type { Control, Db } from '../../engine/db.ts'
import type { Instant } from '../../engine/sql.ts'
import { AppError, ERRORS } from '../../errors.ts'
import type { RetryPolicy } from './kind.ts'
import type { Freed, Held } from './store.ts'
import * as store from './store.ts'

const MAX_ATTEMPTS = 5
/** How many due jobs a worker looks at when others are faster. */
const CANDIDATES = 10
/** A job that was begun this often and never ended may be what ends the service. */
const MOST_BEGUN = 50

export interface NewJob {
  kind: string
  /** Kept as JSON. */
  payload: unknown
  /** While a job of this kind and key is queued or running, another is not added. */
  unique_key?: string
  /** Not before; at once when left out. */
  run_at?: Instant
  /** 5 when left out. */
  max_attempts?: number
}

export interface ClaimedJob extends Held {
  kind: string
  payload: unknown
  /** Of this attempt, from 1. */
  attempts: number
  max_attempts: number
}

/** How an attempt ended. `released` does not count as one. */
export type Outcome =
  | { status: 'done' | 'cancelled' | 'released' }
  | { status: 'failed'; error: unknown; retry: RetryPolicy }

export interface JobListener {
  /** A job may be due. */
  onReady(): void
  /** A running job should stop. */
  onCancel(id: string): void
}

/** A job that ended without being done. */
export interface UndoneJob {
  payload: unknown
  status: 'failed' | 'cancelled'
  /** For people; null when it was cancelled before it began. */
  error: string | null
}

/** Ends what the job was for, in the transaction in which the job ends. */
export type UndoneListener = (tx: Db, job: UndoneJob) => Promise<void>

export interface Deps {
  control: Control
  clock: Clock
  /** From 0 to 1, for the jitter of pauses. */
  random?: () => number
  /** How long a worker may be silent before its job is given to another. */
  leaseMs?: number
}

export type JobService = ReturnType<typeof createJobService>

export function createJobService({ control, clock, random = Math.random, leaseMs = 30_000 }: Deps) {
  const listeners = new Set<JobListener>()
  const undoneListeners = new Map<string, UndoneListener>()
  const leaseEnd = (): string => timeText(clock.now() + leaseMs * 1000)

  /** Throws `not_found`. */
  async function get(id: string): Promise<Job> {
    const job = await store.findJob(control, id)
    if (job === undefined) throw new AppError('not_found', `there is no job ${JSON.stringify(id)}`)
    return job
  }

  async function recoverLost(now: string): Promise<void> {
    if (!(await store.hasLost(control, now))) return
    await control.write(async (tx) => {
      for (const job of await store.releaseLost(tx, now, 'the worker stopped without a word'))
        await tell(tx, job)
    })
  }

  /** Tells whom it concerns, where a job has now ended without being done. */
  async function tell(tx: Db, { kind, status, payload, error }: Freed): Promise<void> {
    if (status !== 'failed' && status !== 'cancelled') return
    await undoneListeners.get(kind)?.(tx, { payload: JSON.parse(payload), status, error })
  }

  return {
    leaseMs,

    /**
     * Queues a job in the transaction that causes it; call `announce` once that is committed. `created` is false when
     * a job of this kind and key was queued or running, whose id is then answered.
     */
    async enqueue(tx: Db, job: NewJob): Promise<{ id: string; created: boolean }> {
      const id = randomUUID()
      const now = clock.now()
      const created = await store.insertJob(tx, {
        id,
        kind: job.kind,
        payload: JSON.stringify(job.payload),
        unique_key: job.unique_key ?? null,
        max_attempts: job.max_attempts ?? MAX_ATTEMPTS,
        created_at: timeText(now),
        run_at: timeText(job.run_at ?? now),
      })
      if (created || job.unique_key === undefined) return { id, created }
      const live = await store.findLive(tx, job.kind, job.unique_key)
      // Between the two statements the other job can only have ended on PostgreSQL, and then this one is to be asked again.
      if (live === undefined) throw new AppError('busy', 'the job before this one is just ending; try again')
      return { id: live, created }
    },

    /** Tells the workers of this process that a job may be due; others look by themselves within a second or two. */
    announce(): void {
      for (const listener of listeners) listener.onReady()
    },

    /** Answers how to stop listening. */
    listen(listener: JobListener): () => void {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },

    /** However a job of this kind ends without being done, `listener` is told, so that what it was for ends too. */
    onUndone(kind: string, listener: UndoneListener): void {
      undoneListeners.set(kind, listener)
    },

    /**
     * Puts back at once what earlier processes had begun, without waiting for their leases; they ended from outside,
     * so the attempt does not count. Answers how many. Only for a process that knows that no other works on this store.
     */
    async takeOver(): Promise<number> {
      const now = timeText(clock.now())
      const freed = { now, error: 'the service ended while it ran', mostBegun: MOST_BEGUN }
      return control.write(async (tx) => {
        const jobs = await store.releaseRunning(tx, freed)
        for (const job of jobs) await tell(tx, job)
        return jobs.length
      })
    },

    /** Takes the job that is due for longest, of the given kinds; undefined when there is none. */
    async claim(kinds: string[], worker: string): Promise<ClaimedJob | undefined> {
      const now = timeText(clock.now())
      await recoverLost(now)
      // Looked for outside of a transaction, so that a worker without work writes nothing.
      for (const due of await store.listDue(control, kinds, now, CANDIDATES)) {
        const claim = { ...due, worker, now, lease_until: leaseEnd() }
        const taken = await control.write((tx) => store.takeJob(tx, claim))
        if (taken !== undefined) return { ...taken, payload: JSON.parse(taken.payload) }
      }
      return undefined
    },

    /** Says that the worker is alive. Throws `conflict` when the job is no longer its own. */
    async heartbeat(held: Held, progress: number): Promise<{ cancel_requested: boolean }> {
      const kept = { lease_until: leaseEnd(), progress: Math.min(1, Math.max(0, progress)) }
      const answer = await control.write((tx) => store.extendLease(tx, held, kept))
      return answer ?? refuse(held)
    },

    /**
     * Throws `conflict` when the job is no longer the worker's own; otherwise it stays so until `tx` ends. To be called
     * in the transaction that writes what the job does to control.
     */
    async assertHeld(tx: Db, held: Held): Promise<void> {
      if (!(await store.lockHeld(tx, held))) refuse(held)
    },

    /** Says how an attempt ended. Throws `conflict` when the job is no longer the worker's own. */
    async settle(job: ClaimedJob, outcome: Outcome): Promise<void> {
      const settled = await control.write(async (tx) => {
        const freed = await settleIn(tx, job, outcome)
        if (freed !== undefined) await tell(tx, freed)
        return freed
      })
      if (settled === undefined) refuse(job)
    },

    get,

    /** Newest first. */
    async list({ status, kind, limit, cursor }: JobQuery): Promise<PageOf<Job>> {
      const key = readCursor(cursor, isKey)
      const before = key && { created_at: key[0], id: key[1] }
      const jobs = await store.listJobs(control, { status, kind, before, limit: limit + 1 })
      return pageOf(jobs, limit, (job) => [job.created_at, job.id])
    },

    /**
     * Cancels a queued job at once and asks a running one to stop, which it does within seconds; the job as it then
     * is. Throws `not_found`, and `conflict` for a job that has ended.
     */
    async cancel(id: string): Promise<Job> {
      const cancelled = await control.write(async (tx) => {
        const freed = await store.cancelJob(tx, id, timeText(clock.now()))
        if (freed !== undefined) await tell(tx, freed)
        return freed
      })
      const job = await get(id)
      if (cancelled === undefined)
        throw new AppError(
          'conflict',
          `the job is ${job.status} already; only a waiting or running one can be cancelled`,
        )
      for (const listener of listeners) listener.onCancel(id)
      return job
    },
  }

  function settleIn(tx: Db, job: ClaimedJob, outcome: Outcome): Promise<Freed | undefined> {
    const now = timeText(clock.now())
    if (outcome.status === 'released') {
      return store.requeueJob(tx, job, { now, run_at: now, error: null, error_internal: null, uncounted: 1 })
    }
    if (outcome.status !== 'failed') {
      return store.endJob(tx, job, { status: outcome.status, error: null, error_internal: null, now })
    }
    const shown = {
      error: storable(publicReason(outcome.error)),
      error_internal: storable(String(outcome.error)),
    }
    if (isFinal(outcome.error) || job.attempts >= job.max_attempts) {
      return store.endJob(tx, job, { status: 'failed', ...shown, now })
    }
    const pauseMs = pauseAfter(job.attempts, outcome.retry, random())
    return store.requeueJob(tx, job, {
      now,
      run_at: timeText(clock.now() + pauseMs * 1000),
      ...shown,
      uncounted: 0,
    })
  }
}

/** How long to wait after the n-th attempt (from 1) failed. `jitter` is from 0 to 1. */
export function pauseAfter(attempt: number, { baseMs, maxMs }: RetryPolicy, jitter: number): number {
  const pauseMs = Math.min(maxMs, baseMs * 2 ** (attempt - 1))
  return Math.round(pauseMs * (0.5 + 0.5 * jitter))
}

/** What is wrong with the work itself stays wrong, however often it is tried. */
function isFinal(error: unknown): boolean {
  return error instanceof AppError && ERRORS[error.code].status < 500
}

function publicReason(error: unknown): string {
  return error instanceof AppError
    ? error.message
    : 'something went wrong here; the log has the reason under this job'
}

/** PostgreSQL takes no text with U+0000. */
function storable(reason: string): string {
  return reason.slice(0, 2000).replaceAll('\0', '\uFFFD')
}

function refuse(held: Held): never {
  throw new AppError('conflict', `job ${held.id} now belongs to another worker, or has ended`)
}

function isKey(value: unknown): value is [string, string] {
  return Array.isArray(value) && value.length === 2 && value.every((item) => typeof item === 'string')
}
