// Whether the process is up, and whether it can serve: for those who watch it and for proxies before it.

import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'

/** Something that must answer for the service to be of use; `check` throws when it does not. */
export interface HealthCheck {
  name: string
  check(): Promise<void>
}

const CHECK_TIMEOUT_MS = 2_000

const Ready = Type.Object({
  ready: Type.Boolean(),
  checks: Type.Record(Type.String(), Type.String({ description: 'ok, or why not' })),
  warnings: Type.Array(Type.String(), { description: 'What is wrong although requests are served' }),
})

export interface HealthOptions {
  checks: HealthCheck[]
  /** Shown to who asks; they make nothing unready. */
  warnings: string[]
  isClosing(): boolean
}

/** `/healthz` answers 200 while the process runs; `/readyz` 503 while anything needed is missing or it is ending. */
export function addHealth(http: FastifyInstance, { checks, warnings, isClosing }: HealthOptions): void {
  const open = { needs: 'anyone', limit: 'none' } as const
  const tags = ['operation']
  http.get(
    '/healthz',
    {
      config: open,
      schema: {
        tags,
        summary: 'Whether the process is up',
        response: { 200: Type.Object({ status: Type.Literal('up') }) },
      },
    },
    async () => ({ status: 'up' }),
  )
  http.get(
    '/readyz',
    {
      config: open,
      schema: { tags, summary: 'Whether requests can be served', response: { 200: Ready, 503: Ready } },
    },
    async (request, reply) => {
      const results = await Promise.all(
        checks.map(async (one) => [one.name, await outcome(one, request.log)] as const),
      )
      const closing = isClosing() ? [['process', 'ending'] as const] : []
      const all = [...results, ...closing]
      const ready = all.every(([, result]) => result === 'ok')
      // Not a problem document: those who probe read which part is missing.
      if (!ready) reply.code(503).header('retry-after', '1')
      return { ready, checks: Object.fromEntries(all), warnings }
    },
  )
}

async function outcome(
  { name, check }: HealthCheck,
  log: { warn(fields: object, message: string): void },
): Promise<string> {
  try {
    return await Promise.race([check().then(() => 'ok'), timeout()])
  } catch (error) {
    log.warn({ err: error, check: name }, 'a readiness check failed')
    return 'does not answer'
  }
}

function timeout(): Promise<string> {
  return new Promise((resolve) =>
    setTimeout(() => resolve('does not answer in time'), CHECK_TIMEOUT_MS).unref(),
  )
}
