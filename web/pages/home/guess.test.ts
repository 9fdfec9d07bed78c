import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { guessDatasetName, guessDecimal, guessField, guessTarget, readHead } from './guess.ts'

describe('what a file seems to be', () => {
  test('readings with bars, decimal commas and a byte-order mark', () => {
    const head = readHead(
      '\ufeffTs|SignalId|MeasurementValue\r\n2021-12-27 23:59:49.000|a1|1,25\r\n2021-12-27 23:59:59.000|a1|-0,5\r\n',
      'measurements.csv',
    )

    assert.equal(head.delimiter, '|')
    assert.deepEqual(head.columns[0], {
      name: 'Ts',
      values: ['2021-12-27 23:59:49.000', '2021-12-27 23:59:59.000'],
    })
    assert.equal(guessDecimal(head), ',')
    assert.equal(guessTarget('measurements.csv', head), 'measurements')
    assert.deepEqual(
      head.columns.map(({ name }) => guessField('measurements', name)),
      ['measured_at', 'signal_id', 'value'],
    )
  })

  test('sites as a JSON array', () => {
    const head = readHead(
      '[{"AssetID": 14, "Latitude": 47.1, "Longitude": 8.2, "descri": "north"}]',
      'assets.json',
    )

    assert.equal(head.format, 'json')
    assert.equal(guessTarget('assets.json', head), 'assets')
    assert.deepEqual(
      head.columns.map(({ name }) => guessField('assets', name)),
      ['id', 'latitude', 'longitude', 'name'],
    )
  })

  test('rows inside of a JSON object are named by their path', () => {
    const head = readHead('{"made": "today", "items": [{"a": 1}, {"b": 2}]}', 'x.json')

    assert.equal(head.records, 'items')
    assert.deepEqual(head.columns, [
      { name: 'a', values: ['1', ''] },
      { name: 'b', values: ['', '2'] },
    ])
  })

  test('anything else is a table of its own', () => {
    const head = readHead('column_1;"column 2"\n1;"a;b"\n', '2026 Stats (final).csv')

    assert.equal(guessTarget('stats.csv', head), 'dataset')
    assert.equal(guessDatasetName('2026 Stats (final).csv'), 'stats_final_')
    assert.deepEqual(head.columns[1], { name: 'column 2', values: ['a;b'] })
  })

  test('JSON that is cut off has no columns to show', () => {
    assert.deepEqual(readHead('[{"a": 1}, {"a"', 'x.json').columns, [])
  })
})
