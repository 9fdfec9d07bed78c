import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { timeTicks, valueAxis } from './ticks.ts'

const zone = 'Europe/Zurich'
const labels = (from: string, to: string, count: number) =>
  timeTicks(Date.parse(from), Date.parse(to), zone, count).map(({ label }) => label)

describe('marks of time', () => {
  test('days start at midnight of the zone, also on the day of 25 hours', () => {
    const ticks = timeTicks(
      Date.parse('2026-10-24T00:00:00+02:00'),
      Date.parse('2026-10-27T00:00:00+01:00'),
      zone,
      4,
    )

    assert.deepEqual(
      ticks.map(({ at, label }) => `${new Date(at).toISOString()} ${label}`),
      [
        '2026-10-23T22:00:00.000Z 24 Oct',
        '2026-10-24T22:00:00.000Z 25 Oct',
        '2026-10-25T23:00:00.000Z 26 Oct',
      ],
    )
  })

  test('hours are round on the clock, and midnight is named by its day', () => {
    assert.deepEqual(labels('2026-03-11T17:10:00+01:00', '2026-03-12T13:00:00+01:00', 4), [
      '18:00',
      '12 Mar',
      '06:00',
      '12:00',
    ])
  })

  test('long ranges are marked by months and years', () => {
    assert.deepEqual(labels('2026-08-20T00:00:00+02:00', '2027-02-20T00:00:00+01:00', 7), [
      'Sep',
      'Oct',
      'Nov',
      'Dec',
      '2027',
      'Feb',
    ])
  })
})

describe('marks of values', () => {
  const cases: [number, number, number][] = [
    [0.4, 29.8, 5],
    [-2.9, 9.6, 4],
    [108.2, 111.4, 4],
    [0, 0, 4],
    [5, 5, 4],
    [-0.002, 0.0013, 4],
    [-30, -4, 5],
    [0, 1e9, 6],
  ]
  for (const [least, greatest, count] of cases) {
    test(`${least} to ${greatest} lie within round ends, with two to ${count * 2} steps`, () => {
      const { min, max, step } = valueAxis(least, greatest, count)
      const steps = (max - min) / step

      assert.ok(min <= least && max >= greatest, `${min} to ${max}`)
      assert.ok(Math.abs(steps - Math.round(steps)) < 1e-6, `${steps} steps`)
      assert.ok(steps >= 1 && steps <= count * 2, `${steps} steps`)
    })
  }
})
