// Tells what was asked for: each answered request with its account, route, rows and time. Nothing waits for it.

import type { FastifyInstance } from 'fastify'

/** A request that was answered. */
export interface Served {
  /** Empty for those who were not signed in. */
  account_id: string
  /** Method and pattern, such as `GET /api/v1/assets/:id`. */
  route: string
  failed: boolean
  /** That came in, or items of a list that was answered. */
  rows: number
  duration_ms: number
}

export function addUsage(http: FastifyInstance, note: (served: Served) => void): void {
  http.addHook('preSerialization', async (request, _reply, answer) => {
    if (request.method === 'GET') request.context.rows = rowsOf(answer)
    return answer
  })
  http.addHook('onResponse', async (request, reply) => {
    const { url, config } = request.routeOptions
    // Those who watch the service would bury the others.
    if (config.limit === 'none') return
    note({
      account_id: request.context.account?.id ?? '',
      route: url === undefined ? 'nothing there' : `${request.method} ${url}`,
      failed: reply.statusCode >= 400,
      rows: request.context.rows ?? 0,
      duration_ms: reply.elapsedTime,
    })
  })
}

/** How many there are of what answers list: items of a page, or rows. */
function rowsOf(answer: unknown): number {
  const { items, rows } = (answer ?? {}) as { items?: unknown; rows?: unknown } // any answer; only looked at
  if (Array.isArray(items)) return items.length
  return Array.isArray(rows) ? rows.length : 0
}
