import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  changed,
  datasetNameOf,
  fieldOf,
  missingFields,
  OWN_SIGNAL,
  withField,
  withForm,
  withKey,
} from './mapping.ts'

const column = (name: string, target: string | null = null) => ({
  name,
  target,
  type: 'text',
  why: '',
  confidence: 1,
  examples: [],
})
const LONG = {
  mapping: { columns: { Ts: 'measured_at', Id: 'signal_id', V: 'value' } },
  columns: [column('Ts', 'measured_at'), column('Id', 'signal_id'), column('V', 'value'), column('Note')],
}
const WIDE = {
  mapping: { time: 'date', wide: '*' as const },
  columns: [column('date', 'measured_at'), column('HUFL'), column('OT')],
}

describe('what the columns of a file become', () => {
  test('a field that another column takes is taken from the one that had it', () => {
    assert.deepEqual(withField(LONG, 'Note', 'value'), {
      columns: { Ts: 'measured_at', Id: 'signal_id', Note: 'value' },
    })
  })

  test('a column that is not taken is left out', () => {
    assert.deepEqual(withField(LONG, 'V', ''), { columns: { Ts: 'measured_at', Id: 'signal_id' } })
  })

  test('in a wide file the time is one column, and each of the others a signal', () => {
    assert.deepEqual(
      WIDE.columns.map(({ name }) => fieldOf(WIDE, name)),
      ['measured_at', OWN_SIGNAL, OWN_SIGNAL],
    )
    assert.deepEqual(withField(WIDE, 'OT', ''), { time: 'date', wide: ['HUFL'] })
  })

  test('the first column that is a signal of its own makes a long file wide', () => {
    assert.deepEqual(withField(LONG, 'V', OWN_SIGNAL), { time: 'Ts', wide: ['V'] })
  })

  test('a column that becomes a field of long files makes a wide file long', () => {
    assert.deepEqual(withField(WIDE, 'OT', 'value'), { columns: { date: 'measured_at', OT: 'value' } })
  })

  test('what no column gives may be the same in every row', () => {
    assert.deepEqual(missingFields('measurements', LONG), [])
    assert.deepEqual(missingFields('measurements', { mapping: {}, columns: [column('Ts', 'measured_at')] }), [
      'signal_id',
      'asset_id',
      'quantity',
    ])
    assert.deepEqual(missingFields('assets', { mapping: {}, columns: [column('a', 'id')] }), [
      'type',
      'parent_id',
    ])
  })
})

describe('a change of how a file is read', () => {
  test('keeps what the columns are taken for', () => {
    assert.deepEqual(changed({}, withForm({ decimal: '.' }, LONG)), { ...LONG.mapping, decimal: '.' })
    assert.deepEqual(changed({}, withForm({ columns: { Ts: 'measured_at' } }, LONG)), {
      columns: { Ts: 'measured_at' },
    })
  })

  test('lets them be guessed anew where the file has other columns by it', () => {
    assert.deepEqual(changed({ ...LONG.mapping, tz: 'UTC' }, withForm({ delimiter: ';' }, LONG)), {
      tz: 'UTC',
      delimiter: ';',
    })
  })
})

test('what is emptied is guessed again', () => {
  assert.deepEqual(changed({ delimiter: ';', tz: 'UTC' }, { delimiter: undefined, tz: '', decimal: ',' }), {
    decimal: ',',
  })
  assert.deepEqual(changed({ header: true }, { header: false }), { header: false })
  assert.deepEqual(changed({ rules: { a: { min: 1 } } }, { rules: {} }), {})
  assert.deepEqual(withKey({ a: 'x', b: 'y' }, 'a', ''), { b: 'y' })
  assert.deepEqual(withKey(undefined, 'a', 'x'), { a: 'x' })
})

test('a table is named after its file', () => {
  assert.equal(datasetNameOf('2026 Stats (final).csv.gz'), 'stats_final')
  assert.equal(datasetNameOf('2026.csv'), 'table')
})
