// How long a name must wait after wrong passwords: longer each time, for one network alone, and never for good. Nobody
// elsewhere is kept out by it, and whether the name exists makes no difference.

import { LRUCache } from 'lru-cache'
import type { Clock } from '../../clock.ts'
import type { Instant } from '../../engine/sql.ts'
import { AppError } from '../../errors.ts'

const SECOND = 1_000_000
/** Slips of the keyboard cost nothing. */
const FREE_TRIES = 3
const LONGEST = 60 * SECOND
/** After that long without a wrong password, a name begins anew. */
const FORGOTTEN = 15 * 60 * SECOND
const KEPT_IN_MEMORY = 10_000

export function createSignInDelay(clock: Clock) {
  const wrong = new LRUCache<string, { times: number; last: Instant }>({ max: KEPT_IN_MEMORY })
  const keyOf = (name: string, network: string): string => JSON.stringify([name, network])

  function timesOf(key: string): { times: number; last: Instant } {
    const held = wrong.get(key)
    return held === undefined || clock.now() - held.last > FORGOTTEN ? { times: 0, last: 0 } : held
  }

  return {
    /** Throws `rate_limited` with the time to wait while it is too early for another try. */
    check(name: string, network: string): void {
      const { times, last } = timesOf(keyOf(name, network))
      if (times < FREE_TRIES) return
      const wait = last + Math.min(LONGEST, SECOND * 2 ** (times - FREE_TRIES)) - clock.now()
      if (wait <= 0) return
      const retry_after_seconds = Math.ceil(wait / SECOND)
      throw new AppError(
        'rate_limited',
        `too many wrong passwords for this name; try again in ${retry_after_seconds} seconds`,
        { extra: { retry_after_seconds } },
      )
    },

    /** To be called with what became of each try. */
    note(name: string, network: string, right: boolean): void {
      const key = keyOf(name, network)
      if (right) wrong.delete(key)
      else wrong.set(key, { times: timesOf(key).times + 1, last: clock.now() })
    },
  }
}
