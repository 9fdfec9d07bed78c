// Notices every change that is made through the door, whatever it is about, and has it kept with what the thing was
// before and after. Knows no noun: the first word of an address says what it is, and `looks` how it looks.

import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Change } from '../domains/audit/service.ts'
import { AppError } from '../errors.ts'
import type { RouteTable } from './route-table.ts'

/** How things look to their readers, by the first word of their address: `dashboards` gives one by its id. */
export type Looks = Record<string, (id: string) => Promise<object>>

export interface AuditOptions {
  routes: RouteTable
  looks: Looks
  record(change: Change): Promise<void>
}

declare module 'fastify' {
  interface FastifyRequest {
    /** What the request is about to change, from just before it does so until it is answered. */
    change: Change | null
  }
}

const PREFIX = '/api/v1/'
const ACTIONS: Record<string, string> = { POST: 'create', PUT: 'replace', PATCH: 'change', DELETE: 'delete' }

/** An entry is kept before the answer goes out, so that what was acknowledged is in the audit. */
export function addAudit(http: FastifyInstance, { routes, looks, record }: AuditOptions): void {
  const look = async (subject: string, id: string | null): Promise<object | null> => {
    if (id === null || !Object.hasOwn(looks, subject)) return null
    try {
      return (await looks[subject]?.(id)) ?? null
    } catch (error) {
      if (error instanceof AppError && error.code === 'not_found') return null
      throw error
    }
  }

  http.decorateRequest('change', null)

  http.addHook('preHandler', async (request) => {
    const { url = '', config } = request.routeOptions
    if (!routes.isAudited(request.method, url)) return
    const { subject, subject_id } = subjectOf(url, request.params)
    request.change = {
      action: actionOf(request, url, config.action),
      path: request.url,
      subject,
      subject_id,
      members: membersOf(request.body),
      before: await look(subject, subject_id),
      after: null,
    }
  })

  http.addHook('onSend', async (request, reply, payload) => {
    const { change } = request
    request.change = null
    if (change === null || reply.statusCode >= 400) return payload
    const made = subjectOfLocation(reply.getHeader('location'))
    const { subject, subject_id } = change.subject_id === null && made !== undefined ? made : change
    try {
      await record({ ...change, subject, subject_id, after: await look(subject, subject_id) })
    } catch (error) {
      // The change is made: to answer an error now would be untrue.
      request.log.error(
        { err: error, change: { ...change, before: null } },
        'a change is missing from the audit',
      )
    }
    return payload
  })
}

/** `loads` and the id for `/api/v1/loads/:id/rejects/replay`; no id where the address has none. */
function subjectOf(url: string, params: unknown): Pick<Change, 'subject' | 'subject_id'> {
  const [subject = '', parameter = ''] = url.slice(PREFIX.length).split('/')
  const values = (params ?? {}) as Record<string, string> // by the router
  return { subject, subject_id: parameter.startsWith(':') ? (values[parameter.slice(1)] ?? null) : null }
}

function subjectOfLocation(location: unknown): Pick<Change, 'subject' | 'subject_id'> | undefined {
  if (typeof location !== 'string' || !location.startsWith(PREFIX)) return undefined
  const [subject, id] = location.slice(PREFIX.length).split('/')
  return subject === undefined || id === undefined
    ? undefined
    : { subject, subject_id: decodeURIComponent(id) }
}

/** What the route says; otherwise the last word after the id (`replay`), or what the method means. */
function actionOf(
  { method, query }: FastifyRequest,
  url: string,
  given: string | ((query: unknown) => string) | undefined,
): string {
  if (given !== undefined) return typeof given === 'string' ? given : given(query)
  const words = url.slice(PREFIX.length).split('/')
  const last = words.at(-1) ?? ''
  const isVerb = method === 'POST' && words.length > 1 && !last.startsWith(':')
  return isVerb ? last : (ACTIONS[method] ?? method)
}

function membersOf(body: unknown): string[] {
  const isPlain =
    typeof body === 'object' && body !== null && Object.getPrototypeOf(body) === Object.prototype
  return isPlain ? Object.keys(body) : []
}
