import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DuckDBInstance } from '@duckdb/node-api'
import fc from 'fast-check'
import { type Bucket, bucketEdges, bucketOrdinal, bucketText, parseBucket } from './bucket.ts'
import { parseWhen } from './calendar.ts'
import { formatInstant, render, sql } from './engine/sql.ts'
import { AppError } from './errors.ts'
import { localOf } from './zone.ts'

const HOUR = 3_600_000_000
const DAY = 24 * HOUR

function edges(bucket: string, from: string, to: string, tz: string): string[] {
  const at = (text: string) => parseWhen(text, { tz, now: 0 })
  const range = { from: at(from), to: at(to) }
  return bucketEdges(parseBucket(bucket, range), range, tz).map(formatInstant)
}

function hours(bucket: string, from: string, to: string, tz: string): number[] {
  const at = edges(bucket, from, to, tz).map((text) => Date.parse(text) / 3_600_000)
  return at.slice(1).map((edge, index) => edge - (at[index] ?? 0))
}

test('days follow the calendar: 23 and 25 hours where the clock changes', () => {
  assert.deepEqual(hours('1d', '2026-03-28', '2026-03-31', 'Europe/Berlin'), [24, 23, 24])
  assert.deepEqual(hours('1d', '2026-10-24', '2026-10-27', 'Europe/Berlin'), [24, 25, 24])
  assert.deepEqual(hours('1d', '2026-03-07', '2026-03-10', 'America/New_York'), [24, 23, 24])
  assert.deepEqual(hours('1d', '2026-10-31', '2026-11-03', 'America/New_York'), [24, 25, 24])
  assert.deepEqual(hours('1d', '2026-04-04', '2026-04-07', 'Australia/Sydney'), [24, 25, 24])
  assert.deepEqual(hours('1d', '2026-10-03', '2026-10-06', 'Australia/Sydney'), [24, 23, 24])
  assert.deepEqual(hours('1d', '2026-04-23', '2026-04-26', 'Africa/Cairo'), [24, 23, 24])
  assert.deepEqual(hours('1d', '2026-10-29', '2026-11-01', 'Africa/Cairo'), [25, 24, 24])
  assert.deepEqual(hours('1d', '2011-12-29', '2012-01-02', 'Pacific/Apia'), [24, 24, 24])
})

test('a day that begins when the clock leaves out midnight begins an hour later', () => {
  assert.deepEqual(edges('1d', '2026-04-23', '2026-04-25', 'Africa/Cairo'), [
    '2026-04-22T22:00:00Z',
    '2026-04-23T22:00:00Z',
    '2026-04-24T21:00:00Z',
  ])
})

test('weeks begin on Mondays, months and years on their first', () => {
  assert.deepEqual(edges('1w', '2026-03-26', '2026-04-02', 'Europe/Berlin'), [
    '2026-03-22T23:00:00Z',
    '2026-03-29T22:00:00Z',
    '2026-04-05T22:00:00Z',
  ])
  assert.deepEqual(edges('1mo', '2026-02-10', '2026-04-01', 'Asia/Kathmandu'), [
    '2026-01-31T18:15:00Z',
    '2026-02-28T18:15:00Z',
    '2026-03-31T18:15:00Z',
  ])
  assert.deepEqual(edges('3mo', '2026-05-10', '2026-05-11', 'UTC'), [
    '2026-04-01T00:00:00Z',
    '2026-07-01T00:00:00Z',
  ])
  assert.deepEqual(edges('5y', '2026-05-10', '2026-05-11', 'UTC'), [
    '2025-01-01T00:00:00Z',
    '2030-01-01T00:00:00Z',
  ])
})

test('an hour that the clock repeats is two buckets, one that it leaves out is none', () => {
  assert.deepEqual(edges('1h', '2026-10-25T01:00', '2026-10-25T03:00', 'Europe/Berlin'), [
    '2026-10-24T23:00:00Z',
    '2026-10-25T00:00:00Z',
    '2026-10-25T01:00:00Z',
    '2026-10-25T02:00:00Z',
  ])
  assert.equal(hours('1h', '2026-03-29', '2026-03-30', 'Europe/Berlin').length, 23)
  assert.deepEqual(hours('6h', '2026-03-29', '2026-03-30', 'Europe/Berlin'), [5, 6, 6, 6])
  assert.deepEqual(hours('6h', '2026-10-25', '2026-10-26', 'Europe/Berlin'), [7, 6, 6, 6])
})

test('hours are aligned to the local clock where the offset is not whole', () => {
  assert.deepEqual(edges('1h', '2026-01-01T10:00Z', '2026-01-01T11:00Z', 'Asia/Kathmandu'), [
    '2026-01-01T09:15:00Z',
    '2026-01-01T10:15:00Z',
    '2026-01-01T11:15:00Z',
  ])
})

