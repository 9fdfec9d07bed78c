// Offsets of IANA zones from UTC, and between local time and instants. Intl is asked once a week of a year that
// somebody uses, never once a row. A local time is written like an instant: microseconds since 1970 on that clock.

import type { Instant } from './engine/sql.ts'
import { AppError } from './errors.ts'

/** From `from` until the next span's, a clock in the zone shows UTC plus `offset` microseconds. */
export interface OffsetSpan {
  from: Instant
  offset: number
}

interface ZoneOffsets {
  formatter: Intl.DateTimeFormat
  /** The spans of each UTC year that was asked for; the first begins with the year. */
  years: Map<number, OffsetSpan[]>
}

const WEEK_MS = 7 * 86_400_000
const DAY = 86_400_000_000
/** More names than there are zones, since Intl takes them in any letter case. */
const ZONES_KEPT = 1000

const zones = new Map<string, ZoneOffsets>()

/** The name itself, if it is an IANA zone; AppError `invalid` otherwise. */
export function checkZone(tz: string, path = '/tz'): string {
  offsetsOf(tz, path)
  return tz
}

/** Microseconds to add to the instant to get the local time. */
export function offsetAt(tz: string, instant: Instant): number {
  if (tz === 'UTC') return 0
  const spans = spansOfYear(offsetsOf(tz), new Date(instant / 1000).getUTCFullYear())
  let offset = 0
  for (const span of spans) if (span.from <= instant) offset = span.offset
  return offset
}

/** The spans that [from, to) touches, oldest first, neighbours with different offsets. */
export function offsetSpans(tz: string, from: Instant, to: Instant): OffsetSpan[] {
  if (tz === 'UTC') return [{ from, offset: 0 }]
  const zone = offsetsOf(tz)
  const lastYear = new Date(to / 1000).getUTCFullYear()
  const touched: OffsetSpan[] = []
  for (let year = new Date(from / 1000).getUTCFullYear(); year <= lastYear; year++) {
    for (const span of spansOfYear(zone, year)) {
      if (span.from >= to && touched.length > 0) return touched
      if (span.from <= from) touched.length = 0
      if (touched.at(-1)?.offset !== span.offset) touched.push(span)
    }
  }
  return touched
}

export function localOf(tz: string, instant: Instant): number {
  return instant + offsetAt(tz, instant)
}

/** A local time settled: the instant it means, and how often a clock in the zone shows it: 1, but for clock changes. */
export interface SettledTime {
  instant: Instant
  times: 0 | 1 | 2
}

/**
 * The instant at which a clock in the zone shows a local time. One that comes twice, when the clock is put back,
 * means the earlier; one that never comes, when it is put forward, moves forward by what was left out.
 */
export function instantOf(tz: string, local: number): Instant {
  return tz === 'UTC' ? local : settleLocal(tz, local).instant
}

/** The same, with how often the local time comes. */
export function settleLocal(tz: string, local: number): SettledTime {
  // No zone is further than 26 hours from UTC, and a change moves it by at most 24.
  const spans = offsetSpans(tz, local - 2 * DAY, local + 2 * DAY)
  for (const [index, { from, offset }] of spans.entries()) {
    const next = spans[index + 1]
    if (local - offset >= (next?.from ?? Number.POSITIVE_INFINITY)) continue
    const before = spans[index - 1]
    if (local - offset < from && before !== undefined) return { instant: local - before.offset, times: 0 }
    return { instant: local - offset, times: next && local - next.offset >= next.from ? 2 : 1 }
  }
  throw new Error(`no offset of ${tz} for ${local}`) // the last span has no end
}

function offsetsOf(tz: string, path = '/tz'): ZoneOffsets {
  const known = zones.get(tz)
  if (known !== undefined) return known
  if (zones.size >= ZONES_KEPT) zones.clear()
  const made = { formatter: formatterOf(tz, path), years: new Map<number, OffsetSpan[]>() }
  zones.set(tz, made)
  return made
}

function formatterOf(tz: string, path: string): Intl.DateTimeFormat {
  try {
    // Intl also takes +02:00, which is an offset and not a zone.
    if (!/^[A-Za-z]/.test(tz)) throw new RangeError(tz)
    return new Intl.DateTimeFormat('en-US', {
      timeZone: tz,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    })
  } catch (cause) {
    const message = 'must be an IANA zone such as Europe/Berlin or UTC'
    throw new AppError(
      'invalid',
      `There is no time zone ${JSON.stringify(tz.slice(0, 64))}: it ${message}.`,
      {
        cause,
        faults: [{ path, message }],
      },
    )
  }
}

function spansOfYear(zone: ZoneOffsets, year: number): OffsetSpan[] {
  const known = zone.years.get(year)
  if (known !== undefined) return known
  const end = Date.UTC(year + 1, 0, 1)
  let at = Date.UTC(year, 0, 1)
  let offset = offsetMs(zone.formatter, at)
  const spans = [{ from: at * 1000, offset: offset * 1000 }]
  while (at < end) {
    const next = Math.min(at + WEEK_MS, end - 1000)
    const nextOffset = offsetMs(zone.formatter, next)
    if (nextOffset !== offset) {
      spans.push({ from: changeBetween(zone.formatter, at, next) * 1000, offset: nextOffset * 1000 })
      offset = nextOffset
    }
    at = next === end - 1000 ? end : next
  }
  zone.years.set(year, spans)
  return spans
}

/** The first second, in milliseconds, with the offset of `to`; the offset at `from` is another. */
function changeBetween(formatter: Intl.DateTimeFormat, from: number, to: number): number {
  const after = offsetMs(formatter, to)
  let [low, high] = [from / 1000, to / 1000]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (offsetMs(formatter, middle * 1000) === after) high = middle
    else low = middle
  }
  return high * 1000
}

function offsetMs(formatter: Intl.DateTimeFormat, ms: number): number {
  const match = /^(\d\d)\/(\d\d)\/(\d+), (\d\d):(\d\d):(\d\d)$/.exec(formatter.format(ms))
  if (match === null) throw new Error(`Intl wrote ${formatter.format(ms)}`)
  const [month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number)
  return Date.UTC(year, month - 1, day, hour, minute, second) - ms
}
