// Entity tags on reads, and 304 for those who have the answer already. A service that knows its answer's version may
// set the tag itself, on a stream too.

import { hash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'

/** Tags are weak: the same answer may be sent compressed in several ways. */
export function addEntityTags(http: FastifyInstance): void {
  http.addHook('onSend', async (request, reply, payload) => {
    if ((request.method !== 'GET' && request.method !== 'HEAD') || reply.statusCode !== 200) {
      if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store')
      return payload
    }
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'private, no-cache')
    if (!reply.hasHeader('etag') && (typeof payload === 'string' || Buffer.isBuffer(payload))) {
      reply.header('etag', `W/"${hash('sha1', payload, 'base64url')}"`)
    }
    const tag = reply.getHeader('etag')
    if (typeof tag !== 'string' || !isNamed(tag, request.headers['if-none-match'])) return payload
    if (payload instanceof Readable) payload.destroy()
    reply.code(304).removeHeader('content-length').removeHeader('content-type')
    return null
  })
}

/** RFC 9110, section 13.1.2: weak comparison with each of a list; `*` names whatever there is. */
function isNamed(tag: string, ifNoneMatch: string | undefined): boolean {
  if (ifNoneMatch === undefined) return false
  const opaque = (text: string): string => text.trim().replace(/^W\//, '')
  return ifNoneMatch.trim() === '*' || ifNoneMatch.split(',').some((one) => opaque(one) === opaque(tag))
}
