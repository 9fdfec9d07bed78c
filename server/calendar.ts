// Times as people write them: RFC 3339, local times and days of a zone, and relative ones (`now-24h`, `now-1d/d`).
// Strict: what does not exist is refused, never moved to a neighbouring day.

import { type Bucket, floorLocal, type Unit } from './bucket.ts'
import type { Clock } from './clock.ts'
import type { Instant } from './engine/sql.ts'
import { AppError } from './errors.ts'
import { checkZone, instantOf, localOf, offsetAt } from './zone.ts'

export interface WhenOptions {
  /** The zone of local times and of the calendar in relative ones. */
  tz: string
  now: Instant
  /** JSON pointer of the value, for the fault. */
  path?: string
}

export interface ResolvedRange {
  /** Null where the question has no such end. */
  from: Instant | null
  to: Instant | null
  tz: string
}

const MAX_LENGTH = 64
const FIRST_YEAR = 1900
const LAST_YEAR = 2200
const SECOND = 1_000_000
const RIGHT = 'write 2026-01-31T12:00:00Z, 2026-01-31T12:00:00+01:00, 2026-01-31, now, now-24h or now-1d/d'

const ABSOLUTE =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?([Zz]|([+-])(\d\d):(\d\d))?)?$/
const RELATIVE = /^now((?:[+-]\d{1,6}(?:mo|[smhdwy]))*)(?:\/(mo|[smhdwy]))?$/
const TERM = /([+-])(\d{1,6})(mo|[smhdwy])/g

/** Seconds of the units that every day counts alike; the others follow the calendar. */
const CLOCK_SECONDS: Partial<Record<string, number>> = { s: 1, m: 60, h: 3600 }

/**
 * The instant that a text means, of the years 1900 to 2200, to the microsecond. A time without an offset, and a day
 * alone (its first instant), are read in `tz`; a local time that a clock change leaves out moves forward by what was
 * left out, one that comes twice is the earlier. Relative: `now`, then steps (`-30d`, `+1h`), then rounding down
 * (`/d`, weeks to Monday); days and longer keep the time of day in `tz`, and the 31st becomes the last day of a
 * shorter month. AppError `invalid` says what would be right.
 */
export function parseWhen(text: string, options: WhenOptions): Instant {
  if (text.length > MAX_LENGTH)
    throw refusal(`${text.slice(0, 20)}…`, `has more than ${MAX_LENGTH} characters`, options)
  const relative = RELATIVE.exec(text)
  if (relative !== null) return readRelative(text, relative, options)
  const absolute = ABSOLUTE.exec(text)
  if (absolute !== null) return readAbsolute(text, absolute, options)
  const lostPlus = /T.*\d \d\d:\d\d$/.test(text)
  const reason = lostPlus
    ? 'has a space where + should be; in an address + is written %2B'
    : `is not a time; ${RIGHT}`
  throw refusal(text, reason, options)
}

/**
 * The ends of a question's range, null where it has none, and its zone. AppError `invalid` for a zone or time that does
 * not exist, and for a range that ends before it begins.
 */
export function resolveRange(
  question: { from?: string | undefined; to?: string | undefined; tz?: string | undefined },
  clock: Clock,
  defaultZone = 'UTC',
): ResolvedRange {
  const tz = checkZone(question.tz ?? defaultZone)
  const now = clock.now()
  const end = (text: string | undefined, path: string) =>
    text === undefined ? null : parseWhen(text, { tz, now, path })
  const from = end(question.from, '/from')
  const to = end(question.to, '/to')
  if (from !== null && to !== null && from > to) {
    throw new AppError('invalid', 'The range ends before it begins: `from` must not be after `to`.', {
      faults: [{ path: '/from', message: 'must not be after `to`' }],
    })
  }
  return { from, to, tz }
}

function readAbsolute(text: string, match: RegExpExecArray, options: WhenOptions): Instant {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((part) => Number(part ?? 0))
  checkDay(text, { year, month, day }, options)
  if (second === 60) throw refusal(text, 'has a leap second, which is not kept; write second 59', options)
  if (hour > 23 || minute > 59 || second > 59) {
    throw refusal(text, 'has no such time of day; hours go to 23, minutes and seconds to 59', options)
  }
  const digits = (match[7] ?? '').padEnd(6, '0')
  if (/[1-9]/.test(digits.slice(6)))
    throw refusal(text, 'is finer than microseconds; write at most 6 decimals', options)
  const local = Date.UTC(year, month - 1, day, hour, minute, second) * 1000 + Number(digits.slice(0, 6))
  if (match[8] === undefined) return instantOf(options.tz, local)
  return local - offsetOf(text, match, options)
}

