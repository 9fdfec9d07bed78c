// The context of a request: made when it comes in, around everything that is done for it, and one line in the log
// when it is over.

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type RequestContext, runWith, traceId } from '../context.ts'
import { networkOf } from './network.ts'

declare module 'fastify' {
  interface FastifyRequest {
    context: RequestContext
  }
}

/** Paths that are asked so often that their lines would bury the others. */
const PROBES = ['/healthz', '/readyz']

export function addRequestContext(http: FastifyInstance): void {
  // Set in the first hook of every request, before anything can read it.
  http.decorateRequest('context')
  http.addHook('onRequest', (request, reply, done) => {
    const trace_id = traceId(request.headers.traceparent)
    const where = { address: request.ip, network: networkOf(request.ip) }
    request.context = { request_id: request.id, trace_id, account: null, scopes: [], ...where }
    reply.header('x-request-id', request.id)
    runWith(request.context, done)
  })
  // Reading a body continues in the context of the socket, not of the request.
  http.addHook('preValidation', (request, _reply, done) => runWith(request.context, done))
  http.addHook('onResponse', async (request, reply) =>
    logLine(request, { status: reply.statusCode, duration_ms: Math.round(reply.elapsedTime * 10) / 10 }),
  )
  http.addHook('onRequestAbort', async (request) => logLine(request, { aborted: true }))
}

function logLine(request: FastifyRequest, fields: object): void {
  const level = PROBES.includes(request.url) ? 'debug' : 'info'
  const route = request.routeOptions.url ?? 'none'
  runWith(request.context, () =>
    request.log[level](
      { method: request.method, route, path: request.url.split('?')[0], ...fields },
      'request',
    ),
  )
}
