import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createSignalTable, NAME_SEPARATOR } from './signal-table.ts'

const signal = (signal_key: number, id: string, asset_id = 'a', quantity = id) => ({
  signal_key,
  id,
  asset_id,
  quantity,
  unit: '',
})

/** Finds a name that stands between others. */
function find(table: ReturnType<typeof createSignalTable>, name: string): number {
  const data = Buffer.from(`x${name}x`)
  return table.find(data, 1, data.length - 1)
}

describe('signals by the bytes of their names', () => {
  test('each is found in its place, and no other, in any order of asking', () => {
    const names = fc.uniqueArray(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 6 }).map((name) => name.toWellFormed()),
      {
        maxLength: 50,
      },
    )
    fc.assert(
      fc.property(names, fc.array(fc.string({ maxLength: 3 })), fc.array(fc.nat()), (ids, others, order) => {
        const table = createSignalTable(
          ids.map((id, index) => signal(index * 7, id)),
          'id',
        )
        const asked = [...order.map((index) => ids[index % Math.max(1, ids.length)] ?? ''), ...others, ...ids]
        for (const name of asked) assert.equal(find(table, name), ids.indexOf(name), JSON.stringify(name))
      }),
      { numRuns: 300 },
    )
  })

  test("a thousand of them do not get into each other's way", () => {
    const ids = Array.from({ length: 5000 }, (_, index) => `signal-${index}`)
    const table = createSignalTable(
      ids.map((id, index) => signal(index, id)),
      'id',
    )

    for (const [index, id] of ids.entries()) assert.equal(find(table, id), index)
    assert.equal(find(table, 'signal-5000'), -1)
  })

  test('by asset and quantity, one that means several is told from one that means none', () => {
    const table = createSignalTable(
      [
        signal(1, 's1', 'a', 'power'),
        signal(2, 's2', 'a', 'voltage'),
        signal(3, 's3', 'b', 'power'),
        signal(4, 's4', 'b', 'power'),
      ],
      'asset_and_quantity',
    )
    const name = (asset: string, quantity: string) => asset + String.fromCharCode(NAME_SEPARATOR) + quantity

    assert.equal(find(table, name('a', 'power')), 0)
    assert.equal(find(table, name('a', 'voltage')), 1)
    assert.equal(find(table, name('b', 'power')), -2)
    assert.equal(find(table, name('b', 'power')), -2)
    assert.equal(find(table, name('b', 'voltage')), -1)
    assert.equal(find(table, name('', '')), -1)
  })

  test('a name that is added has the next place, and is found like the others', () => {
    const table = createSignalTable([signal(1, 's1')], 'id', 3)

    assert.deepEqual(
      ['x', 'y', 'größe'].map((name) => [find(table, name), table.add(Buffer.from(name)), find(table, name)]),
      [
        [-1, 1, 1],
        [-1, 2, 2],
        [-1, 3, 3],
      ],
    )
    assert.equal(find(table, 's1'), 0)
  })

  test('without signals nothing is found', () => {
    assert.equal(find(createSignalTable([], 'id'), ''), -1)
    assert.equal(find(createSignalTable([], 'id'), 'x'), -1)
  })
})
