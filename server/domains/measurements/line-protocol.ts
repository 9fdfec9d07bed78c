// InfluxDB line protocol: text to points. Pure; knows no signal. The form is that of InfluxDB 1 and 2
// (docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol): `measurement,tag=value field=1.5,other=2i time`.

import type { Instant } from '../../engine/sql.ts'

/** Nanoseconds in a unit of time, by the names that InfluxDB 1 and 2 give it. */
const UNITS = new Map<string, number>([
  ['ns', 1],
  ['n', 1],
  ['us', 1e3],
  ['u', 1e3],
  ['µ', 1e3],
  ['ms', 1e6],
  ['s', 1e9],
  ['m', 60e9],
  ['h', 3600e9],
])

export const UNIT_NAMES = [...UNITS.keys()]

/** Characters of one line at most, longer than any that holds readings. */
export const LINE_LIMIT = 65_536

/** The years 1900 to 2200, in microseconds: those that measurements may have. */
const EARLIEST = Date.UTC(1900, 0) * 1000
const END = Date.UTC(2201, 0) * 1000

export interface Field {
  key: string
  /** Null for text, which is no reading. */
  value: number | null
}

export interface Point {
  /** The line that it begins on, from 1. */
  line: number
  measurement: string
  /** By key; no key twice. */
  tags: [key: string, value: string][]
  fields: Field[]
  /** Null when the line has none. */
  instant: Instant | null
}

/** A line that is not line protocol, and why. */
export interface BadLine {
  line: number
  reason: string
}

/** Thrown while one line is read, never beyond `parseLines`. */
class Fault extends Error {}

const NEWLINE = 0x0a
const RETURN = 0x0d
const TAB = 0x09
const SPACE = 0x20
const QUOTE = 0x22
const HASH = 0x23
const COMMA = 0x2c
const EQUALS = 0x3d
const BACKSLASH = 0x5c

/**
 * The points of a text, in its order, with the lines that are none. Empty lines and comments (`#`) are passed over.
 * `unit` is that of the times, one of `UNIT_NAMES`; they are cut to microseconds. Text in quotes may hold line ends.
 */
export function* parseLines(text: string, unit: string): Generator<Point | BadLine> {
  const ends = createLineEnds(text)
  for (let at = 0, line = 1; at < text.length; ) {
    const start = skip(text, at, text.length)
    const end = ends.after(start)
    const isLine = start < end && text.charCodeAt(start) !== HASH
    if (isLine) yield readLine(text, { start, end: trimEnd(text, start, end), line, unit })
    line += countNewlines(text, start, end) + 1
    at = end + 1
  }
}

/** Whether a measurement may have the time: from the year 1900 to 2200. */
export const isWithinYears = (instant: Instant) => instant >= EARLIEST && instant < END

export const isPoint = (line: Point | BadLine): line is Point => 'fields' in line

interface Place {
  start: number
  /** Behind the last character, before the line's end. */
  end: number
  line: number
  unit: string
}

function readLine(text: string, { start, end, line, unit }: Place): Point | BadLine {
  try {
    if (end - start > LINE_LIMIT) throw new Fault(`it has more than ${LINE_LIMIT} characters`)
    const head = scan(text, start, end, COMMA)
    if (head === start) throw new Fault('the measurement has no name')
    const { tags, at: behindTags } = readTags(text, head, end)
    const { fields, at } = readFields(text, skip(text, behindTags, end), end)
    const measurement = text.slice(start, head).replaceAll(/\\([, ])/g, '$1')
    return { line, measurement, tags, fields, instant: readInstant(text.slice(at, end).trim(), unit) }
  } catch (error) {
    if (error instanceof Fault) return { line, reason: error.message }
    throw error
  }
}

function readTags(text: string, start: number, end: number): { tags: Point['tags']; at: number } {
  const tags: Point['tags'] = []
  let at = start
  while (text.charCodeAt(at) === COMMA && at < end) {
    const equals = scan(text, at + 1, end, COMMA, EQUALS)
    const key = unescaped(text.slice(at + 1, equals))
    const next = scan(text, equals + 1, end, COMMA, EQUALS)
    if (key === '') throw new Fault('a tag has no name')
    if (text.charCodeAt(equals) !== EQUALS || next <= equals + 1)
      throw new Fault(`the tag ${quoted(key)} has no value`)
    if (text.charCodeAt(next) === EQUALS && next < end) {
      throw new Fault(`the tag ${quoted(key)} has an equals sign in its value; write it \\=`)
    }
    tags.push([key, unescaped(text.slice(equals + 1, next))])
    at = next
  }
  tags.sort(([a], [b]) => (a < b ? -1 : 1))
  const twice = tags.find(([key], index) => tags[index + 1]?.[0] === key)
  if (twice) throw new Fault(`the tag ${quoted(twice[0])} is there twice`)
  return { tags, at }
}

