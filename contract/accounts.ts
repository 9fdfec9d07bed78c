// Who asks: roles, tokens and the browser's session.

import { type Static, Type } from 'typebox'
import { CLOSED } from './basics.ts'

export const Role = Type.Union([Type.Literal('user'), Type.Literal('manager')])
export type Role = Static<typeof Role>

/** What a route asks for. `anyone` needs no credentials; `ingest` is also held by every manager. */
export type Need = 'anyone' | 'user' | 'manager' | 'ingest'

/** The OAuth 2 form of RFC 6749, section 4.3. Refresh is `grant_type=refresh_token`. */
export const TokenRequest = Type.Object(
  {
    grant_type: Type.String({ maxLength: 100 }),
    username: Type.Optional(Type.String({ maxLength: 200 })),
    password: Type.Optional(Type.String({ maxLength: 1000 })),
    scope: Type.Optional(Type.String({ maxLength: 200 })),
    refresh_token: Type.Optional(Type.String({ maxLength: 1000 })),
    client_id: Type.Optional(Type.String({ maxLength: 200 })),
    client_secret: Type.Optional(Type.String({ maxLength: 1000 })),
  },
  CLOSED,
)
export type TokenRequest = Static<typeof TokenRequest>

export const TokenAnswer = Type.Object({
  access_token: Type.String(),
  token_type: Type.Literal('Bearer'),
  expires_in: Type.Integer({ description: 'Seconds' }),
  refresh_token: Type.String(),
  scope: Type.String(),
})
export type TokenAnswer = Static<typeof TokenAnswer>

/** RFC 6749, section 5.2: the one answer that is not a problem. */
export const TokenError = Type.Object({ error: Type.String(), error_description: Type.String() })
export type TokenError = Static<typeof TokenError>

export const SignIn = Type.Object(
  { username: Type.String({ maxLength: 200 }), password: Type.String({ maxLength: 1000 }) },
  CLOSED,
)
export type SignIn = Static<typeof SignIn>

/** Who is signed in. `csrf_token` is sent back as the header `x-csrf-token` on every unsafe request by cookie. */
export const Session = Type.Object({
  account: Type.Object({ id: Type.String(), name: Type.String(), role: Role }),
  csrf_token: Type.String(),
  expires_at: Type.String(),
})
export type Session = Static<typeof Session>