function checkDay(
  text: string,
  date: { year: number; month: number; day: number },
  options: WhenOptions,
): void {
  const { year, month, day } = date
  checkYear(text, year, options)
  if (month < 1 || month > 12) throw refusal(text, 'has no such month; months go from 01 to 12', options)
  const days = daysOf(year, month)
  if (day < 1 || day > days) {
    const named = new Date(Date.UTC(year, month - 1)).toLocaleString('en', { month: 'long', timeZone: 'UTC' })
    throw refusal(text, `has no such day; ${named} ${year} has ${days} days`, options)
  }
}

function checkYear(text: string, year: number, options: WhenOptions): void {
  if (year >= FIRST_YEAR && year <= LAST_YEAR) return
  throw refusal(text, `is outside of the years ${FIRST_YEAR} to ${LAST_YEAR}`, options)
}

function offsetOf(text: string, match: RegExpExecArray, options: WhenOptions): number {
  if (match[9] === undefined) return 0
  const [hours, minutes] = [Number(match[10]), Number(match[11])]
  if (hours > 23 || minutes > 59) throw refusal(text, 'has no such offset; write one such as +02:00', options)
  return (match[9] === '-' ? -1 : 1) * (hours * 60 + minutes) * 60 * SECOND
}

function readRelative(text: string, match: RegExpExecArray, options: WhenOptions): Instant {
  let instant = options.now
  for (const [, sign, digits, unit] of (match[1] ?? '').matchAll(TERM)) {
    const count = Number(digits) * (sign === '-' ? -1 : 1)
    instant = step(instant, count, unit as Unit, options.tz) // the pattern allows no other unit
    checkYear(text, new Date(instant / 1000).getUTCFullYear(), options)
  }
  return match[2] === undefined ? instant : floorInstant(instant, match[2] as Unit, options.tz) // as above
}

/** `count` units later; days and longer keep the local time of day. */
function step(instant: Instant, count: number, unit: Unit, tz: string): Instant {
  const seconds = CLOCK_SECONDS[unit]
  if (seconds !== undefined) return instant + count * seconds * SECOND
  if (count === 0) return instant
  const local = stepLocal(localOf(tz, instant), count, unit)
  const year = new Date(local / 1000).getUTCFullYear()
  // The caller refuses other years; their offsets are not known.
  return year < FIRST_YEAR || year > LAST_YEAR ? local : instantOf(tz, local)
}

function stepLocal(local: number, count: number, unit: Unit): number {
  const day = 86_400 * SECOND
  if (unit === 'd' || unit === 'w') return local + count * (unit === 'w' ? 7 : 1) * day
  const date = new Date(Math.floor(local / 1000))
  const months = date.getUTCFullYear() * 12 + date.getUTCMonth() + count * (unit === 'y' ? 12 : 1)
  // Beyond the years that anything takes, and still a date.
  const year = Math.max(1000, Math.min(9000, Math.floor(months / 12)))
  const month = ((months % 12) + 12) % 12
  const dayOfMonth = Math.min(date.getUTCDate(), daysOf(year, month + 1))
  return Date.UTC(year, month, dayOfMonth) * 1000 + (local - Math.floor(local / day) * day)
}

/** The start of the unit around an instant: on the clock for hours and shorter, by the calendar for longer ones. */
function floorInstant(instant: Instant, unit: Unit, tz: string): Instant {
  const bucket: Bucket = { count: 1, unit }
  const offset = offsetAt(tz, instant)
  const local = floorLocal(instant + offset, bucket)
  return CLOCK_SECONDS[unit] === undefined ? instantOf(tz, local) : local - offset
}

function daysOf(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate()
}

function refusal(text: string, reason: string, { path }: WhenOptions): AppError {
  const message = `${JSON.stringify(text)} ${reason}`
  return new AppError(
    'invalid',
    `The time ${message}.`,
    path === undefined ? {} : { faults: [{ path, message }] },
  )
}
