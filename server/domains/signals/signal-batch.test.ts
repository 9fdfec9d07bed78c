import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { NewSignal } from '../../../contract/signals.ts'
import { planSignals, type StoredSignal } from './signal-batch.ts'

function plan(stored: StoredSignal[], rows: NewSignal[]) {
  const made = { count: 0 }
  return planSignals(stored, rows, {
    isAsset: (id) => id.startsWith('T'),
    newId: () => `made-${++made.count}`,
  })
}

const voltage: StoredSignal = {
  signal_key: 1,
  id: 'v',
  asset_id: 'T1',
  name: 'voltage',
  quantity: 'voltage',
  unit: 'kV',
  samples: 5,
}

describe('a batch of signals', () => {
  test('rows are matched by id, or by asset and name', () => {
    const { outcomes, inserts, updates } = plan(
      [voltage],
      [
        { asset_id: 'T1', quantity: 'voltage' },
        { id: 'v', asset_id: 'T1', quantity: 'voltage', name: 'primary' },
        { asset_id: 'T1', quantity: 'voltage' },
        { asset_id: 'T1', quantity: 'voltage', unit: 'kV' },
      ],
    )

    assert.deepEqual(
      outcomes.map(({ outcome }) => outcome),
      ['unchanged', 'updated', 'inserted', 'updated'],
    )
    assert.deepEqual(updates, [{ id: 'v', asset_id: 'T1', name: 'primary', quantity: 'voltage', unit: 'kV' }])
    assert.deepEqual(inserts, [
      { id: 'made-1', asset_id: 'T1', name: 'voltage', quantity: 'voltage', unit: 'kV' },
    ])
  })

  test('a row that cannot be is refused with column, value and reason', () => {
    const { outcomes, updates } = plan(
      [voltage],
      [
        { asset_id: 'X', quantity: 'power' },
        { id: 'other', asset_id: 'T1', quantity: 'voltage' },
        { id: 'v', asset_id: 'T1', quantity: 'voltage', unit: 'V' },
      ],
    )

    assert.deepEqual(outcomes, [
      {
        outcome: 'refused',
        column: 'asset_id',
        value: 'X',
        rule: 'reference',
        reason: 'no asset has this id',
      },
      {
        outcome: 'refused',
        column: 'name',
        value: 'voltage',
        rule: 'unique',
        reason: 'another signal of the same asset has this name',
      },
      {
        outcome: 'refused',
        column: 'unit',
        value: 'V',
        rule: 'unit',
        reason: 'its measurements are stored in kV',
      },
    ])
    assert.deepEqual(updates, [])
  })

  test('a unit that was missing may be named later', () => {
    const { outcomes } = plan(
      [{ ...voltage, unit: '' }],
      [{ id: 'v', asset_id: 'T1', quantity: 'voltage', unit: 'V' }],
    )

    assert.deepEqual(outcomes, [{ outcome: 'updated', id: 'v' }])
  })
})
