// Who asks: roles, tokens, the browser's session, accounts and keys.

import { type Static, Type } from 'typebox'
import { CLOSED, InstantText, Label, Nullable, Page, PageQuery, WhenText } from './basics.ts'

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

const AccountName = Type.String({
  minLength: 1,
  maxLength: 100,
  description: 'Begins with a letter or digit; letters, digits, spaces and . _ @ -',
})
const Password = Type.String({ minLength: 8, maxLength: 1000 })

/** An account as managers see it. */
export const User = Type.Object({
  id: Type.String(),
  name: Type.String(),
  role: Role,
  disabled: Type.Boolean({ description: 'Cannot sign in, and neither can its keys' }),
  created_at: InstantText,
  updated_at: InstantText,
})
export type User = Static<typeof User>

export const NewUser = Type.Object({ name: AccountName, role: Role, password: Password }, CLOSED)
export type NewUser = Static<typeof NewUser>

/** What is named is changed. Another role, another password and `disabled` end every session of the account at once. */
export const UserChange = Type.Object(
  {
    role: Type.Optional(Role),
    password: Type.Optional(Password),
    disabled: Type.Optional(Type.Boolean()),
  },
  { ...CLOSED, minProperties: 1 },
)
export type UserChange = Static<typeof UserChange>

export const UserQuery = Type.Object(PageQuery, CLOSED)
export type UserQuery = Static<typeof UserQuery>
export const UserPage = Page(User)

/** `ingest` writes measurements, events and rows of datasets, and nothing else. */
export const KeyScope = Type.Union([Type.Literal('user'), Type.Literal('manager'), Type.Literal('ingest')])
export type KeyScope = Static<typeof KeyScope>

const keyFields = {
  name: Label,
  scopes: Type.Array(KeyScope, { minItems: 1, maxItems: 3, uniqueItems: true }),
}

export const NewApiKey = Type.Object(
  { ...keyFields, expires_at: Type.Optional(Nullable(WhenText)) },
  { ...CLOSED, description: 'Without expires_at, or with null, the key lasts until it is revoked' },
)
export type NewApiKey = Static<typeof NewApiKey>

/** A key without its secret. What it may do is never more than its account may. */
export const ApiKey = Type.Object({
  id: Type.String(),
  ...keyFields,
  prefix: Type.String({ description: 'How the key begins' }),
  account_id: Type.String(),
  account_name: Type.String(),
  created_at: InstantText,
  expires_at: Nullable(InstantText),
  last_used_at: Nullable(InstantText),
})
export type ApiKey = Static<typeof ApiKey>

export const MadeApiKey = Type.Object({
  ...ApiKey.properties,
  key: Type.String({ description: 'The key itself; it cannot be seen again' }),
})
export type MadeApiKey = Static<typeof MadeApiKey>

export const ApiKeyQuery = Type.Object(PageQuery, CLOSED)
export type ApiKeyQuery = Static<typeof ApiKeyQuery>
export const ApiKeyPage = Page(ApiKey)
