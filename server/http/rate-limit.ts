// How many requests a minute: for each account, each key and each network, with a burst of a whole minute. Kept in
// memory; what is more than half used also goes to control every few seconds, so that a restart gives nothing for free.

import type { FastifyReply, FastifyRequest } from 'fastify'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.ts'
import { instantOf, timeText } from '../engine/control/time.ts'
import type { Control } from '../engine/db.ts'
import type { Instant } from '../engine/sql.ts'
import { AppError } from '../errors.ts'
import type { SignedIn } from './authenticate.ts'
import { listLimits, replaceLimits } from './store.ts'

const SECOND = 1_000_000
const MINUTE = 60 * SECOND
const KEPT_IN_MEMORY = 50_000
/** Devices send small requests, many of them. */
const INTAKE_TIMES = 10
/** Of the requests that a network may send, this part may be tries to sign in; never fewer than the least. */
const SIGN_IN_PART = 0.01
const SIGN_IN_LEAST = 10

interface Policy {
  name: 'account' | 'intake' | 'network' | 'sign-in'
  perMinute: number
}

export interface RateLimitOptions {
  /** For an account or a network; 0 for no limit at all. */
  perMinute: number
  clock: Clock
  control: Control
}

export interface RateLimits {
  /** Counts a request. Throws `rate_limited`; says in headers how much is left. */
  charge(request: FastifyRequest, reply: FastifyReply, signedIn: SignedIn | undefined): void
  /** Takes up what an earlier process kept. */
  restore(): Promise<void>
  /** Keeps what is more than half used. */
  keep(): Promise<void>
}

export function createRateLimits({ perMinute, clock, control }: RateLimitOptions): RateLimits {
  // When each bucket will be whole again: how far that lies ahead is how much of its minute is used.
  const wholeAt = new LRUCache<string, Instant>({ max: KEPT_IN_MEMORY })
  let anyKept = false

  /** Counts one; answers how many are left and when all are back, or undefined for too many. */
  function take(bucket: string, policy: Policy) {
    const now = clock.now()
    const cost = MINUTE / policy.perMinute
    const whole = Math.min(Math.max(wholeAt.get(bucket) ?? now, now), now + MINUTE)
    const next = whole + cost
    if (next > now + MINUTE) return { left: -1, seconds: Math.ceil((next - now - MINUTE) / SECOND) }
    wholeAt.set(bucket, next)
    return { left: Math.floor((now + MINUTE - next) / cost), seconds: Math.ceil((next - now) / SECOND) }
  }

  function chargeOne(reply: FastifyReply, policy: Policy, who: string): void {
    const { left, seconds } = take(`${policy.name} ${who}`, policy)
    reply.header('ratelimit-policy', `"${policy.name}";q=${policy.perMinute};w=60`)
    reply.header('ratelimit', `"${policy.name}";r=${Math.max(0, left)};t=${seconds}`)
    if (left >= 0) return
    throw new AppError(
      'rate_limited',
      `at most ${policy.perMinute} of these requests a minute; wait a little`,
      {
        extra: { retry_after_seconds: seconds },
      },
    )
  }

  return {
    charge(request, reply, signedIn) {
      const { limit, needs } = request.routeOptions.config
      if (perMinute === 0 || limit === 'none') return
      const network = request.context.network ?? ''
      if (signedIn === undefined) {
        chargeOne(reply, { name: 'network', perMinute }, network)
        const signIns = Math.max(SIGN_IN_LEAST, Math.round(perMinute * SIGN_IN_PART))
        if (limit === 'sign-in') chargeOne(reply, { name: 'sign-in', perMinute: signIns }, network)
        return
      }
      const who = signedIn.api_key_id ?? signedIn.account.id
      if (needs === 'ingest') chargeOne(reply, { name: 'intake', perMinute: perMinute * INTAKE_TIMES }, who)
      else chargeOne(reply, { name: 'account', perMinute }, who)
    },

    async restore() {
      const rows = await listLimits(control, timeText(clock.now()))
      for (const { bucket, whole_at } of rows) wholeAt.set(bucket, instantOf(whole_at))
      anyKept = rows.length > 0
    },

    async keep() {
      const now = clock.now()
      const used = [...wholeAt.entries()].filter(([, whole]) => whole > now + MINUTE / 2)
      if (used.length === 0 && !anyKept) return
      anyKept = used.length > 0
      const rows = used.map(([bucket, whole]) => ({ bucket, whole_at: timeText(whole) }))
      await replaceLimits(control, rows, timeText(now))
    },
  }
}
