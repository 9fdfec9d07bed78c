// Buckets of time: their text, their edges in a zone, and the SQL that finds the bucket of a row. The SQL is
// arithmetic on microseconds alone: edges are worked out here once, and no engine asks a calendar for each row.

import { type Instant, type Sql, sql } from './engine/sql.ts'
import { AppError } from './errors.ts'
import { instantOf, localOf, offsetSpans } from './zone.ts'

export const MAX_BUCKETS = 10_000

export type Unit = 's' | 'm' | 'h' | 'd' | 'w' | 'mo' | 'y'

export interface Bucket {
  count: number
  unit: Unit
}

/** The half-open range [from, to). */
export interface Range {
  from: Instant
  to: Instant
}

const SECOND = 1_000_000
const DAY = 86_400 * SECOND
/** 1970-01-05, a Monday. */
const FIRST_MONDAY = 4 * DAY
/** Microseconds; of months and years the mean. */
const LENGTH: Record<Unit, number> = {
  s: SECOND,
  m: 60 * SECOND,
  h: 3600 * SECOND,
  d: DAY,
  w: 7 * DAY,
  mo: 30.436875 * DAY,
  y: 365.2425 * DAY,
}

/** What `auto` chooses from: lengths that people read easily, each at most four times the one before. */
const AUTO = '1s 2s 5s 10s 15s 30s 1m 2m 5m 10m 15m 30m 1h 2h 3h 6h 12h 1d 2d 1w 2w 1mo 3mo 1y 2y'.split(' ')
const AUTO_BUCKETS = 400

/** `5m`, `1d`, `3mo` …; `auto` gives the shortest of a list with at most 400 buckets in the range. */
export function parseBucket(text: string, { from, to }: Range): Bucket {
  const chosen = text === 'auto' ? AUTO.find((item) => (to - from) / lengthOf(item) <= AUTO_BUCKETS) : text
  return readBucket(chosen ?? '2y')
}

export function bucketText({ count, unit }: Bucket): string {
  return `${count}${unit}`
}

/**
 * The edges of the buckets that [from, to) touches, oldest first, one more than there are buckets: bucket `i` is
 * [edges[i], edges[i + 1]). The first edge is at or before `from`, the last at or after `to`; an empty range has none.
 * Days and longer begin at local midnights (weeks on Mondays, several months and years counted from the year 0, several
 * days and weeks from 1970). Hours and shorter begin where the local clock shows a whole multiple counted from its
 * 1970-01-01; an hour that the clock repeats is two buckets. More than 10 000 buckets: AppError `range_too_large`.
 */
export function bucketEdges(bucket: Bucket, range: Range, tz: string): Instant[] {
  if (range.from >= range.to) return []
  const about = (range.to - range.from) / (bucket.count * LENGTH[bucket.unit])
  if (about > MAX_BUCKETS + 2) throw tooMany(bucket, about)
  const edges = isClockUnit(bucket.unit) ? clockEdges(bucket, range, tz) : calendarEdges(bucket, range, tz)
  const first = edges.findLastIndex((edge) => edge <= range.from)
  const last = edges.findIndex((edge) => edge >= range.to)
  if (last - first > MAX_BUCKETS) throw tooMany(bucket, last - first)
  return edges.slice(first, last + 1)
}

/** The start, in local time, of the bucket in which a local time lies. */
export function floorLocal(local: number, { count, unit }: Bucket): number {
  if (unit === 'mo' || unit === 'y') {
    const date = new Date(local / 1000)
    const months = date.getUTCFullYear() * 12 + date.getUTCMonth()
    const step = monthsOf({ count, unit })
    return localMonth(Math.floor(months / step) * step)
  }
  const origin = unit === 'w' ? FIRST_MONDAY : 0
  const length = count * LENGTH[unit]
  return Math.floor((local - origin) / length) * length + origin
}

/**
 * A whole-number expression: the position among the buckets of `edges` in which an instant lies. `micros` is the
 * instant as microseconds since 1970, between the first edge and the last. Edges of equal distance need one division;
 * a clock change or a month of another length adds a comparison, in a tree so that a row meets few of them.
 */