test('an empty range has no buckets, and too many are refused', () => {
  assert.deepEqual(edges('1d', '2026-01-01', '2026-01-01', 'UTC'), [])
  assert.equal(edges('1h', '2026-01-01', '2027-01-01', 'UTC').length, 8761)
  for (const [bucket, from] of [
    ['1s', '2016-01-01'],
    ['1m', '2025-12-25'],
    ['1s', '1900-01-01'],
  ] as const) {
    assert.throws(
      () => edges(bucket, from, '2026-01-01', 'Europe/Berlin'),
      (error) =>
        error instanceof AppError && error.code === 'range_too_large' && /10 000 buckets/.test(error.message),
    )
  }
})

test('a bucket is auto, or a count and a unit', () => {
  const range = { from: 0, to: 30 * DAY }
  for (const text of ['5m', '15s', '1h', '1d', '2w', '3mo', '1y', '100y']) {
    assert.equal(bucketText(parseBucket(text, range)), text)
  }
  for (const text of ['', '0d', '01d', '1q', '1D', '5', 'd', '1.5h', '10000s', '101y', '1d ']) {
    assert.throws(() => parseBucket(text, range), AppError)
  }
  assert.equal(bucketText(parseBucket('auto', range)), '2h')
  assert.equal(bucketText(parseBucket('auto', { from: 0, to: HOUR })), '10s')
  assert.equal(bucketText(parseBucket('auto', { from: 0, to: 365 * DAY })), '1d')
  assert.equal(bucketText(parseBucket('auto', { from: 0, to: 0 })), '1s')
})

const zones = fc.constantFrom(
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kathmandu',
  'Africa/Cairo',
  'Australia/Lord_Howe',
  'America/Santiago',
  'America/St_Johns',
  'Pacific/Apia',
)
const buckets = fc
  .tuple(fc.integer({ min: 1, max: 40 }), fc.constantFrom<Bucket['unit']>('s', 'm', 'h', 'd', 'w', 'mo', 'y'))
  .map(([count, unit]) => ({ count, unit }))
const LENGTH = { s: 1e6, m: 6e7, h: HOUR, d: DAY, w: 7 * DAY, mo: 30 * DAY, y: 365 * DAY }
/** A bucket and a range of up to 60 of it. */
const questions = fc
  .tuple(
    zones,
    buckets,
    fc.integer({ min: Date.UTC(1990, 0), max: Date.UTC(2035, 0) }),
    fc.double({ min: 0, max: 60, noNaN: true }),
  )
  .map(([tz, bucket, ms, many]) => {
    const from = ms * 1000
    return { tz, bucket, from, to: from + Math.floor(many * bucket.count * LENGTH[bucket.unit]) }
  })

test('buckets cover the range, in order, and begin where the local clock says', () => {
  fc.assert(
    fc.property(questions, ({ tz, bucket, from, to }) => {
      const found = bucketEdges(bucket, { from, to }, tz)

      if (from >= to) return assert.deepEqual(found, [])
      assert.ok((found[0] ?? 0) <= from && (found[1] ?? 0) > from)
      assert.ok((found.at(-1) ?? 0) >= to && (found.at(-2) ?? 0) < to)
      for (const [index, edge] of found.entries()) {
        assert.ok(index === 0 || edge > (found[index - 1] ?? 0))
        const sinceMidnight = localOf(tz, edge) % DAY
        if (bucket.unit === 'd' || bucket.unit === 'mo')
          assert.ok(sinceMidnight <= HOUR, String(sinceMidnight))
        if (bucket.unit === 'm' && 60 % bucket.count === 0)
          assert.equal(sinceMidnight % (bucket.count * 6e7), 0)
      }
    }),
    { numRuns: 1000 },
  )
})

test('buckets of a part of a range are buckets of the whole', () => {
  fc.assert(
    fc.property(questions, fc.double({ min: 0, max: 1, noNaN: true }), ({ tz, bucket, from, to }, part) => {
      const whole = new Set(bucketEdges(bucket, { from, to }, tz))

      const some = bucketEdges(bucket, { from: from + Math.floor((to - from) * part), to }, tz)

      for (const edge of some) assert.ok(whole.has(edge))
    }),
    { numRuns: 500 },
  )
})

test('the SQL of a bucket finds the position that the edges say', async () => {
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  await connection.run('set integer_division = true')
  await fc.assert(
    fc.asyncProperty(
      questions,
      fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), {
        minLength: 1,
        maxLength: 30,
      }),
      async ({ tz, bucket, from, to }, parts) => {
        fc.pre(from < to)
        const found = bucketEdges(bucket, { from, to }, tz)
        const at = [...parts.map((part) => from + Math.floor((to - from) * part)), from, to - 1]
        const ordinal = bucketOrdinal(sql`micros`, found)

        const { text } = render(
          sql`select ${ordinal} as place from (select unnest([${sql.trusted(at.join(', '))}]::bigint[]) as micros)`,
          String,
        )
        const places = (await connection.runAndReadAll(text)).getRowsJS().map(([place]) => Number(place))

        assert.deepEqual(
          places,
          at.map((instant) => found.findLastIndex((edge) => edge <= instant)),
        )
      },
    ),
    { numRuns: 200 },
  )
})
