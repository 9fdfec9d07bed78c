// The routes as they were registered: who may call each, and which methods an address takes. Refuses a route that
// does not say who may call it.

import type { RouteOptions } from 'fastify'
import type { Need } from '../../contract/accounts.ts'
import type { AppError } from '../errors.ts'
import type { Credentials } from './authenticate.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call the route. Every route of ours says so. */
    needs?: Need
    /** Whether the route honours `idempotency-key`; when left out, so does a POST that answers 201. */
    idempotent?: boolean
    /** Trying to sign in is limited more strictly; those who watch the service are never refused. */
    limit?: 'sign-in' | 'none'
    /** How many of these one account may have under way is limited. */
    costs?: 'query' | 'upload'
    /** Not kept in the audit, although it is no GET: it asks, or ends what only the caller has. */
    changesNothing?: boolean
    /** What the audit calls it, where the method does not say. */
    action?: string | ((query: unknown) => string)
    /** Errors are answered as RFC 6749 asks of a token endpoint. */
    oauth?: boolean
    /** Reads credentials as the route's protocol sends them, beside a bearer token and the cookie. */
    credentials?: (request: FastifyRequest) => Credentials | undefined
    /** The JSON of an error where the route's protocol has a shape of its own; the status is that of our table. */
    errorBody?: (error: AppError, status: number) => object
  }
}

/** A route by method; `url` has its parameters as `:name`. */
export interface Route {
  method: string
  url: string
  needs: Need
  idempotent: boolean
  /** Whether the audit keeps what it does. */
  audited: boolean
  schema: RouteOptions['schema']
}

export interface RouteTable {
  readonly routes: readonly Route[]
  /** To be called for each route as it is registered. Throws when the route declares no need. */
  add(options: RouteOptions): void
  /** The route that answers a path (without its query string). */
  find(method: string, path: string): Route | undefined
  /** Whether the audit keeps what a route does; `url` is its pattern. */
  isAudited(method: string, url: string): boolean
  /** The methods that a path takes; empty when there is nothing there. */
  methodsAt(path: string): string[]
}

/** `openPrefixes`: where plugins register routes of their own, which anyone may call. */
export function createRouteTable(openPrefixes: string[]): RouteTable {
  const routes: (Route & { pattern: RegExp })[] = []
  const audited = new Set<string>()
  const isOpen = (url: string): boolean =>
    openPrefixes.some((prefix) => url === prefix || url.startsWith(`${prefix}/`))
  return {
    routes,
    add: (options) => {
      const needs = options.config?.needs ?? (isOpen(options.url) ? 'anyone' : undefined)
      if (needs === undefined) {
        throw new Error(
          `${String(options.method)} ${options.url} does not say who may call it: set config.needs`,
        )
      }
      const idempotent = options.config?.idempotent ?? isCreation(options)
      options.config = { ...options.config, needs, idempotent }
      for (const method of [options.method].flat()) {
        if (isAudited(method, options)) audited.add(`${method} ${options.url}`)
        routes.push({
          method,
          url: options.url,
          needs,
          idempotent,
          audited: isAudited(method, options),
          schema: options.schema,
          pattern: patternOf(options.url),
        })
      }
    },
    find: (method, path) =>
      routes
        .filter((route) => route.method === method && route.pattern.test(path))
        .toSorted((a, b) => parameterCount(a) - parameterCount(b))[0],
    isAudited: (method, url) => audited.has(`${method} ${url}`),
    methodsAt: (path) => [
      ...new Set(
        routes.filter(({ url, pattern }) => url !== '/*' && pattern.test(path)).map(({ method }) => method),
      ),
    ],
  }
}

/** Whatever changes something but the data that programs send in. */
function isAudited(method: string, { config }: RouteOptions): boolean {
  const isUnsafe = !['GET', 'HEAD', 'OPTIONS'].includes(method)
  return isUnsafe && ['user', 'manager'].includes(config?.needs ?? '') && config?.changesNothing !== true
}

function isCreation({ method, schema }: RouteOptions): boolean {
  return method === 'POST' && Object.hasOwn(schema?.response ?? {}, 201)
}

function patternOf(url: string): RegExp {
  const parts = url.split('/').map((part) => {
    if (part === '*') return '.*'
    return part
      .split(/(:[a-z_]+)/)
      .map((piece) => (piece.startsWith(':') ? '[^/]+' : piece.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')))
      .join('')
  })
  return new RegExp(`^${parts.join('/')}$`)
}

/** A fixed path stands before one with parameters, and both before the wildcard. */
function parameterCount({ url }: Route): number {
  return url.includes('*') ? Number.POSITIVE_INFINITY : url.split(':').length
}