function readFields(text: string, start: number, end: number): { fields: Field[]; at: number } {
  if (start >= end) throw new Fault('there is no field')
  const fields: Field[] = []
  for (let at = start; ; at++) {
    const equals = scan(text, at, end, COMMA, EQUALS)
    const key = unescaped(text.slice(at, equals))
    if (key === '') throw new Fault('a field has no name')
    if (equals >= end - 1 || text.charCodeAt(equals) !== EQUALS)
      throw new Fault(`the field ${quoted(key)} has no value`)
    const isText = text.charCodeAt(equals + 1) === QUOTE
    const next = isText ? endOfText(text, equals + 1, end) : scan(text, equals + 1, end, COMMA)
    if (next < 0) throw new Fault(`the text of the field ${quoted(key)} has no closing quote`)
    fields.push({ key, value: isText ? null : readValue(text.slice(equals + 1, next), key) })
    at = next
    if (at < end && text.charCodeAt(at) === COMMA) continue
    if (at < end && text.charCodeAt(at) !== SPACE)
      throw new Fault(`behind the text of the field ${quoted(key)} is more`)
    return { fields, at }
  }
}

const BOOLEANS = new Map([
  ...['t', 'T', 'true', 'True', 'TRUE'].map((text) => [text, 1] as const),
  ...['f', 'F', 'false', 'False', 'FALSE'].map((text) => [text, 0] as const),
])

/** Whole numbers beyond 2^53 become the nearest number that a double can hold. */
function readValue(text: string, key: string): number {
  const boolean = BOOLEANS.get(text)
  if (boolean !== undefined) return boolean
  if (/^-?\d+i$/.test(text)) return withinBits(text, key, { least: -(2n ** 63n), most: 2n ** 63n - 1n })
  if (/^\d+u$/.test(text)) return withinBits(text, key, { least: 0n, most: 2n ** 64n - 1n })
  const value = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isFinite(value)) {
    throw new Fault(
      `the field ${quoted(key)} must be a number such as 1.5, 2i or 3u, true or false, or text in double quotes`,
    )
  }
  return value
}

function withinBits(text: string, key: string, { least, most }: { least: bigint; most: bigint }): number {
  const digits = text.slice(0, -1)
  // No number of 18 digits or fewer is out of range.
  if (digits.length > 18 && (BigInt(digits) < least || BigInt(digits) > most)) {
    throw new Fault(`the field ${quoted(key)} is a whole number of more than 64 bits`)
  }
  return Number(digits)
}

function readInstant(text: string, unit: string): Instant | null {
  if (text === '') return null
  if (!/^-?\d{1,19}$/.test(text)) throw new Fault('the time must be a whole number')
  const nanoseconds = UNITS.get(unit) ?? 1
  const instant = nanoseconds === 1 ? micros(text) : Number(text) * (nanoseconds / 1000)
  if (isWithinYears(instant)) return instant
  throw new Fault('the time is outside of the years 1900 to 2200; does its unit agree with `precision`?')
}

/** Nanoseconds to microseconds, downwards, by their digits; a double does not hold the former. */
function micros(nanoseconds: string): Instant {
  const isEarly = nanoseconds.startsWith('-')
  const digits = isEarly ? nanoseconds.slice(1) : nanoseconds
  const whole = Number(digits.slice(0, -3))
  if (!isEarly) return whole
  return 0 - (Number(digits.slice(-3)) === 0 ? whole : whole + 1)
}

/** Behind spaces, tabs and returns. */
function skip(text: string, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at)
    if (code !== SPACE && code !== TAB && code !== RETURN) return at
  }
  return end
}

/** Before trailing spaces and returns. */
function trimEnd(text: string, start: number, end: number): number {
  let at = end
  while (at > start && (text.charCodeAt(at - 1) === SPACE || text.charCodeAt(at - 1) === RETURN)) at--
  return at
}

/** The first space, `a` or `b` that no backslash stands before; `end` when there is none. */
function scan(text: string, start: number, end: number, a: number, b = a): number {
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at)
    if ((code === a || code === b || code === SPACE) && text.charCodeAt(at - 1) !== BACKSLASH) return at
  }
  return Math.max(start, end)
}

/** Behind the quote that closes the text opened at `start`; -1 when there is none. */
function endOfText(text: string, start: number, end: number): number {
  for (let at = start + 1; at < end; at++) {
    const code = text.charCodeAt(at)
    if (code === BACKSLASH) at++
    else if (code === QUOTE) return at + 1
  }
  return -1
}

/** Where lines end: at the next line break, but not within the text of a field. */
function createLineEnds(text: string): { after(start: number): number } {
  const next = { quote: -1 }
  return {
    after(start) {
      const plain = text.indexOf('\n', start)
      const end = plain < 0 ? text.length : plain
      if (next.quote < start) next.quote = text.indexOf('"', start)
      if (next.quote < 0) next.quote = text.length
      return next.quote >= end || text.charCodeAt(start) === HASH ? end : endWithTexts(text, start, end)
    },
  }
}

/** A text that is never closed ends with its line, so that the lines behind it are still read. */
function endWithTexts(text: string, start: number, plain: number): number {
  for (let at = scan(text, start, plain, SPACE); at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === NEWLINE) return at
    if (code === QUOTE && text.charCodeAt(at - 1) === EQUALS && text.charCodeAt(at - 2) !== BACKSLASH) {
      const behind = endOfText(text, at, text.length)
      if (behind < 0) return plain
      at = behind - 1
    }
  }
  return text.length
}

function countNewlines(text: string, start: number, end: number): number {
  let count = 0
  for (let at = text.indexOf('\n', start); at >= 0 && at < end; at = text.indexOf('\n', at + 1)) count++
  return count
}

const unescaped = (text: string) => (text.includes('\\') ? text.replaceAll(/\\([,= ])/g, '$1') : text)

const quoted = (name: string) => JSON.stringify(name.slice(0, 100))
