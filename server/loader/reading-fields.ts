// A number and an instant from bytes, without making text of them first. Answers NaN for what is neither; why is said
// by `explain…`, which only runs for rows that are refused.

import type { Instant } from '../engine/sql.ts'
import { textOf } from './record.ts'

const [ZERO, NINE, PLUS, MINUS, DOT, COMMA] = [48, 57, 43, 45, 46, 44]
const [SPACE, LETTER_T, LETTER_Z, COLON] = [32, 84, 90, 58]

/** Powers of ten that a double holds exactly. */
const EXACT_POWERS = Array.from({ length: 23 }, (_, power) => 10 ** power)
const MOST_EXACT_DIGITS = 15

export type NumberReader = (data: Uint8Array, start: number, end: number) => number

/**
 * Reads a decimal number, with blanks around it. A whole number below 10^15 times or over a power of ten up to 10^22
 * is exact in one operation (Clinger 1990); anything longer goes through the language's own reading.
 */
export function createNumberReader(decimal: '.' | ','): NumberReader {
  const mark = decimal === ',' ? COMMA : DOT
  return (data, start, end) => {
    let at = start
    let stop = end
    while (at < stop && data[at] === SPACE) at++
    while (stop > at && data[stop - 1] === SPACE) stop--
    const from = at
    const negative = data[at] === MINUS
    if (negative || data[at] === PLUS) at++
    let whole = 0
    let digits = 0
    let fraction = 0
    let seen = 0
    let inFraction = false
    for (; at < stop; at++) {
      const byte = data[at] as number // at is within the field
      if (byte >= ZERO && byte <= NINE) {
        seen++
        if (whole > 0 || byte !== ZERO) digits++
        if (inFraction) fraction++
        whole = whole * 10 + (byte - ZERO)
      } else if (byte === mark && !inFraction) inFraction = true
      else break
    }
    if (seen === 0) return Number.NaN
    if (at < stop || digits > MOST_EXACT_DIGITS || fraction > 22) return readSlowly(data, from, stop, decimal)
    const value = fraction === 0 ? whole : whole / (EXACT_POWERS[fraction] as number) // at most 22
    return negative ? -value : value
  }
}

function readSlowly(data: Uint8Array, start: number, end: number, decimal: '.' | ','): number {
  const text = textOf(data, start, end)
  if (decimal === ',' && text.includes('.')) return Number.NaN
  const plain = decimal === ',' ? text.replace(',', '.') : text
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,4})?$/i.test(plain)) return Number.NaN
  const value = Number(plain)
  return Number.isFinite(value) ? value : Number.NaN
}

export function explainNumber(text: string, decimal: '.' | ','): string {
  if (text.trim() === '') return 'the value is missing'
  if (/^[+-]?(nan|inf(inity)?)$/i.test(text.trim())) return 'it is not a finite number'
  if (/e\+?\d+$/i.test(text) || text.length > 300) return 'it is not a number that fits; at most 1.8e308'
  return decimal === ','
    ? 'it is not a number like 110,25 (the decimal mark is a comma)'
    : 'it is not a number like 110.25 (the decimal mark is a point)'
}

export type InstantReader = (data: Uint8Array, start: number, end: number) => Instant

/** From local time in microseconds, as if it were UTC, to the instant. */
export type LocalToInstant = (local: number) => Instant

const DAY_MICROS = 86_400_000_000
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
/** The years that are taken, both included, as everywhere in Tidemark. */
const [FIRST_YEAR, LAST_YEAR] = [1900, 2200]

