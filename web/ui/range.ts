// Time ranges as they stand in an address: `now-24h`, `now-1d/d`, a local time, or an instant. Resolved here once for a
// page, so that all of its panels ask about the same instants.

import { DAY_MS, fromWall, HOUR_MS, MINUTE_MS, toWall } from './zone.ts'

/** [from, to) in milliseconds since 1970 UTC. */
export interface Range {
  from: number
  to: number
}

interface Moment {
  zone: string
  now: number
}

const FIXED_MS: Record<string, number> = { s: 1000, m: MINUTE_MS, h: HOUR_MS }
const RELATIVE = /^now((?:[+-]\d{1,6}(?:mo|[smhdwy]))*)(?:\/(mo|[smhdwy]))?$/
const WITH_OFFSET = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/i
const LOCAL = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?)?$/

/** Null when the text is not a time. */
export function resolveWhen(text: string, { zone, now }: Moment): number | null {
  const relative = RELATIVE.exec(text)
  if (relative) {
    let instant = now
    for (const [, sign, count, unit] of (relative[1] ?? '').matchAll(/([+-])(\d+)(mo|[smhdwy])/g)) {
      instant = shift(instant, Number(`${sign}${count}`), unit ?? 's', zone)
    }
    return relative[2] ? startOf(instant, relative[2], zone) : instant
  }
  const local = LOCAL.exec(text)
  if (local) {
    const [, year, month, day, hour = '0', minute = '0', second = '0'] = local
    return fromWall(
      zone,
      Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)),
    )
  }
  const instant = WITH_OFFSET.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(instant) ? null : instant
}

/** Null when an end cannot be read, or the range is empty. */
export function resolveRange(from: string, to: string, moment: Moment): Range | null {
  const start = resolveWhen(from, moment)
  const end = resolveWhen(to, moment)
  return start === null || end === null || start >= end ? null : { from: start, to: end }
}

/** As RFC 3339 in UTC, without needless fractions. */
export function instantText(instant: number): string {
  return new Date(instant).toISOString().replace('.000Z', 'Z')
}

/** For a `datetime-local` field. */
export function localText(instant: number, zone: string): string {
  return new Date(toWall(zone, instant)).toISOString().slice(0, 16)
}

function shift(instant: number, count: number, unit: string, zone: string): number {
  const fixed = FIXED_MS[unit]
  if (fixed !== undefined) return instant + count * fixed
  const wall = toWall(zone, instant)
  if (unit === 'd' || unit === 'w') return fromWall(zone, wall + count * (unit === 'w' ? 7 : 1) * DAY_MS)
  const date = new Date(wall)
  const months = count * (unit === 'y' ? 12 : 1)
  const moved = new Date(wall)
  moved.setUTCDate(1)
  moved.setUTCMonth(date.getUTCMonth() + months)
  const lastDay = new Date(Date.UTC(moved.getUTCFullYear(), moved.getUTCMonth() + 1, 0)).getUTCDate()
  moved.setUTCDate(Math.min(date.getUTCDate(), lastDay))
  return fromWall(zone, moved.getTime())
}

function startOf(instant: number, unit: string, zone: string): number {
  const wall = toWall(zone, instant)
  const fixed = FIXED_MS[unit]
  if (fixed !== undefined) return instant - (((wall % fixed) + fixed) % fixed)
  const date = new Date(wall)
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()]
  if (unit === 'y') return fromWall(zone, Date.UTC(year, 0, 1))
  if (unit === 'mo') return fromWall(zone, Date.UTC(year, month, 1))
  const sinceMonday = unit === 'w' ? (date.getUTCDay() + 6) % 7 : 0
  return fromWall(zone, Date.UTC(year, month, day - sinceMonday))
}
