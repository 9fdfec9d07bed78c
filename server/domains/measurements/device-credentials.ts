// How devices send who they are: HTTP Basic, and what InfluxDB's clients send. Reads only; nothing is checked here.

import type { FastifyRequest } from 'fastify'

type Credentials = { token: string } | { name: string; password: string }

/** HTTP Basic (RFC 7617): a name and a password. */
export function basicCredentials(request: FastifyRequest): Credentials | undefined {
  const encoded = /^basic +([A-Za-z0-9+/=_-]{1,2000})$/i.exec(request.headers.authorization ?? '')?.[1]
  return encoded === undefined ? undefined : nameAndPassword(Buffer.from(encoded, 'base64').toString())
}

/**
 * `Authorization: Token …` with a token or `name:password`, as InfluxDB 2 and 1.8 have it; HTTP Basic; and `u` and `p`
 * in the address, as InfluxDB 1 has it, or a key as `p` alone.
 */
export function influxCredentials(request: FastifyRequest): Credentials | undefined {
  const token = /^token +(\S.{0,1999})$/i.exec(request.headers.authorization ?? '')?.[1]
  if (token !== undefined) return nameAndPassword(token) ?? { token }
  const { u, p } = request.query as { u?: unknown; p?: unknown } // not checked yet
  const basic = basicCredentials(request)
  if (basic !== undefined || typeof p !== 'string') return basic
  return typeof u === 'string' ? { name: u, password: p } : { token: p }
}

function nameAndPassword(text: string): Credentials | undefined {
  const colon = text.indexOf(':')
  return colon < 0 ? undefined : { name: text.slice(0, colon), password: text.slice(colon + 1) }
}