/** Days from 1970-01-01 of a date of the Gregorian calendar (Hinnant, days_from_civil); NaN for no such day. */
function daysOf(year: number, month: number, day: number): number {
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
function digitsAt(data: Uint8Array, at: number, count: number): number {
  let value = 0
  for (let index = at; index < at + count; index++) {
    const digit = (data[index] ?? 0) - ZERO
    if (digit < 0 || digit > 9) return Number.NaN
    value = value * 10 + digit
  }
  return value
}

/** Reads RFC 3339 and its kin: `2026-01-31`, `2026-01-31 12:00`, with seconds, up to microseconds, with or without offset. */
export function createIsoReader(localToInstant: LocalToInstant): InstantReader {
  const lastDay = { bytes: new Uint8Array(10), days: Number.NaN }
  const dayAt = (data: Uint8Array, at: number): number => {
    for (let index = 0; index < 10; index++) {
      if (data[at + index] === lastDay.bytes[index]) continue
      if (data[at + 4] !== MINUS || data[at + 7] !== MINUS) return Number.NaN
      lastDay.days = daysOf(digitsAt(data, at, 4), digitsAt(data, at + 5, 2), digitsAt(data, at + 8, 2))
      lastDay.bytes.set(data.subarray(at, at + 10))
      break
    }
    return lastDay.days
  }
  return (data, start, end) => {
    let at = start
    let stop = end
    while (at < stop && data[at] === SPACE) at++
    while (stop > at && data[stop - 1] === SPACE) stop--
    if (stop - at < 10) return Number.NaN
    const days = dayAt(data, at)
    at += 10
    if (at === stop) return localToInstant(days * DAY_MICROS)
    if (data[at] !== SPACE && ((data[at] as number) & 0xdf) !== LETTER_T) return Number.NaN
    if (data[at + 3] !== COLON) return Number.NaN
    const hours = digitsAt(data, at + 1, 2)
    const minutes = digitsAt(data, at + 4, 2)
    at += 6
    let seconds = 0
    let micros = 0
    if (at < stop && data[at] === COLON) {
      seconds = digitsAt(data, at + 1, 2)
      at += 3
      if (at < stop && (data[at] === DOT || data[at] === COMMA)) {
        let unit = 100_000
        const first = ++at
        for (; at < stop && (data[at] as number) >= ZERO && (data[at] as number) <= NINE; at++) {
          const digit = (data[at] as number) - ZERO // within the field
          if (unit < 1 && digit !== 0) return Number.NaN
          micros += digit * Math.floor(unit)
          unit /= 10
        }
        if (at === first) return Number.NaN
      }
    }
    if (at > stop || !(hours < 24 && minutes < 60 && seconds < 60)) return Number.NaN
    const local = days * DAY_MICROS + ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + micros
    if (at === stop) return localToInstant(local)
    return local - offsetAt(data, at, stop)
  }
}

/** Microseconds of `Z`, `+02:00`, `+0200` or `+02`; NaN for anything else. */
function offsetAt(data: Uint8Array, start: number, end: number): number {
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

const EPOCH_UNITS = new Map([
  ['epoch_s', 1_000_000],
  ['epoch_ms', 1000],
  ['epoch_us', 1],
  ['epoch_ns', 0.001],
])
const LEAST_INSTANT = daysOf(FIRST_YEAR, 1, 1) * DAY_MICROS
const GREATEST_INSTANT = (daysOf(LAST_YEAR, 12, 31) + 1) * DAY_MICROS

/** Numbers since 1970 in the unit of the format, fractions exact until 2106; nanoseconds are cut to the microsecond below. */
function createEpochReader(unit: number): InstantReader {
  const read = createNumberReader('.')
  return (data, start, end) => {
    const number = read(data, start, end)
    const exact = unit < 1 ? Number(nanosToMicros(textOf(data, start, end))) : Math.round(number * unit)
    return exact >= LEAST_INSTANT && exact < GREATEST_INSTANT ? exact : Number.NaN
  }
}

function nanosToMicros(text: string): bigint {
  if (!/^\s*[+-]?\d{1,19}\s*$/.test(text)) return BigInt(GREATEST_INSTANT)
  const nanos = BigInt(text.trim())
  return (nanos - (((nanos % 1000n) + 1000n) % 1000n)) / 1000n
}

const PATTERN_PARTS = /YYYY|MM|DD|HH|mm|ss|S{1,6}/g

/** A pattern of `YYYY MM DD HH mm ss` and `SSS`; everything else must stand as it is. Undefined for an unusable one. */
function createPatternReader(pattern: string, localToInstant: LocalToInstant): InstantReader | undefined {
  const names: string[] = []
  const source = pattern.split(PATTERN_PARTS).map((literal) => literal.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  const parts = pattern.match(PATTERN_PARTS) ?? []
  let expression = source[0] ?? ''
  for (const [index, part] of parts.entries()) {
    if (names.includes(part[0] === 'S' ? 'S' : part)) return undefined
    names.push(part[0] === 'S' ? 'S' : part)
    expression += `(\\d{${part.length}})${source[index + 1] ?? ''}`
  }
  if (!['YYYY', 'MM', 'DD'].every((part) => names.includes(part))) return undefined
  const matcher = new RegExp(`^\\s*${expression}\\s*$`)
  return (data, start, end) => {
    const found = matcher.exec(textOf(data, start, end))
    if (!found) return Number.NaN
    const part = (name: string) => (names.includes(name) ? Number(found[names.indexOf(name) + 1]) : 0)
    const [hours, minutes, seconds] = [part('HH'), part('mm'), part('ss')]
    if (!(hours < 24 && minutes < 60 && seconds < 60)) return Number.NaN
    const fraction = names.includes('S') ? (found[names.indexOf('S') + 1] ?? '') : ''
    const micros = Number(fraction.padEnd(6, '0'))
    const days = daysOf(part('YYYY'), part('MM'), part('DD'))
    return localToInstant(days * DAY_MICROS + ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + micros)
  }
}

/** The reader of a mapping's `time_format`; undefined when the format cannot be understood. */
export function createInstantReader(
  format: string,
  localToInstant: LocalToInstant,
): InstantReader | undefined {
  if (format === 'iso') return createIsoReader(localToInstant)
  const unit = EPOCH_UNITS.get(format)
  return unit === undefined ? createPatternReader(format, localToInstant) : createEpochReader(unit)
}

export function explainInstant(text: string, format: string): string {
  const trimmed = text.trim()
  if (trimmed === '') return 'the time is missing'
  if (format !== 'iso')
    return `it is not a time in the format ${format}, between ${FIRST_YEAR} and ${LAST_YEAR}`
  const date = /^(\d{4})-(\d\d)-(\d\d)/.exec(trimmed)
  if (date && Number.isNaN(daysOf(Number(date[1]), Number(date[2]), Number(date[3])))) {
    const year = Number(date[1])
    return year < FIRST_YEAR || year > LAST_YEAR
      ? `the year is not between ${FIRST_YEAR} and ${LAST_YEAR}`
      : 'there is no such day in the calendar'
  }
  if (/[.,]\d{6}\d*[1-9]/.test(trimmed)) return 'it is finer than a microsecond'
  return 'it is not a time like 2026-01-31T12:00:00Z; other forms need `time_format` in the mapping'
}
