// How much one account may have under way at once: questions to the warehouse and files on their way in. One who asks
// for everything at once leaves room for the others.

import type { FastifyInstance } from 'fastify'
import { AppError } from '../errors.ts'

/** Several pages with many panels ask for about this much. */
export const UNDER_WAY = { query: 64, upload: 8 }
const WORDS = { query: 'questions', upload: 'uploads' }

/** Refuses with `rate_limited` what is more. Counts routes that say what they cost. */
export function addInFlightLimits(http: FastifyInstance, most: typeof UNDER_WAY = UNDER_WAY): void {
  const underWay = new Map<string, number>()
  http.addHook('onRequest', async (request, reply) => {
    const { costs } = request.routeOptions.config
    const { account } = request.context
    if (costs === undefined || account === null) return
    const key = `${costs} ${account.id}`
    const before = underWay.get(key) ?? 0
    if (before >= most[costs]) {
      const detail = `at most ${most[costs]} ${WORDS[costs]} of an account may be under way at once; wait for one to end`
      throw new AppError('rate_limited', detail, { extra: { retry_after_seconds: 1 } })
    }
    underWay.set(key, before + 1)
    // Comes once, whether the answer went out or the client went away.
    reply.raw.once('close', () => {
      const now = (underWay.get(key) ?? 1) - 1
      if (now === 0) underWay.delete(key)
      else underWay.set(key, now)
    })
  })
}
