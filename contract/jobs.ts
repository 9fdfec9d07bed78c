// What runs in the background, as it is shown.

import { type Static, Type } from 'typebox'
import { CLOSED, Id, InstantText, Nullable, Page, PageQuery } from './basics.ts'

/** `queued` also while waiting for the next attempt; `failed` after the last one. */
export const JobStatus = Type.Union([
  Type.Literal('queued'),
  Type.Literal('running'),
  Type.Literal('done'),
  Type.Literal('failed'),
  Type.Literal('cancelled'),
])
export type JobStatus = Static<typeof JobStatus>

export const Job = Type.Object({
  id: Type.String(),
  kind: Type.String(),
  status: JobStatus,
  progress: Type.Number({ minimum: 0, maximum: 1 }),
  attempts: Type.Integer({ description: 'How many times it was begun' }),
  max_attempts: Type.Integer(),
  unique_key: Nullable(Type.String()),
  cancel_requested: Type.Boolean(),
  error: Nullable(Type.String({ description: 'Why the last attempt failed' })),
  created_at: InstantText,
  run_at: Type.String({ format: 'date-time', description: 'Not begun before' }),
  started_at: Nullable(InstantText),
  finished_at: Nullable(InstantText),
})
export type Job = Static<typeof Job>
export const JobPage = Page(Job)

export const JobPath = Type.Object({ id: Id }, CLOSED)

/** Newest first. */
export const JobQuery = Type.Object(
  {
    status: Type.Optional(JobStatus),
    kind: Type.Optional(Type.String({ maxLength: 100, pattern: '^[^\\u0000]*$' })),
    ...PageQuery,
  },
  CLOSED,
)
export type JobQuery = Static<typeof JobQuery>
