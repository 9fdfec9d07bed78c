import assert from 'node:assert/strict'
import { test } from 'node:test'
import { guessUnit, quantityOfUnit } from './guess-units.ts'
import { FIELD_WORDS, scoreName, wordOf, wordsOf } from './guess-words.ts'

const units: [string, string | undefined][] = [
  ['power_kw', 'kW'],
  ['U [kV]', 'kV'],
  ['Temp (°C)', '°C'],
  ['Flow {m3/h}', 'm3/h'],
  ['voltage_kv', 'kV'],
  ['energy MWh', 'MWh'],
  ['load_pct', '%'],
  ['u_v', 'V'],
  ['power_mw', 'MW'],
  ['HUFL', undefined],
  ['column_m', undefined],
  ['kw', undefined],
  ['Wert (Mittel)', 'Mittel'],
]

for (const [name, unit] of units) {
  test(`the unit of ${name} is ${unit ?? 'not told'}`, () => {
    assert.equal(guessUnit(name), unit)
  })
}

test('what a unit measures', () => {
  assert.deepEqual(['kV', 'A', 'MW', 'kWh', '°C', 'm'].map(quantityOfUnit), [
    'voltage',
    'current',
    'power',
    'energy',
    'temperature',
    undefined,
  ])
})

test('names are compared as words, whatever their marks, letter case and unit', () => {
  assert.deepEqual(['Measurement_Value [kV]', 'AssetID', 'Gerät-Id', 'Größe'].map(wordOf), [
    'measurementvalue',
    'assetid',
    'geraetid',
    'groesse',
  ])
  assert.deepEqual(wordsOf('SignalGId'), ['signal', 'g', 'id'])
  assert.deepEqual(wordsOf('MeasurementValue'), ['measurement', 'value'])
})

test('a name is more like a field the more of it is a word for it', () => {
  const { measured_at, value, signal_id } = FIELD_WORDS.measurements
  const { name } = FIELD_WORDS.assets

  assert.deepEqual([scoreName('Ts', measured_at), scoreName('Zeitstempel', measured_at)], [0.9, 0.9])
  assert.deepEqual([scoreName('MeasurementValue', value), scoreName('Mittlerer Wert', value)], [0.9, 0.7])
  assert.deepEqual([scoreName('data.signal_id', signal_id), scoreName('descri', name)], [0.7, 0.9])
  assert.equal(scoreName('bezeichn', name), 0.7)
  assert.equal(scoreName('HUFL', value), 0)
})
