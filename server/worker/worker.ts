// Does the work that is queued: claim, run, settle. Knows no kind of job but by what it is given.

import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { Check } from 'typebox/value'
import type { Clock } from '../clock.ts'
import type { JobKind, JobRun } from '../domains/jobs/kind.ts'
import type { ClaimedJob, JobService, Outcome } from '../domains/jobs/service.ts'
import { AppError } from '../errors.ts'

/** How long a worker without work waits before it looks again. */
const LOOK_EVERY_MS = 1_000
/** Progress is written at most this often. */
const BEAT_EVERY_MS = 1_000

export interface WorkerLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export interface WorkerDeps {
  jobs: JobService
  kinds: readonly JobKind[]
  /** How many jobs run at once. */
  concurrency: number
  clock: Clock
  log: WorkerLog
}

export interface Worker {
  start(): void
  /** Looks for work at once. */
  notify(): void
  /**
   * Takes no more work and waits for what runs; after `graceMs` that is told to stop and goes back to the queue.
   * Resolves when nothing runs.
   */
  stop(graceMs?: number): Promise<void>
}

interface Attempt {
  job: ClaimedJob
  controller: AbortController
  progress: number
  /** Why it was told to stop. */
  stopped: 'cancelled' | 'released' | 'lost' | undefined
}

export function createWorker({ jobs, kinds, concurrency, clock, log }: WorkerDeps): Worker {
  const name = `${hostname()} ${process.pid} ${randomUUID().slice(0, 8)}`
  const byName = new Map(kinds.map((kind) => [kind.kind, kind]))
  const running = new Set<Attempt>()
  const bell = createBell()
  const state: { stopping: boolean; loop: Promise<void>; unlisten: () => void } = {
    stopping: false,
    loop: Promise.resolve(),
    unlisten: () => {},
  }

  async function takeWork(): Promise<void> {
    while (!state.stopping) {
      bell.clear()
      const job = running.size < concurrency ? await claim() : undefined
      if (job === undefined) await bell.rung(LOOK_EVERY_MS)
      else void attempt(job)
    }
  }

  async function claim(): Promise<ClaimedJob | undefined> {
    try {
      return await jobs.claim([...byName.keys()], name)
    } catch (error) {
      log.warn({ err: error }, 'jobs cannot be looked for')
      return undefined
    }
  }

  async function attempt(job: ClaimedJob): Promise<void> {
    const current: Attempt = { job, controller: new AbortController(), progress: 0, stopped: undefined }
    running.add(current)
    const startedAt = clock.now()
    const stopBeating = beat(current)
    const outcome = await run(current)
    await stopBeating()
    const fields = { job_id: job.id, kind: job.kind, attempt: job.attempts }
    const duration_ms = Math.round((clock.now() - startedAt) / 1000)
    try {
      if (current.stopped !== 'lost') await jobs.settle(job, outcome)
      if (outcome.status === 'failed')
        log.error({ ...fields, duration_ms, err: outcome.error }, 'a job failed')
      else log.info({ ...fields, duration_ms, outcome: current.stopped ?? outcome.status }, 'a job ended')
    } catch (error) {
      log.warn({ ...fields, err: error }, 'the end of a job could not be written')
    }
    running.delete(current)
    bell.ring()
  }

  async function run(current: Attempt): Promise<Outcome> {
    const { job, controller } = current
    const kind = byName.get(job.kind)
    if (kind === undefined) throw new Error(`a job of the unknown kind ${job.kind} was claimed`)
    const view: JobRun = {
      id: job.id,
      fence: job.fence,
      attempt: job.attempts,
      signal: controller.signal,
      progress: (share) => {
        current.progress = share
      },
    }
    try {
      if (!Check(kind.payload, job.payload))
        throw new AppError('invalid', 'the payload is not of the shape that this kind of job takes')
      await kind.run(job.payload, view)
      return { status: 'done' }
    } catch (error) {
      if (current.stopped === 'cancelled') return { status: 'cancelled' }
      if (current.stopped === 'released') return { status: 'released' }
      return { status: 'failed', error, retry: kind.retry }
    }
  }

  /** Keeps the lease, and shows progress; answers how to stop, which waits for a beat under way. */
  function beat(current: Attempt): () => Promise<void> {
    const last = { at: performance.now(), progress: 0, sent: Promise.resolve() }
    const timer = setInterval(
      () => {
        const isDue = performance.now() - last.at >= jobs.leaseMs / 3
        if (!isDue && current.progress === last.progress) return
        last.at = performance.now()
        last.progress = current.progress
        last.sent = last.sent.then(() => sendBeat(current))
      },
      Math.min(BEAT_EVERY_MS, jobs.leaseMs / 3),
    )
    timer.unref()
    return () => {
      clearInterval(timer)
      return last.sent
    }
  }

  async function sendBeat(current: Attempt): Promise<void> {
    try {
      const { cancel_requested } = await jobs.heartbeat(current.job, current.progress)
      if (cancel_requested) stopAttempt(current, 'cancelled')
    } catch (error) {
      if (error instanceof AppError && error.code === 'conflict') stopAttempt(current, 'lost')
      else log.warn({ job_id: current.job.id, err: error }, 'a sign of life could not be written')
    }
  }

  return {
    start() {
      state.unlisten = jobs.listen({
        onReady: bell.ring,
        onCancel: (id) => {
          for (const current of running) if (current.job.id === id) stopAttempt(current, 'cancelled')
        },
      })
      state.loop = takeWork()
    },
    notify: bell.ring,
    async stop(graceMs = 10_000) {
      state.stopping = true
      state.unlisten()
      bell.ring()
      await state.loop
      const timer = setTimeout(() => {
        for (const current of running) stopAttempt(current, 'released')
      }, graceMs)
      while (running.size > 0) {
        bell.clear()
        await bell.rung(LOOK_EVERY_MS)
      }
      clearTimeout(timer)
    },
  }
}

function stopAttempt(current: Attempt, why: 'cancelled' | 'released' | 'lost'): void {
  current.stopped ??= why
  current.controller.abort(new Error(`the job was ${why}`))
}

/** Wakes the one who waits; a ring before the waiting begins is not missed. */
function createBell() {
  const state: { rang: boolean; wake: () => void } = { rang: false, wake: () => {} }
  return {
    clear(): void {
      state.rang = false
    },
    ring(): void {
      state.rang = true
      state.wake()
    },
    /** Resolves at the next ring, or after a while. */
    async rung(atMostMs: number): Promise<void> {
      if (state.rang) return
      const { promise, resolve } = Promise.withResolvers<void>()
      state.wake = resolve
      const timer = setTimeout(resolve, atMostMs)
      timer.unref()
      await promise
      clearTimeout(timer)
    },
  }
}
