// The time, as an argument: everything that asks for now takes a Clock, so that a test can stop it.

import type { Instant } from './engine/sql.ts'

export interface Clock {
  /** Microseconds since 1970. */
  now(): Instant
}

export const systemClock: Clock = { now: () => Date.now() * 1000 }
