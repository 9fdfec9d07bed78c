// Signing in and out: tokens for programs (OAuth 2), a cookie for browsers.

import type {} from '@fastify/cookie'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { Session, SignIn, TokenAnswer, TokenError, TokenRequest } from '../../../contract/accounts.ts'
import { AppError } from '../../errors.ts'
import type { AccountService } from './service.ts'

const FORM = 'application/x-www-form-urlencoded'

/** `__Host-` makes browsers insist on HTTPS, this host and the whole of its paths. */
export function cookieName({ secure }: { secure: boolean }): string {
  return secure ? '__Host-tidemark_session' : 'tidemark_session'
}

export function tokenRoutes(accounts: AccountService): FastifyPluginAsyncTypebox {
  return async (http) => {
    http.removeAllContentTypeParsers()
    http.addContentTypeParser<string>(
      FORM,
      { parseAs: 'string' },
      async (_request: FastifyRequest, body: string) => parseForm(body),
    )

    http.post(
      '/token',
      {
        schema: {
          tags: ['accounts'],
          summary: 'Get a token by name and password, or by a refresh token',
          consumes: [FORM],
          body: TokenRequest,
          response: { 200: TokenAnswer, default: TokenError },
        },
        config: { needs: 'anyone', limit: 'sign-in', oauth: true },
      },
      async (request, reply) => {
        reply.header('cache-control', 'no-store')
        return accounts.token(request.body)
      },
    )
  }
}

export function sessionRoutes(
  accounts: AccountService,
  cookie: { secure: boolean },
): FastifyPluginAsyncTypebox {
  const name = cookieName(cookie)
  // Strict does not break links to our pages: the page itself needs no cookie, and what it then asks for is same-site.
  const options = { path: '/', httpOnly: true, sameSite: 'strict', secure: cookie.secure } as const

  return async (http) => {
    http.post(
      '/session',
      {
        schema: { tags: ['accounts'], summary: 'Sign in', body: SignIn, response: { 200: Session } },
        config: { needs: 'anyone', limit: 'sign-in' },
      },
      async (request, reply) => {
        const { secret, session } = await accounts.signIn(request.body, request.cookies[name])
        reply.setCookie(name, secret, { ...options, expires: new Date(session.expires_at) })
        return uncached(reply, session)
      },
    )

    http.get(
      '/session',
      {
        schema: { tags: ['accounts'], summary: 'Who is signed in', response: { 200: Session } },
        config: { needs: 'user' },
      },
      async (request, reply) => uncached(reply, await accounts.getSession(secretOf(request, name))),
    )

    http.delete(
      '/session',
      {
        schema: { tags: ['accounts'], summary: 'Sign out', response: { 204: Type.Null() } },
        config: { needs: 'user', changesNothing: true },
      },
      async (request, reply) => {
        await accounts.signOut(secretOf(request, name))
        return reply.clearCookie(name, options).code(204).send(null)
      },
    )
  }
}

/** What the door has already found to be in force: the token when there is one, otherwise the cookie. */
function secretOf(request: FastifyRequest, name: string): string {
  const token = /^bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
  return token ?? request.cookies[name] ?? ''
}

function uncached(reply: FastifyReply, session: Session): Session {
  reply.header('cache-control', 'no-store')
  return session
}

/** RFC 6749, section 3.2: unknown parameters are ignored, empty ones count as left out, repeated ones are refused. */
function parseForm(body: string): Record<string, string> {
  const form = new URLSearchParams(body)
  const parameters: Record<string, string> = {}
  for (const name of Object.keys(TokenRequest.properties)) {
    const values = form.getAll(name)
    if (values.length > 1) {
      throw new AppError('malformed', `${name} may be sent once`, {
        extra: { oauth_error: 'invalid_request' },
      })
    }
    if (values[0]) parameters[name] = values[0]
  }
  return parameters
}
