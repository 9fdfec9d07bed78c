// By which names this service may be asked, and that it is asked over HTTPS where a proxy can tell: a name that leads
// here by somebody else's doing, or a password in the clear, goes no further.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../errors.ts'

export interface AddressRules {
  /** Names besides those of this very machine; none for any. */
  hosts: string[]
  /** Whether what a trusted proxy got by plain HTTP is sent on to HTTPS. */
  https: boolean
}

const OWN_NAMES = ['localhost', '127.0.0.1', '[::1]']

/** Those who watch the service ask it by its address, and are let in. */
export function addAddressRules(http: FastifyInstance, { hosts, https }: AddressRules): void {
  const known = new Set([...hosts.map((host) => host.toLowerCase()), ...OWN_NAMES])
  http.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.config.limit === 'none') return
    if (hosts.length > 0 && !known.has(request.hostname.toLowerCase())) {
      throw new AppError(
        'malformed',
        'this service is not asked by that name; its names are those of PUBLIC_URL and TRUSTED_HOSTS',
      )
    }
    if (https && cameInClear(request)) return toHttps(request, reply)
  })
}

/** Only a proxy says so; without one nothing is known of what lies before. */
function cameInClear(request: FastifyRequest): boolean {
  const said = request.headers['x-forwarded-proto']
  const last = String(said ?? '')
    .split(',')
    .at(-1)
    ?.trim()
  return last === 'http' && request.protocol === 'http'
}

function toHttps(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (request.method === 'GET' || request.method === 'HEAD')
    return reply.redirect(`https://${request.host}${request.url}`, 308)
  throw new AppError('malformed', 'send this over HTTPS; what it held was readable on the way')
}
