// A number and an instant from bytes, without making text of them first. Answers NaN for what is neither; why is said
// by `explain…`, which only runs for rows that are refused.

import { createNumberText, exampleOf, type NumberMarks, type NumberText } from '../number-text.ts'
import {
  DAY_MICROS,
  daysOf,
  digitsAt,
  FIRST_YEAR,
  type InstantReader,
  LAST_YEAR,
  type LocalToInstant,
  offsetAt,
} from './instant-parts.ts'
import { textOf } from './record.ts'
import { createPatternReader } from './time-pattern.ts'

const [ZERO, NINE, PLUS, MINUS, DOT, COMMA] = [48, 57, 43, 45, 46, 44]
const [SPACE, LETTER_T, COLON] = [32, 84, 58]

/** Powers of ten that a double holds exactly. */
const EXACT_POWERS = Array.from({ length: 23 }, (_, power) => 10 ** power)
const MOST_EXACT_DIGITS = 15

export type NumberReader = (data: Uint8Array, start: number, end: number) => number

/**
 * Reads a decimal number, with blanks around it. A whole number below 10^15 times or over a power of ten up to 10^22
 * is exact in one operation (Clinger 1990); anything longer, or with marks between its groups, goes through the
 * language's own reading. AppError `invalid` when both marks are one.
 */
export function createNumberReader(marks: NumberMarks): NumberReader {
  const mark = marks.decimal === ',' ? COMMA : DOT
  const readText = createNumberText(marks)
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
    if (at < stop || digits > MOST_EXACT_DIGITS || fraction > 22)
      return readSlowly(data, from, stop, readText)
    const value = fraction === 0 ? whole : whole / (EXACT_POWERS[fraction] as number) // at most 22
    return negative ? -value : value
  }
}

/** Apart, so that the way of most numbers stays short. */
function readSlowly(data: Uint8Array, start: number, end: number, readText: NumberText): number {
  return readText(textOf(data, start, end))
}

/** Why a text was not taken: the rule it breaks, and in words. */
export interface Explained {
  rule: 'required' | 'type'
  reason: string
}

export function explainNumber(text: string, marks: NumberMarks): Explained {
  const trimmed = text.trim()
  if (trimmed === '') return { rule: 'required', reason: 'the value is missing' }
  return { rule: 'type', reason: reasonOfNumber(trimmed, marks) }
}

function reasonOfNumber(text: string, marks: NumberMarks): string {
  const { decimal = '.', thousands } = marks
  if (/^[+-]?(nan|inf(inity)?)$/i.test(text)) return 'it is not a finite number'
  if (/e\+?\d+$/i.test(text) || text.length > 300) return 'it is not a number that fits; at most 1.8e308'
  const name = decimal === ',' ? 'the decimal mark is a comma' : 'the decimal mark is a point'
  const groups = thousands === undefined ? '' : '; between the marks of thousands stand three digits'
  return `it is not a number like ${exampleOf(marks)} (${name}${groups})`
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
  const read = createNumberReader({})
  return (data, start, end) => {
    const number = read(data, start, end)
    const exact = unit < 1 ? nanosToMicros(textOf(data, start, end), number) : Math.round(number * unit)
    return exact >= LEAST_INSTANT && exact < GREATEST_INSTANT ? exact : Number.NaN
  }
}

/** A double does not hold every nanosecond; digits without a fraction are cut exactly. */
function nanosToMicros(text: string, number: number): number {
  if (!/^\s*[+-]?\d{1,19}\s*$/.test(text)) return Math.floor(number / 1000)
  const nanos = BigInt(text.trim())
  return Number((nanos - (((nanos % 1000n) + 1000n) % 1000n)) / 1000n)
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

export function explainInstant(text: string, format: string): Explained {
  const trimmed = text.trim()
  if (trimmed === '') return { rule: 'required', reason: 'the time is missing' }
  return { rule: 'type', reason: reasonOfInstant(trimmed, format) }
}

function reasonOfInstant(text: string, format: string): string {
  if (format !== 'iso')
    return `it is not a time in the format ${format}, between ${FIRST_YEAR} and ${LAST_YEAR}`
  const date = /^(\d{4})-(\d\d)-(\d\d)/.exec(text)
  if (date && Number.isNaN(daysOf(Number(date[1]), Number(date[2]), Number(date[3])))) {
    const year = Number(date[1])
    return year < FIRST_YEAR || year > LAST_YEAR
      ? `the year is not between ${FIRST_YEAR} and ${LAST_YEAR}`
      : 'there is no such day in the calendar'
  }
  if (/[.,]\d{6}\d*[1-9]/.test(text)) return 'it is finer than a microsecond'
  return 'it is not a time like 2026-01-31T12:00:00Z; other forms need `time_format` in the mapping'
}
