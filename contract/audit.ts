// What was done and what was asked for: who changed what, and requests counted by day, account and route.

import { type Static, Type } from 'typebox'
import { CLOSED, InstantText, Nullable, Page, PageQuery, RangeQuery } from './basics.ts'

/** Members of a thing by name; null where there was no thing. */
const Look = Nullable(Type.Record(Type.String(), Type.Unknown()))

/** One change. Of a thing that stayed, `before` and `after` hold only the members that differ. */
export const AuditEntry = Type.Object({
  id: Type.String(),
  happened_at: InstantText,
  account_id: Type.String(),
  account_name: Type.String(),
  api_key_id: Nullable(Type.String({ description: 'The key that the account used' })),
  address: Type.String({ description: 'The address of the client' }),
  request_id: Type.String(),
  action: Type.String({ examples: ['create', 'replace', 'change', 'delete', 'undo', 'replay'] }),
  path: Type.String(),
  subject: Type.String({ description: 'What it was done to, as in the address', examples: ['dashboards'] }),
  subject_id: Nullable(Type.String()),
  members: Type.Array(Type.String(), {
    description: 'Names of the members that were sent; never their values',
  }),
  before: Look,
  after: Look,
})
export type AuditEntry = Static<typeof AuditEntry>

const ListFormat = Type.Union([Type.Literal('json'), Type.Literal('csv')], { default: 'json' })

export const AuditQuery = Type.Object(
  {
    ...RangeQuery,
    account_id: Type.Optional(Type.String({ maxLength: 200 })),
    subject: Type.Optional(Type.String({ maxLength: 200 })),
    subject_id: Type.Optional(Type.String({ maxLength: 200 })),
    format: ListFormat,
    ...PageQuery,
  },
  { ...CLOSED, description: 'As CSV, all entries come at once' },
)
export type AuditQuery = Static<typeof AuditQuery>
export const AuditPage = Page(AuditEntry)

export const UsagePart = Type.Union([Type.Literal('day'), Type.Literal('account'), Type.Literal('route')])
export type UsagePart = Static<typeof UsagePart>

/** Days are those of UTC. */
export const UsageQuery = Type.Object(
  {
    ...RangeQuery,
    by: Type.Array(UsagePart, {
      minItems: 1,
      maxItems: 3,
      uniqueItems: true,
      default: ['day', 'account', 'route'],
      description: 'What is told apart; the rest is added up',
    }),
    account_id: Type.Optional(Type.String({ maxLength: 200 })),
    ...PageQuery,
  },
  CLOSED,
)
export type UsageQuery = Static<typeof UsageQuery>

/** Requests, `errors` among them. `account_id` is empty for those who were not signed in. */
export const UsageCount = Type.Object({
  day: Nullable(Type.String()),
  account_id: Nullable(Type.String()),
  account_name: Nullable(Type.String()),
  route: Nullable(Type.String()),
  requests: Type.Integer(),
  errors: Type.Integer(),
  rows: Type.Integer({ description: 'Rows that were sent in, and items of lists that were answered' }),
  mean_ms: Type.Number(),
  longest_ms: Type.Number(),
})
export type UsageCount = Static<typeof UsageCount>
export const UsagePage = Page(UsageCount)
