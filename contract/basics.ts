// Words that every noun uses: identifiers, instants, pages of a list, the one shape of a problem.

import { type Static, type TSchema, Type } from 'typebox'
import { ID_PATTERN, LABEL_PATTERN, NAME_LENGTH } from './names.ts'

/** Refuses unknown keys, as every body does. */
export const CLOSED = { additionalProperties: false } as const

/** Chosen by the caller or generated; no control, bidirectional or slash characters. */
export const Id = Type.String({
  minLength: 1,
  maxLength: NAME_LENGTH,
  pattern: ID_PATTERN,
  description: 'Text without control characters or slashes, at most 200 characters',
})

/** A name that people read. */
export const Label = Type.String({
  minLength: 1,
  maxLength: NAME_LENGTH,
  pattern: LABEL_PATTERN,
  description: 'Text without control characters, at most 200 characters',
})

export const Text = Type.String({ maxLength: 10_000, pattern: '^[^\\u0000]*$' })

/** An instant in an answer: RFC 3339 in UTC, up to microseconds. */
export const InstantText = Type.String({ format: 'date-time', examples: ['2026-01-31T12:00:00Z'] })

/** An instant in a question: RFC 3339, a local time read in `tz`, or relative (`now-24h`, `now-1d/d`). */
export const WhenText = Type.String({
  minLength: 1,
  maxLength: 64,
  examples: ['2026-01-31T12:00:00Z', '2026-01-31', 'now-24h', 'now-1d/d'],
})

export const Zone = Type.String({ minLength: 1, maxLength: 64, examples: ['UTC', 'Europe/Berlin'] })

export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])

/** The half-open range [from, to) of a question. */
export const RangeQuery = {
  from: Type.Optional(WhenText),
  to: Type.Optional(WhenText),
  tz: Type.Optional(Zone),
}

export const PageQuery = {
  limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100 }),
  cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 1000 })),
}

/** A page of a list; `next` is the cursor of the following page, null on the last. */
export const Page = <T extends TSchema>(item: T) =>
  Type.Object({ items: Type.Array(item), next: Nullable(Type.String()) })

export interface PageOf<T> {
  items: T[]
  next: string | null
}

/** RFC 9457, the only shape in which something goes wrong. */
export const Problem = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  instance: Type.String(),
  request_id: Type.String(),
  errors: Type.Optional(Type.Array(Type.Object({ path: Type.String(), message: Type.String() }))),
})
export type Problem = Static<typeof Problem> & { [extra: string]: unknown }