export function bucketOrdinal(micros: Sql, edges: readonly Instant[]): Sql {
  const runs = runsOf(edges)
  const choose = (low: number, high: number): Sql => {
    if (high - low > 1) {
      const middle = (low + high) >> 1
      const from = whole(runs[middle]?.from ?? 0)
      return sql`case when ${micros} < ${from} then ${choose(low, middle)} else ${choose(middle, high)} end`
    }
    const run = runs[low]
    if (run === undefined || run.count === 1) return whole(run?.first ?? 0)
    // Never negative, so that the division of whole numbers rounds down on either engine.
    const steps = sql`(${micros} - ${whole(run.from)}) / ${whole(run.length)}`
    return run.first === 0 ? steps : sql`${steps} + ${whole(run.first)}`
  }
  return sql`(${choose(0, runs.length)})`
}

interface Run {
  from: Instant
  length: number
  /** Position of its first bucket. */
  first: number
  count: number
}

/** Neighbouring buckets of equal length together. */
function runsOf(edges: readonly Instant[]): Run[] {
  const runs: Run[] = []
  for (let index = 0; index + 1 < edges.length; index++) {
    const from = edges[index] ?? 0
    const length = (edges[index + 1] ?? 0) - from
    const last = runs.at(-1)
    if (last?.length === length) last.count++
    else runs.push({ from, length, first: index, count: 1 })
  }
  return runs
}

/** A whole number that was worked out here, as part of the text. */
function whole(value: number): Sql {
  return sql.trusted(String(value))
}

function isClockUnit(unit: Unit): boolean {
  return unit === 's' || unit === 'm' || unit === 'h'
}

function calendarEdges(bucket: Bucket, { from, to }: Range, tz: string): Instant[] {
  const edges: Instant[] = []
  for (let local = floorLocal(localOf(tz, from), bucket); ; local = nextLocal(local, bucket)) {
    const edge = instantOf(tz, local)
    // A day that a zone left out begins where the next one does.
    if (edge !== edges.at(-1)) edges.push(edge)
    if (edge >= to) return edges
  }
}

function clockEdges(bucket: Bucket, { from, to }: Range, tz: string): Instant[] {
  const length = bucket.count * LENGTH[bucket.unit]
  const [start, end] = [from - 3 * length, to + 3 * length]
  const spans = offsetSpans(tz, start, end)
  return spans.flatMap(({ from: spanStart, offset }, index) => {
    const first = Math.ceil((Math.max(spanStart, start) + offset) / length) * length - offset
    const spanEnd = spans[index + 1]?.from ?? end
    return Array.from(
      { length: Math.max(0, Math.ceil((spanEnd - first) / length)) },
      (_, n) => first + n * length,
    )
  })
}

function nextLocal(local: number, bucket: Bucket): number {
  if (bucket.unit !== 'mo' && bucket.unit !== 'y') return local + bucket.count * LENGTH[bucket.unit]
  const date = new Date(local / 1000)
  return localMonth(date.getUTCFullYear() * 12 + date.getUTCMonth() + monthsOf(bucket))
}

function monthsOf({ count, unit }: Bucket): number {
  return unit === 'y' ? count * 12 : count
}

/** The start of a month counted from the year 0, which `Date.UTC` would take for 1900. */
function localMonth(month: number): number {
  return new Date(0).setUTCFullYear(Math.floor(month / 12), month % 12, 1) * 1000
}

function lengthOf(text: string): number {
  const { count, unit } = readBucket(text)
  return count * LENGTH[unit]
}

function readBucket(text: string): Bucket {
  const match = /^(?:([1-9]\d{0,3})(s|m|h|d|w|mo)|([1-9]\d?|100)(y))$/.exec(text)
  if (match === null) {
    const message =
      'must be auto, or a count and a unit such as 5m, 1h, 1d, 1w, 1mo, 1y (at most 9999, or 100y)'
    throw new AppError('invalid', `The bucket ${message}.`, { faults: [{ path: '/bucket', message }] })
  }
  return { count: Number(match[1] ?? match[3]), unit: (match[2] ?? match[4]) as Unit } // the pattern allows no other
}

function tooMany(bucket: Bucket, count: number): AppError {
  const asked = Math.ceil(count).toLocaleString('en').replaceAll(',', ' ')
  return new AppError(
    'range_too_large',
    `Ask for at most 10 000 buckets: this range has about ${asked} of ${bucketText(bucket)}.`,
  )
}
