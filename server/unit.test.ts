import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { convert, converted, parseUnit } from './unit.ts'

/** The value in the other unit, undefined when there is none. */
function inUnit(value: number, from: string, to: string): number | undefined {
  const conversion = convert(from, to)
  return conversion && converted(value, conversion)
}

describe('units', () => {
  test('values go from one unit to another exactly, as tables of the sources have it', () => {
    const cases: [number, string, string, number][] = [
      [110, 'kV', 'V', 110_000],
      [7, 'V', 'kV', 0.007],
      [1.1, 'MW', 'kW', 1100],
      [3, 'GWh', 'MWh', 3000],
      [1, 'kWh', 'J', 3_600_000],
      [1, 'MJ', 'kWh', 1 / 3.6],
      [5, 'mA', 'A', 0.005],
      [5, 'µA', 'uA', 5],
      [2, 'μA', 'nA', 2000],
      [20.1, '°C', 'K', 293.25],
      [0, 'K', '°C', -273.15],
      [212, '°F', '°C', 100],
      [-40, '°C', '°F', -40],
      [25, 'degC', 'K', 298.15],
      [25, '℃', '°C', 25],
      [50, '%', '1', 0.5],
      [1, '%', 'ppm', 10_000],
      [36, 'm3/h', 'l/s', 10],
      [1, 'm³/s', 'm^3/h', 3600],
      [60, 'L/min', 'l/s', 1],
      [1, 'hl', 'm3', 0.1],
      [1013.25, 'hPa', 'atm', 1],
      [1, 'bar', 'kPa', 100],
      [1000, 'mbar', 'bar', 1],
      [3000, '1/min', 'Hz', 50],
      [3000, 'rpm', 's-1', 50],
      [36, 'km/h', 'm/s', 10],
      [1, 'kn', 'km/h', 1.852],
      [1, 'N·m', 'J', 1],
      [1, 'W/(m2·K)', 'mW/(cm2 K)', 0.1],
      [2, 'MVAr', 'kvar', 2000],
      [2, 'MVA', 'kVA', 2000],
      [1, 'kOhm', 'Ω', 1000],
      [180, '°', 'rad', Math.PI],
      [1, 'psi', 'Pa', 6894.757293168362],
      [1, 'kcal', 'kJ', 4.184],
      [1, 't/h', 'kg/s', 1 / 3.6],
    ]
    for (const [value, from, to, expected] of cases) {
      assert.equal(inUnit(value, from, to), expected, `${value} ${from} in ${to}`)
    }
  })

  test('what measures something else, or is not known, is not converted', () => {
    const pairs = [
      ['kW', 'kWh'],
      ['kW', 'kvar'],
      ['kVA', 'kW'],
      ['°C', 'V'],
      ['%', '°'],
      ['kV', ''],
      ['', 'kV'],
      ['passengers', 'people'],
      ['KV', 'kV'],
      ['Nm3/h', 'm3/h'],
      ['W/m2 K', 'W/K'],
      ['a/b/c', 'm'],
      ['km%', 'm'],
      ['kmin', 's'],
      ['m0', '1'],
      ['m99', 'm'],
      ['/h', '1/h'],
      ['°C/h', 'K/h'],
    ]
    for (const [from = '', to = ''] of pairs) assert.equal(convert(from, to), undefined, `${from} in ${to}`)
    for (const text of ['', ' ', '/', '()', 'm/', '^2', '·', 'k', 'µ', '3', '١']) {
      assert.equal(parseUnit(text), undefined, text)
    }
  })

  test('the same text is the same unit, known or not', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.double({ noNaN: true }), (unit, value) => {
        assert.equal(inUnit(value, unit, ` ${unit}`), value + 0)
      }),
    )
  })

  const units = [
    'V',
    'kV',
    'MV',
    'mV',
    'µV',
    'J',
    'kWh',
    'MWh',
    'eV',
    'm3/h',
    'l/s',
    'm3/d',
    '°C',
    'K',
    '°F',
    'mK',
  ]
  const known = fc.constantFrom(...units)

  test('there and back again, and by way of a third, a value is the same', () => {
    fc.assert(
      fc.property(known, known, known, fc.integer({ min: -1e9, max: 1e9 }), (a, b, c, thousandths) => {
        const value = thousandths / 1000
        const there = inUnit(value, a, b)
        if (there === undefined) return
        assert.ok(near(inUnit(there, b, a) ?? Number.NaN, value, a), `${value} ${a} to ${b}`)
        const direct = inUnit(value, a, c)
        const around = inUnit(there, b, c)
        assert.equal(direct === undefined, around === undefined)
        if (direct !== undefined && around !== undefined) assert.ok(near(around, direct, c))
      }),
    )
  })

  test('any text is a unit or none, and never a fault', () => {
    const pieces = fc.constantFrom(
      'k',
      'M',
      'm',
      'W',
      'h',
      '/',
      '(',
      ')',
      '2',
      '-1',
      '^',
      '·',
      ' ',
      '°',
      'C',
      '%',
      'µ',
      '%%',
    )
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 10 }), (parts) => {
        const unit = parseUnit(parts.join(''))
        if (unit) assert.ok(unit.factor.over > 0n && unit.factor.under > 0n)
      }),
    )
  })
})

/** Within a few units of the last place, of the offset of temperatures where there is one. */
function near(a: number, b: number, unit: string): boolean {
  const offset = /[CFK]$/.test(unit) ? (unit === 'mK' ? 1e6 : 1000) : 0
  return Math.abs(a - b) <= 1e-12 * Math.max(Math.abs(a), Math.abs(b), offset)
}
