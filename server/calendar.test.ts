import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseWhen, resolveRange } from './calendar.ts'
import { formatInstant } from './engine/sql.ts'
import { AppError } from './errors.ts'
import { checkZone, instantOf, localOf, offsetAt } from './zone.ts'

const NOW = Date.UTC(2026, 2, 31, 10, 20, 30, 400) * 1000 + 500

function read(text: string, tz = 'UTC'): string {
  return formatInstant(parseWhen(text, { tz, now: NOW }))
}

function refusal(text: string, tz = 'UTC'): string {
  try {
    parseWhen(text, { tz, now: NOW, path: '/from' })
  } catch (error) {
    assert.ok(error instanceof AppError)
    assert.equal(error.code, 'invalid')
    assert.equal(error.faults?.[0]?.path, '/from')
    return error.message
  }
  throw new Error(`${text} was taken`)
}

test('times with an offset are read to the microsecond', () => {
  assert.equal(read('2026-01-31T12:00:00Z'), '2026-01-31T12:00:00Z')
  assert.equal(read('2026-01-31t12:00:00z'), '2026-01-31T12:00:00Z')
  assert.equal(read('2026-01-31T12:00:00.123456+01:30'), '2026-01-31T10:30:00.123456Z')
  assert.equal(read('2026-01-31T12:00-00:30'), '2026-01-31T12:30:00Z')
  assert.equal(read('2026-01-31T12:00:00.1250000Z'), '2026-01-31T12:00:00.125Z')
  assert.equal(read('1900-01-01T00:00:00Z'), '1900-01-01T00:00:00Z')
  assert.equal(read('2200-12-31T23:59:59.999999Z'), '2200-12-31T23:59:59.999999Z')
  assert.equal(read('2024-02-29'), '2024-02-29T00:00:00Z')
})

test('times without an offset are read in the zone', () => {
  assert.equal(read('2021-12-27 23:59:49.000', 'Europe/Zurich'), '2021-12-27T22:59:49Z')
  assert.equal(read('2026-07-01', 'America/New_York'), '2026-07-01T04:00:00Z')
  assert.equal(read('2026-07-01T00:00', 'Asia/Kathmandu'), '2026-06-30T18:15:00Z')
  assert.equal(read('1900-01-01', 'Europe/Paris'), '1899-12-31T23:50:39Z')
})

test('a local time that a clock change leaves out moves forward, one that comes twice is the earlier', () => {
  assert.equal(read('2026-03-29T02:30', 'Europe/Berlin'), '2026-03-29T01:30:00Z')
  assert.equal(read('2026-10-25T02:30', 'Europe/Berlin'), '2026-10-25T00:30:00Z')
  assert.equal(read('2026-03-08T02:30', 'America/New_York'), '2026-03-08T07:30:00Z')
  assert.equal(read('2026-11-01T01:30', 'America/New_York'), '2026-11-01T05:30:00Z')
  assert.equal(read('2026-04-24', 'Africa/Cairo'), '2026-04-23T22:00:00Z')
  assert.equal(read('2011-12-30', 'Pacific/Apia'), read('2011-12-31', 'Pacific/Apia'))
})

test('what does not exist is refused with what would be right', () => {
  assert.match(refusal('2026-02-30'), /February 2026 has 28 days/)
  assert.match(refusal('2026-02-30T25:61:00Z'), /February 2026 has 28 days/)
  assert.match(refusal('2026-09-31T00:00:00Z'), /September 2026 has 30 days/)
  assert.match(refusal('2026-01-31T25:61:00Z'), /hours go to 23/)
  assert.match(refusal('2026-01-31T24:00:00Z'), /hours go to 23/)
  assert.match(refusal('2026-13-01'), /months go from 01 to 12/)
  assert.match(refusal('2026-00-01'), /months go from 01 to 12/)
  assert.match(refusal('2026-01-00'), /January 2026 has 31 days/)
  assert.match(refusal('2016-12-31T23:59:60Z'), /leap second/)
  assert.match(refusal('2026-01-31T12:00:00+24:00'), /no such offset/)
  assert.match(refusal('2026-01-31T12:00:00.0000001Z'), /finer than microseconds/)
  assert.match(refusal('2026-01-31T12:00:00 01:00'), /written %2B/)
  for (const text of ['1899-12-31', '2201-01-01', '0000-01-01', 'now+300y', 'now-999999d', 'now-999999y']) {
    assert.match(refusal(text, 'Europe/Berlin'), /years 1900 to 2200/)
  }
  const others = [
    '',
    'today',
    '999999-12-31T00:00:00Z',
    '2026-1-1',
    '31.01.2026',
    '1767225600',
    'now-',
    'now-1x',
  ]
  for (const text of [...others, 'now/q', 'now-1d/d/d', '2026-01-31Z', ' 2026-01-31', '2026-01-31\n']) {
    assert.match(refusal(text), /is not a time; write 2026-01-31T12:00:00Z/)
  }
  assert.match(refusal('2 weeks 3 days '.repeat(5000)), /more than 64 characters/)
})

