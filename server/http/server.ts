// The HTTP door: how requests are taken, checked and answered, whatever they are about. Knows no noun; the routes of
// the domains are handed to it.

import { readFileSync } from 'node:fs'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import fastifyCompress from '@fastify/compress'
import fastifyCookie from '@fastify/cookie'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import { requestId } from '../context.ts'
import type { Control } from '../engine/db.ts'
import { AppError, ERRORS, type ErrorCode } from '../errors.ts'
import type { Log } from '../log.ts'
import { addAddressRules } from './address-rules.ts'
import { type AuditOptions, addAudit } from './audit.ts'
import { type Authenticator, createAuthenticate } from './authenticate.ts'
import { addErrorPage } from './error-page.ts'
import { addEntityTags } from './etag.ts'
import { addHealth, type HealthCheck } from './health.ts'
import { addIdempotency } from './idempotency.ts'
import { addInFlightLimits } from './in-flight.ts'
import { addJsonParser } from './json.ts'
import { addOpenapi } from './openapi.ts'
import { addPages, nothingThere } from './pages.ts'
import { addPressure, watchPressure } from './pressure.ts'
import { answerProblem, PROBLEM_TYPE, problemOf } from './problem.ts'
import { createRateLimits, type RateLimits } from './rate-limit.ts'
import { addRequestContext } from './request-context.ts'
import { createRouteTable, type RouteTable } from './route-table.ts'
import { addSecurityHeaders } from './security.ts'
import { addBodyTimeout, BODY_TIMEOUT_MS } from './slow-bodies.ts'
import { addUsage, type Served } from './usage.ts'
import { createValidatorCompiler } from './validation.ts'

const HEADERS_TIMEOUT_MS = 10_000
/** How late a connection that is too slow may be noticed. */
const SLOWNESS_CHECKED_EVERY_MS = 1000
/** For a whole request: an upload of the largest size over a slow line. */
const REQUEST_TIMEOUT_MS = 30 * 60_000
/** Longer than proxies keep a connection, so that they are the ones to close it. */
const KEEP_ALIVE_MS = 75_000
const SWEEP_EVERY_MS = 50
/** What is only counted in memory is written this often, and at the end. */
const KEEP_EVERY_MS = 5000
const ROOT = join(import.meta.dirname, '../..')

export interface DoorOptions {
  config: Config
  log: Log
  clock: Clock
  version: string
  control: Control
  authenticator: Authenticator
  cookieName: string
  audit: Pick<AuditOptions, 'looks' | 'record'>
  usage: { note(served: Served): void; flush(): Promise<void> }
  checks: HealthCheck[]
  /** What is wrong although the service works, for who looks after it. */
  warnings: string[]
  /** The routes of each domain, put below /api/v1 in this order. */
  routes: FastifyPluginAsyncTypebox[]
  /** Routes whose whole address is given from outside, such as those of another product's protocol. */
  rootRoutes: FastifyPluginAsyncTypebox[]
}

export interface Door {
  http: FastifyInstance
  routes: RouteTable
  /** From now on /readyz answers 503, so that proxies send nothing more. */
  announceClosing(): void
  /** Stops accepting and resolves when what is in flight has been answered. */
  close(): Promise<void>
}

/** Makes the server, ready to listen or to be asked by `inject`. */
export async function createDoor(options: DoorOptions): Promise<Door> {
  const { config, control, clock } = options
  const http = createFastify(options)
  const routes = createRouteTable(['/docs'])
  const limits = createRateLimits({ perMinute: config.rateLimitPerMinute, clock, control })
  const pressure = watchPressure()
  let closing = false
  http.addHook('onRoute', routes.add)
  http.setValidatorCompiler(createValidatorCompiler())
  // Answers may be large or hold numbers that JSON lacks; the compiled serializer is slower and fails on those.
  http.setSerializerCompiler(() => (answer) => JSON.stringify(answer))
  http.setErrorHandler(answerProblem)
  http.setNotFoundHandler((request) => {
    throw nothingThere(request.url.split('?')[0] ?? '/', request.method, routes)
  })
  http.removeAllContentTypeParsers()
  addJsonParser(http)
  addRequestContext(http)
  await http.register(fastifyCookie)
  const https = config.env === 'production'
  await addSecurityHeaders(http, { https })
  addUsage(http, options.usage.note)
  addPressure(http, pressure.reason)
  addAddressRules(http, { hosts: hostsOf(config), https })
  http.addHook(
    'onRequest',
    createAuthenticate({ ...options, publicOrigin: originOf(config.publicUrl), limits }),
  )
  addInFlightLimits(http)
  addBodyTimeout(http, BODY_TIMEOUT_MS)
  addIdempotency(http, control, clock)
  addAudit(http, { routes, ...options.audit })
  addEntityTags(http)
  await http.register(fastifyCompress, { encodings: ['br', 'zstd', 'gzip'], threshold: 1024 })
  await addOpenapi(http, options)
  addErrorPage(http, readFileSync(join(ROOT, 'docs/errors.md'), 'utf8'))
  addHealth(http, { checks: options.checks, warnings: options.warnings, isClosing: () => closing })
  for (const plugin of options.routes) await http.register(plugin, { prefix: '/api/v1' })
  for (const plugin of options.rootRoutes) await http.register(plugin)
  const surroundings = { ENVIRONMENT: config.env, ZONE: config.tzDefault }
  await addPages(http, { folder: join(ROOT, 'web/dist'), routes, surroundings })
  await http.ready()
  await limits.restore()
  const counts = keepCounts(options, limits)
  const announceClosing = (): void => {
    closing = true
  }
  const close = async (): Promise<void> => {
    await closeDoor(http, announceClosing)
    pressure.stop()
    await counts.stop()
  }
  return { http, routes, announceClosing, close }
}

