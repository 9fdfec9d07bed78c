// Who is asking, and may they: a bearer token or the browser's cookie, compared with what the route needs. Runs
// before a body is read.

import { timingSafeEqual } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Need } from '../../contract/accounts.ts'
import type { Caller } from '../context.ts'
import { AppError } from '../errors.ts'

/** Who holds a token or a session, and what they may do with it. */
export interface SignedIn {
  account: Caller
  scopes: string[]
}

/** What the accounts know about credentials; undefined for those that are unknown, expired or revoked. */
export interface Authenticator {
  findByToken(token: string): Promise<SignedIn | undefined>
  findBySession(secret: string): Promise<(SignedIn & { csrf_token: string }) | undefined>
}

export interface AuthenticateOptions {
  authenticator: Authenticator
  cookieName: string
  /** The origin that people use, when it is set; otherwise that of the request. */
  publicOrigin: string | undefined
}

/** A hook that identifies the caller in `request.context`, and refuses with 401 or 403 those who may not call. */
export function createAuthenticate({ authenticator, cookieName, publicOrigin }: AuthenticateOptions) {
  return async (request: FastifyRequest, _reply: FastifyReply): Promise<void> => {
    const { needs } = request.routeOptions.config
    const token = bearerToken(request.headers.authorization)
    if (token === undefined) refuseOtherSites(request, publicOrigin)
    // An address that leads nowhere needs nothing: it is answered with 404.
    if (needs === undefined || needs === 'anyone') return
    const signedIn =
      token === undefined
        ? await bySession(request, authenticator, cookieName)
        : await authenticator.findByToken(token)
    if (signedIn === undefined) throw unknownCaller(request, token)
    request.context.account = signedIn.account
    request.context.scopes = signedIn.scopes
    if (!mayCall(needs, signedIn.scopes)) {
      throw new AppError(
        'not_allowed',
        `this needs the scope ${needs}; you have ${signedIn.scopes.join(', ')}`,
      )
    }
  }
}

/** A manager may do everything; `ingest` writes what was measured and reads nothing. */
export function mayCall(needs: Need, scopes: string[]): boolean {
  return needs === 'anyone' || scopes.includes('manager') || scopes.includes(needs)
}

async function bySession(
  request: FastifyRequest,
  authenticator: Authenticator,
  cookieName: string,
): Promise<SignedIn | undefined> {
  const secret = request.cookies[cookieName]
  const session = secret === undefined ? undefined : await authenticator.findBySession(secret)
  if (session === undefined || !isUnsafe(request)) return session
  if (!sameText(String(request.headers['x-csrf-token'] ?? ''), session.csrf_token)) {
    throw new AppError(
      'cross_site',
      'send the csrf_token that GET /api/v1/session answers in the header x-csrf-token',
    )
  }
  return session
}

function unknownCaller(request: FastifyRequest, token: string | undefined): AppError {
  if (token !== undefined) {
    return new AppError(
      'not_signed_in',
      'the token is unknown, expired or revoked; get a new one from /api/v1/token',
    )
  }
  if (request.headers.authorization !== undefined) {
    return new AppError('not_signed_in', 'the header authorization must be: Bearer, a space, and a token')
  }
  return new AppError('not_signed_in', 'sign in at /api/v1/session, or send a token from /api/v1/token')
}

/** A browser says where a request comes from; what changes something must come from our own pages. */
function refuseOtherSites(request: FastifyRequest, publicOrigin: string | undefined): void {
  if (!isUnsafe(request)) return
  const site = request.headers['sec-fetch-site']
  const { origin } = request.headers
  const own = publicOrigin ?? `${request.protocol}://${request.host}`
  const foreign =
    site !== undefined ? site !== 'same-origin' && site !== 'none' : origin !== undefined && origin !== own
  if (foreign)
    throw new AppError(
      'cross_site',
      `only pages of ${own} may send this; it came from ${origin ?? 'another site'}`,
    )
}

function isUnsafe(request: FastifyRequest): boolean {
  return !['GET', 'HEAD', 'OPTIONS'].includes(request.method)
}

function bearerToken(authorization: string | undefined): string | undefined {
  return authorization === undefined ? undefined : /^bearer +([\x21-\x7e]{1,2000})$/i.exec(authorization)?.[1]
}

function sameText(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}
