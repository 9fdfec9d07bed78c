// Names and passwords of programs that send both with every request: checked once, then known for a while, since each
// check takes 20 ms. Keeps no password: only a keyed digest, under a key that ends with the process.

import { createHmac, randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../../clock.ts'
import type { Instant } from '../../engine/sql.ts'

/** For so long another process may have given an account another password; in microseconds. */
const KNOWN_FOR = 30_000_000
const KEPT_IN_MEMORY = 1000

interface Kept<T> {
  outcome: Promise<T | undefined>
  until: Instant
  wasRight: boolean
}

/**
 * `check` says who has a name and password; what it answers for wrong ones, undefined, is kept as well. It is told
 * whether they were right the last time: then no others that were wrong in between are held against them.
 */
export function createKnownPasswords<T>(
  check: (name: string, password: string, wasRight: boolean) => Promise<T | undefined>,
  clock: Clock,
) {
  const key = randomBytes(32)
  const kept = new LRUCache<string, Kept<T>>({ max: KEPT_IN_MEMORY })

  return {
    /** What `check` answers; many who ask for the same at once wait for one check. */
    find(name: string, password: string): Promise<T | undefined> {
      const digest = createHmac('sha256', key)
        .update(JSON.stringify([name, password]))
        .digest('base64url')
      const now = clock.now()
      const held = kept.get(digest)
      if (held !== undefined && now < held.until) return held.outcome
      const outcome = check(name, password, held?.wasRight ?? false)
      const entry = { outcome, until: now + KNOWN_FOR, wasRight: held?.wasRight ?? false }
      kept.set(digest, entry)
      // A check that failed has no outcome; whoever asked hears of it from the promise returned.
      outcome.then(
        (found) => {
          entry.wasRight = found !== undefined
        },
        () => {
          entry.until = now
        },
      )
      return outcome
    },

    /** To be called after an account was given another password. */
    forget(): void {
      kept.clear()
    },
  }
}
