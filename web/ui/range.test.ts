import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { localText, resolveRange, resolveWhen } from './range.ts'
import { fromWall, offsetLabel, toWall } from './zone.ts'

const zone = 'Europe/Zurich'
const now = Date.parse('2026-10-26T10:30:00Z')

describe('times in an address', () => {
  const cases: [string, string | null][] = [
    ['now', '2026-10-26T10:30:00Z'],
    ['now-24h', '2026-10-25T10:30:00Z'],
    ['now-1d', '2026-10-25T10:30:00Z'],
    ['now-2d', '2026-10-24T09:30:00Z'],
    ['now-1d/d', '2026-10-24T22:00:00Z'],
    ['now/d', '2026-10-25T23:00:00Z'],
    ['now/w', '2026-10-25T23:00:00Z'],
    ['now/mo', '2026-09-30T22:00:00Z'],
    ['now-1mo', '2026-09-26T09:30:00Z'],
    ['now+1h-30m', '2026-10-26T11:00:00Z'],
    ['2026-10-19', '2026-10-18T22:00:00Z'],
    ['2026-10-26T08:15', '2026-10-26T07:15:00Z'],
    ['2026-10-26T08:15:00Z', '2026-10-26T08:15:00Z'],
    ['2026-10-26T08:15:00+05:30', '2026-10-26T02:45:00Z'],
    ['yesterday', null],
    ['now-1', null],
    ['', null],
  ]
  for (const [text, expected] of cases) {
    test(`${text || 'nothing'} is ${expected ?? 'not a time'}`, () => {
      assert.equal(resolveWhen(text, { zone, now }), expected === null ? null : Date.parse(expected))
    })
  }

  test('a month before 31 March is the last day of February', () => {
    const march = Date.parse('2026-03-31T12:00:00Z')
    assert.equal(resolveWhen('now-1mo', { zone: 'UTC', now: march }), Date.parse('2026-02-28T12:00:00Z'))
  })

  test('a range that is empty or upside down is none', () => {
    assert.equal(resolveRange('now', 'now-1h', { zone, now }), null)
    assert.equal(resolveRange('now', 'now', { zone, now }), null)
  })
})

describe('clocks of a zone', () => {
  test('the hour that comes twice is read as the first one', () => {
    assert.equal(fromWall(zone, Date.UTC(2026, 9, 25, 2, 30)), Date.parse('2026-10-25T00:30:00Z'))
  })

  test('the hour that is skipped is read as the time after the gap', () => {
    const instant = fromWall(zone, Date.UTC(2026, 2, 29, 2, 30))
    assert.equal(new Date(instant).toISOString(), '2026-03-29T01:30:00.000Z')
    assert.equal(localText(instant, zone), '2026-03-29T03:30')
  })

  test('every other wall time leads to an instant and back', () => {
    for (let wall = Date.UTC(2026, 9, 24); wall < Date.UTC(2026, 9, 27); wall += 1_800_000) {
      assert.equal(toWall(zone, fromWall(zone, wall)), wall)
    }
  })

  test('a zone is named by its distance from UTC', () => {
    assert.equal(offsetLabel('Asia/Kolkata', now), 'UTC+5:30')
    assert.equal(offsetLabel('America/New_York', now), 'UTC\u22124')
    assert.equal(offsetLabel('UTC', now), 'UTC')
  })
})
