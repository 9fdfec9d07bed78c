// What readings of times are made of: days of the calendar, digits and offsets in bytes. Pure.

import type { Instant } from '../engine/sql.ts'

const [ZERO, PLUS, MINUS, SPACE, LETTER_Z, COLON] = [48, 43, 45, 32, 90, 58]

/** Reads bytes [start, end); NaN for what is no time. */
export type InstantReader = (data: Uint8Array, start: number, end: number) => Instant

/** From local time in microseconds, as if it were UTC, to the instant. */
export type LocalToInstant = (local: number) => Instant

export const DAY_MICROS = 86_400_000_000
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
/** The years that are taken, both included, as everywhere in Tidemark. */
export const [FIRST_YEAR, LAST_YEAR] = [1900, 2200]

/** Days from 1970-01-01 of a date of the Gregorian calendar (Hinnant, days_from_civil); NaN for no such day. */
export function daysOf(year: number, month: number, day: number): number {
  if (year < FIRST_YEAR || year > LAST_YEAR || month < 1 || month > 12 || day < 1) return Number.NaN
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 1 : 0
  if (day > (MONTH_DAYS[month - 1] as number) + leap) return Number.NaN // month is 1 to 12
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  return (
    era * 146097 +
    yearOfEra * 365 +
    Math.floor(yearOfEra / 4) -
    Math.floor(yearOfEra / 100) +
    dayOfYear -
    719468
  )
}

/** `count` digits from `at`; NaN when any is none. */
export function digitsAt(data: Uint8Array, at: number, count: number): number {
  let value = 0
  for (let index = at; index < at + count; index++) {
    const digit = (data[index] ?? 0) - ZERO
    if (digit < 0 || digit > 9) return Number.NaN
    value = value * 10 + digit
  }
  return value
}

/** Microseconds of `Z`, `+02:00`, `+0200` or `+02`; NaN for anything else. */
export function offsetAt(data: Uint8Array, start: number, end: number): number {
  const at = data[start] === SPACE ? start + 1 : start
  const length = end - at
  const sign = data[at]
  if (length === 1 && ((sign as number) & 0xdf) === LETTER_Z) return 0
  if (sign !== PLUS && sign !== MINUS) return Number.NaN
  const hours = digitsAt(data, at + 1, 2)
  let minutes = 0
  if (length === 6 && data[at + 3] === COLON) minutes = digitsAt(data, at + 4, 2)
  else if (length === 5) minutes = digitsAt(data, at + 3, 2)
  else if (length !== 3) return Number.NaN
  if (!(hours <= 18 && minutes < 60)) return Number.NaN
  return (sign === MINUS ? -1 : 1) * (hours * 60 + minutes) * 60_000_000
}