test('relative times step and round, by the calendar from a day upwards', () => {
  const cases: [text: string, tz: string, expected: string][] = [
    ['now', 'UTC', '2026-03-31T10:20:30.400500Z'],
    ['now-24h', 'Europe/Berlin', '2026-03-30T10:20:30.400500Z'],
    ['now-90m', 'UTC', '2026-03-31T08:50:30.400500Z'],
    ['now-1h+30m', 'UTC', '2026-03-31T09:50:30.400500Z'],
    ['now-3d', 'Europe/Berlin', '2026-03-28T11:20:30.400500Z'],
    ['now-3d', 'UTC', '2026-03-28T10:20:30.400500Z'],
    ['now-1mo', 'UTC', '2026-02-28T10:20:30.400500Z'],
    ['now-25mo', 'UTC', '2024-02-29T10:20:30.400500Z'],
    ['now+1y', 'UTC', '2027-03-31T10:20:30.400500Z'],
    ['now/d', 'America/New_York', '2026-03-31T04:00:00Z'],
    ['now-1d/d', 'Europe/Berlin', '2026-03-29T22:00:00Z'],
    ['now-2d/d', 'Europe/Berlin', '2026-03-28T23:00:00Z'],
    ['now/w', 'UTC', '2026-03-30T00:00:00Z'],
    ['now-1w/w', 'Europe/Berlin', '2026-03-22T23:00:00Z'],
    ['now/mo', 'Asia/Kathmandu', '2026-02-28T18:15:00Z'],
    ['now/y', 'UTC', '2026-01-01T00:00:00Z'],
    ['now/h', 'Asia/Kathmandu', '2026-03-31T10:15:00Z'],
    ['now/m', 'UTC', '2026-03-31T10:20:00Z'],
    ['now/s', 'UTC', '2026-03-31T10:20:30Z'],
  ]
  for (const [text, tz, expected] of cases) assert.equal(read(text, tz), expected, `${text} ${tz}`)
})

test('a range has the ends that were asked for, and its zone', () => {
  const clock = { now: () => NOW }

  const range = resolveRange({ from: '2026-03-29', to: 'now', tz: 'Europe/Berlin' }, clock)
  const open = resolveRange({}, clock, 'Asia/Kathmandu')

  assert.deepEqual(range, { from: Date.UTC(2026, 2, 28, 23) * 1000, to: NOW, tz: 'Europe/Berlin' })
  assert.deepEqual(open, { from: null, to: null, tz: 'Asia/Kathmandu' })
  assert.throws(() => resolveRange({ from: 'now', to: 'now-1h' }, clock), /ends before it begins/)
  assert.throws(() => resolveRange({ tz: 'Mars/Olympus' }, clock), /must be an IANA zone/)
  assert.throws(() => resolveRange({ tz: '+02:00' }, clock), /must be an IANA zone/)
})

test('zones are those of IANA', () => {
  assert.equal(checkZone('America/Argentina/Buenos_Aires'), 'America/Argentina/Buenos_Aires')
  assert.equal(checkZone('Etc/GMT+5'), 'Etc/GMT+5')
  for (const tz of ['', 'Berlin', '__proto__', '+01:00', 'x'.repeat(500)]) {
    assert.throws(() => checkZone(tz), AppError)
  }
})

const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kathmandu',
  'Africa/Cairo',
  'Australia/Lord_Howe',
  'America/St_Johns',
  'Pacific/Apia',
  'Pacific/Chatham',
  'America/Santiago',
  'Africa/Casablanca',
]
const instants = fc.integer({ min: Date.UTC(1950, 0) / 1000, max: Date.UTC(2040, 0) / 1000 })

test('offsets are those of Intl at every instant', () => {
  fc.assert(
    fc.property(fc.constantFrom(...ZONES), instants, (tz, second) => {
      const shown = new Date(second * 1000).toLocaleString('sv-SE', { timeZone: tz })

      const local = new Date(localOf(tz, second * 1e6) / 1000)

      assert.equal(local.toISOString().slice(0, 19).replace('T', ' '), shown)
    }),
    { numRuns: 2000 },
  )
})

test('an instant read back from its local time is the same, or the earlier of two', () => {
  fc.assert(
    fc.property(fc.constantFrom(...ZONES), instants, (tz, second) => {
      const instant = second * 1e6

      const back = instantOf(tz, localOf(tz, instant))

      assert.ok(back <= instant)
      assert.equal(localOf(tz, back), localOf(tz, instant))
      if (back === instant) return
      assert.notEqual(offsetAt(tz, back), offsetAt(tz, instant))
    }),
    { numRuns: 2000 },
  )
})

test('a text of any kind is an instant of the years 1900 to 2200 or is refused', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.stringMatching(/^(now|\d{4}-\d\d-\d\d)[-+/dhTZ:.0-9]{0,20}$/)),
      (text) => {
        try {
          const instant = parseWhen(text, { tz: 'Europe/Berlin', now: NOW })
          assert.ok(Number.isSafeInteger(instant))
        } catch (error) {
          assert.ok(error instanceof AppError)
        }
      },
    ),
  )
})
