// What a kind of job is: the shape of its payload, how it is tried again, and the work. Types only.

import type { Static, TSchema } from 'typebox'

/** The n-th attempt that fails is followed by a pause of half to all of `baseMs * 2^(n-1)`, at most `maxMs`. */
export interface RetryPolicy {
  baseMs: number
  maxMs: number
}

/** One attempt at a job, as its work sees it. */
export interface JobRun {
  readonly id: string
  /** Grows with every claim; `jobs.assertHeld(tx, run)` refuses an older one. */
  readonly fence: number
  /** From 1. */
  readonly attempt: number
  /** Ends when the job is cancelled, its lease is lost, or the worker stops. */
  readonly signal: AbortSignal
  /** From 0 to 1; shown within a second or two. */
  progress(share: number): void
}

export interface JobKind<S extends TSchema = TSchema> {
  readonly kind: string
  /** A payload of another shape fails the job at once. */
  readonly payload: S
  readonly retry: RetryPolicy
  /**
   * Does the work; may run again after a failure, and after a crash. An AppError below 500 fails the job for good,
   * any other error is tried again until `max_attempts`.
   */
  run(payload: Static<S>, run: JobRun): Promise<void>
}
