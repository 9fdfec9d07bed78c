// How control keeps instants: text that sorts as time on SQLite and PostgreSQL and goes to the wire as it is.

import type { Instant } from '../sql.ts'

/** `2026-01-31T12:00:00.000Z`: UTC, always three digits of fraction; what is finer is cut off. */
export function timeText(instant: Instant): string {
  return new Date(Math.floor(instant / 1000)).toISOString()
}

/** The instant of a text made by `timeText`. */
export function instantOf(text: string): Instant {
  return Date.parse(text) * 1000
}
