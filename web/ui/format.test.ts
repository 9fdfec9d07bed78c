import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatCount, formatNumber, formatRange, formatSize, formatValue } from './format.ts'

const SPACE = '\u202f'

describe('numbers with units', () => {
  const cases: [number, string, string, string][] = [
    [1_240_000, 'W', '1.24', 'MW'],
    [1240, 'kW', '1.24', 'MW'],
    [0.4, 'kV', '400', 'V'],
    [110.27, 'kV', '110.3', 'kV'],
    [1000, 'kV', '1', 'MV'],
    [-1240, 'A', '\u22121.24', 'kA'],
    [0, 'MW', '0', 'MW'],
    [0.02, 'A', '0.02', 'A'],
    [12_345.6, 'MWh', '12.3', 'GWh'],
    [0.35, 'MWh', '350', 'kWh'],
    [99.94, '%', '99.9', '%'],
    [123_456, 'm', `123${SPACE}456`, 'm'],
    [21.5, '°C', '21.5', '°C'],
  ]
  for (const [value, unit, text, shown] of cases) {
    test(`${value} ${unit} is shown as ${text} ${shown}`, () => {
      assert.deepEqual(formatValue(value, unit), { text, unit: shown })
    })
  }

  test('a small number keeps two digits that matter', () => {
    assert.equal(formatNumber(0.000123), '0.00012')
    assert.equal(formatNumber(-0.004), '\u22120.0040')
  })

  test('nothing is shown as minus zero', () => {
    assert.equal(formatNumber(-0), '0')
  })

  test('counts are grouped from five digits on', () => {
    assert.equal(formatCount(1843), '1843')
    assert.equal(formatCount(1_113_012), `1${SPACE}113${SPACE}012`)
  })

  test('sizes are in decimal units', () => {
    assert.equal(formatSize(96), '96 B')
    assert.equal(formatSize(48_213_331), '48.2 MB')
  })
})

describe('ranges', () => {
  const range = (from: string, to: string) => formatRange(Date.parse(from), Date.parse(to), 'Europe/Zurich')

  test('whole days say their first and last day, a month once', () => {
    assert.equal(range('2026-03-12T00:00:00+01:00', '2026-03-20T00:00:00+01:00'), '12 – 19 Mar 2026')
    assert.equal(range('2026-10-19T00:00:00+02:00', '2026-11-02T00:00:00+01:00'), '19 Oct – 1 Nov 2026')
    assert.equal(range('2026-10-25T00:00:00+02:00', '2026-10-26T00:00:00+01:00'), '25 Oct 2026')
  })

  test('other ranges say the times, the day once', () => {
    assert.equal(
      range('2026-03-12T08:00:00+01:00', '2026-03-12T09:30:00+01:00'),
      '12 Mar 2026, 08:00 – 09:30',
    )
  })
})