/** Writes what was counted every few seconds, and a last time when it is stopped. */
function keepCounts({ usage, log }: DoorOptions, limits: RateLimits): { stop(): Promise<void> } {
  const keep = async (): Promise<void> => {
    try {
      await Promise.all([usage.flush(), limits.keep()])
    } catch (error) {
      log.warn({ err: error }, 'what was counted could not be written; it is tried again')
    }
  }
  let last = Promise.resolve()
  const timer = setInterval(() => {
    last = last.then(keep)
  }, KEEP_EVERY_MS).unref()
  return {
    async stop() {
      clearInterval(timer)
      await last
      await keep()
    },
  }
}

/** A connection whose last answer has gone out would otherwise be kept open for another request. */
async function closeDoor(http: FastifyInstance, announceClosing: () => void): Promise<void> {
  announceClosing()
  const sweep = setInterval(() => http.server.closeIdleConnections(), SWEEP_EVERY_MS)
  await http.close()
  clearInterval(sweep)
}

function createFastify({ config, log }: DoorOptions): FastifyInstance {
  // The narrower type would have to be named wherever the server is.
  const loggerInstance: FastifyBaseLogger = log
  return Fastify({
    loggerInstance,
    childLoggerFactory: (logger) => logger,
    logController: new LogController({ disableRequestLogging: true }), // request-context.ts writes one line a request
    genReqId: (request) => requestId(request.headers['x-request-id']),
    trustProxy: config.trustedProxies.length > 0 ? config.trustedProxies : false,
    bodyLimit: config.bodyLimitMb * 1_048_576,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    http: { headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: SLOWNESS_CHECKED_EVERY_MS },
    return503OnClosing: false,
    routerOptions: { maxParamLength: 2000 },
    clientErrorHandler: (error, socket) => answerBrokenRequest(error, socket),
    frameworkErrors: (error, request, reply) => {
      reply.header('x-request-id', request.id)
      answerProblem(error, request, reply)
    },
  })
}

const BROKEN: Record<string, [ErrorCode, string]> = {
  HPE_HEADER_OVERFLOW: ['headers_too_large', 'the headers are larger than 16 KB'],
  ERR_HTTP_REQUEST_TIMEOUT: ['too_slow', 'the request did not come in time'],
}

/** What is not HTTP at all, is too slow, or has too many headers: there is no request to answer by. */
function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const [code, detail] = BROKEN[error.code ?? ''] ?? ['malformed', 'the request is not HTTP']
  const id = requestId(undefined)
  const body = JSON.stringify(problemOf(new AppError(code, detail), '', id))
  const { status } = ERRORS[code]
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      `content-type: ${PROBLEM_TYPE}`,
      `content-length: ${Buffer.byteLength(body)}`,
      `x-request-id: ${id}`,
      'connection: close',
      '',
      body,
    ].join('\r\n'),
  )
}

/** By which names the service may be asked; none for any. */
function hostsOf({ trustedHosts, publicUrl }: Config): string[] {
  return publicUrl === '' ? trustedHosts : [...trustedHosts, new URL(publicUrl).hostname]
}

function originOf(publicUrl: string): string | undefined {
  return publicUrl === '' ? undefined : new URL(publicUrl).origin
}
