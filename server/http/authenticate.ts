// Who is asking, and may they: a bearer token, the browser's cookie, or what the route's own protocol sends, compared
// with what the route needs. Runs before a body is read.

import { timingSafeEqual } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Need } from '../../contract/accounts.ts'
import type { Caller } from '../context.ts'
import { AppError } from '../errors.ts'
import type { RateLimits } from './rate-limit.ts'

/** Who holds a token or a session, and what they may do with it. */
export interface SignedIn {
  account: Caller
  scopes: string[]
  /** The key, if that was how. */
  api_key_id?: string
}

/** What a client proves itself by, as it was sent. */
export type Credentials = { token: string } | { name: string; password: string }

/** What the accounts know about credentials; undefined for those that are unknown, expired or revoked. */
export interface Authenticator {
  findByToken(token: string): Promise<SignedIn | undefined>
  findByPassword(name: string, password: string): Promise<SignedIn | undefined>
  findBySession(secret: string): Promise<(SignedIn & { csrf_token: string }) | undefined>
}

export interface AuthenticateOptions {
  authenticator: Authenticator
  cookieName: string
  /** The origin that people use, when it is set; otherwise that of the request. */
  publicOrigin: string | undefined
  limits: Pick<RateLimits, 'charge'>
}

/** A hook that identifies the caller in `request.context`, and refuses with 401 or 403 those who may not call. */
export function createAuthenticate({ authenticator, cookieName, publicOrigin, limits }: AuthenticateOptions) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const { needs, credentials } = request.routeOptions.config
    const sent = bearerToken(request.headers.authorization) ?? credentials?.(request)
    if (sent === undefined) refuseOtherSites(request, publicOrigin)
    // An address that leads nowhere needs nothing: it is answered with 404.
    if (needs === undefined || needs === 'anyone') return limits.charge(request, reply, undefined)
    const signedIn =
      sent === undefined
        ? await bySession(request, authenticator, cookieName)
        : await byCredentials(sent, authenticator)
    limits.charge(request, reply, signedIn)
    if (signedIn === undefined) throw unknownCaller(request, sent)
    request.context.account = signedIn.account
    request.context.scopes = signedIn.scopes
    if (signedIn.api_key_id !== undefined) request.context.api_key_id = signedIn.api_key_id
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

function byCredentials(sent: Credentials, authenticator: Authenticator): Promise<SignedIn | undefined> {
  return 'token' in sent
    ? authenticator.findByToken(sent.token)
    : authenticator.findByPassword(sent.name, sent.password)
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

function unknownCaller(request: FastifyRequest, sent: Credentials | undefined): AppError {
  if (sent !== undefined && 'name' in sent) {
    return new AppError('not_signed_in', 'the name or the password is wrong')
  }
  if (sent !== undefined) {
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

function bearerToken(authorization: string | undefined): Credentials | undefined {
  const token = /^bearer +([\x21-\x7e]{1,2000})$/i.exec(authorization ?? '')?.[1]
  return token === undefined ? undefined : { token }
}

function sameText(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}
