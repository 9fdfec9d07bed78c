// Times written after a pattern of their own, such as `DD.MM.YYYY HH:mm`, read from bytes by one step for each part.

import {
  DAY_MICROS,
  daysOf,
  digitsAt,
  type InstantReader,
  type LocalToInstant,
  offsetAt,
} from './instant-parts.ts'

const [SPACE, ZERO, NINE] = [32, 48, 57]
const TOKENS = /'[^']*'|YYYY|YY|MMM|MM?|DD?|HH?|hh?|mm|ss|S{1,9}|[aA]|Z/g
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

/** What was read of one time. `offset` is NaN where none is written. */
interface Parts {
  year: number
  month: number
  day: number
  hours: number
  /** 0 in the morning, 12 after noon. */
  half: number
  minutes: number
  seconds: number
  micros: number
  offset: number
}

/** Reads one part at `at`; answers the place behind it, -1 where it does not stand. */
type Step = (data: Uint8Array, at: number, stop: number) => number

/**
 * A pattern of `YYYY` or `YY` (69 to 99 are of the last century, as in POSIX), `MM`, `M` or `MMM` (Jan to Dec), `DD` or
 * `D`, `HH` or `H`, or `hh` or `h` with `a` (AM, PM), `mm`, `ss`, `S` to `SSSSSSSSS`, and `Z` for an offset from UTC;
 * everything else, and what stands in '', must stand as it is. Undefined for a pattern that names no day, a part twice
 * or half of a clock of twelve hours.
 */
export function createPatternReader(pattern: string, toInstant: LocalToInstant): InstantReader | undefined {
  const tokens = pattern.match(TOKENS) ?? []
  const names = tokens.filter((token) => !token.startsWith("'")).map(nameOf)
  const has = (name: string) => names.includes(name)
  if (!has('Y') || !has('M') || !has('D') || new Set(names).size < names.length) return undefined
  if (tokens.some((token) => token.startsWith('h')) !== has('a')) return undefined
  const parts = { ...NOTHING }
  const between = pattern.split(TOKENS)
  const steps = [literal(between[0] ?? '')]
  for (const [index, token] of tokens.entries()) {
    steps.push(stepOf(token, parts), literal(between[index + 1] ?? ''))
  }
  return (data, start, end) => {
    let at = start
    let stop = end
    while (at < stop && data[at] === SPACE) at++
    while (stop > at && data[stop - 1] === SPACE) stop--
    for (const step of steps) {
      at = step(data, at, stop)
      if (at < 0) return Number.NaN
    }
    return at === stop ? instantOf(parts, toInstant) : Number.NaN
  }
}

const NOTHING: Parts = {
  year: 0,
  month: 0,
  day: 0,
  hours: 0,
  half: Number.NaN,
  minutes: 0,
  seconds: 0,
  micros: 0,
  offset: Number.NaN,
}

/** Of hours of the day and of half a day, and of names and numbers of months, a pattern has one. */
const nameOf = (token: string) => (token[0] === 'h' ? 'H' : token[0] === 'A' ? 'a' : (token[0] ?? ''))

function instantOf(parts: Parts, toInstant: LocalToInstant): number {
  const { half, minutes, seconds, offset } = parts
  const twelve = !Number.isNaN(half)
  if (twelve && !(parts.hours >= 1 && parts.hours <= 12)) return Number.NaN
  const hours = twelve ? (parts.hours % 12) + half : parts.hours
  if (!(hours < 24 && minutes < 60 && seconds < 60)) return Number.NaN
  const days = daysOf(parts.year, parts.month, parts.day)
  const local = days * DAY_MICROS + ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + parts.micros
  return Number.isNaN(offset) ? toInstant(local) : local - offset
}

function stepOf(token: string, parts: Parts): Step {
  switch (token) {
    case 'YYYY':
      return digits(4, 4, (year) => {
        parts.year = year
      })
    case 'YY':
      return digits(2, 2, (year) => {
        parts.year = year + (year < 69 ? 2000 : 1900)
      })
    case 'MMM':
      return (data, at, stop) => {
        parts.month = MONTHS.indexOf(lettersAt(data, at, stop, 3)) + 1
        return parts.month === 0 ? -1 : at + 3
      }
    case 'a':
    case 'A':
      return (data, at, stop) => {
        const letters = lettersAt(data, at, stop, 2)
        parts.half = letters === 'pm' ? 12 : 0
        return letters === 'am' || letters === 'pm' ? at + 2 : -1
      }
    case 'Z':
      return (data, at, stop) => {
        parts.offset = offsetAt(data, at, stop)
        return Number.isNaN(parts.offset) ? -1 : stop
      }
    default:
      if (token.startsWith("'")) return literal(token.slice(1, -1))
      return token.startsWith('S') ? fraction(token.length, parts) : number(token, parts)
  }
}

const FIELDS = { M: 'month', D: 'day', H: 'hours', h: 'hours', m: 'minutes', s: 'seconds' } as const

/** Two digits, or one or two where the pattern has a single letter. */
function number(token: string, parts: Parts): Step {
  const field = FIELDS[token[0] as keyof typeof FIELDS] // the other tokens have steps of their own
  return digits(token.length, 2, (value) => {
    parts[field] = value
  })
}

/** Exactly so many digits of a second; what is finer than a microsecond must be zero. */
function fraction(length: number, parts: Parts): Step {
  const unit = 10 ** Math.abs(6 - length)
  return (data, at, stop) => {
    const value = at + length <= stop ? digitsAt(data, at, length) : Number.NaN
    parts.micros = length <= 6 ? value * unit : value / unit
    return Number.isInteger(parts.micros) ? at + length : -1
  }
}

function digits(least: number, most: number, take: (value: number) => void): Step {
  return (data, at, stop) => {
    let value = 0
    let index = at
    for (; index < stop && index < at + most; index++) {
      const byte = data[index] as number // before the end
      if (byte < ZERO || byte > NINE) break
      value = value * 10 + (byte - ZERO)
    }
    if (index < at + least) return -1
    take(value)
    return index
  }
}

function literal(text: string): Step {
  const bytes = Buffer.from(text)
  return (data, at, stop) => {
    if (at + bytes.length > stop) return -1
    for (let index = 0; index < bytes.length; index++) if (data[at + index] !== bytes[index]) return -1
    return at + bytes.length
  }
}

/** So many letters in lower case; empty when they do not stand there. */
function lettersAt(data: Uint8Array, at: number, stop: number, count: number): string {
  if (at + count > stop) return ''
  return String.fromCharCode(...data.subarray(at, at + count)).toLowerCase()
}
