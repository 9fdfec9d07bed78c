// Ends requests whose bodies never end. Uploads take as long as the server lets a request take; anything else is small.

import type { FastifyInstance } from 'fastify'

/** The largest body over a slow line: 16 MB at a megabit a second. */
export const BODY_TIMEOUT_MS = 130_000

/** Closes the connection of what came too slowly: whoever sends so would not read an answer either. */
export function addBodyTimeout(http: FastifyInstance, timeoutMs: number): void {
  const ordinary = http.initialConfig.bodyLimit
  http.addHook('preParsing', async (request, _reply, payload) => {
    const { raw, routeOptions } = request
    if (raw.complete || routeOptions.bodyLimit !== ordinary) return payload
    const timer = setTimeout(() => raw.destroy(), timeoutMs).unref()
    raw.once('close', () => clearTimeout(timer)).once('end', () => clearTimeout(timer))
    return payload
  })
}
