import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { NewAsset } from '../../../contract/assets.ts'
import { type AssetContent, planAssets } from './asset-batch.ts'
import { compileAttributes } from './attribute-schema.ts'

const types = new Map([
  ['site', compileAttributes({ type: 'object' })],
  ['line', compileAttributes({ type: 'object', required: ['length_km'] })],
])

function plan(stored: AssetContent[], rows: NewAsset[]) {
  const made = { count: 0 }
  return planAssets(stored, rows, { checkOf: (type) => types.get(type), newId: () => `made-${++made.count}` })
}

function site(id: string, rest: Partial<AssetContent> = {}): AssetContent {
  return {
    id,
    type: 'site',
    name: id,
    parent_id: null,
    latitude: null,
    longitude: null,
    attributes: {},
    ...rest,
  }
}

describe('a batch of assets', () => {
  test('new rows are inserted, equal ones are unchanged, others are updated', () => {
    const { outcomes, inserts, updates } = plan(
      [site('a'), site('b', { latitude: 1, attributes: { x: 1, y: 2 } })],
      [
        { type: 'site', name: 'a', latitude: 5 },
        { id: 'b', type: 'site', name: 'b', attributes: { y: 2, x: 1 } },
        { type: 'site', name: 'c' },
      ],
    )

    assert.deepEqual(outcomes, [
      { outcome: 'updated', id: 'a' },
      { outcome: 'unchanged', id: 'b' },
      { outcome: 'inserted', id: 'made-1' },
    ])
    assert.deepEqual(updates, [site('a', { latitude: 5 })])
    assert.deepEqual(inserts, [site('made-1', { name: 'c' })])
  })

  test('a later row of the same asset corrects an earlier one', () => {
    const { outcomes, inserts, updates } = plan(
      [],
      [
        { id: 'a', type: 'site', name: 'first' },
        { id: 'a', type: 'site', name: 'second' },
      ],
    )

    assert.deepEqual(
      outcomes.map(({ outcome }) => outcome),
      ['inserted', 'updated'],
    )
    assert.deepEqual(inserts, [site('a', { name: 'second' })])
    assert.deepEqual(updates, [])
  })

  test('a row that cannot be is refused with column, value and reason', () => {
    const { outcomes } = plan(
      [site('a')],
      [
        { type: 'castle', name: 'x' },
        { type: 'line', name: 'x', attributes: {} },
        { type: 'site', name: 'x', parent_id: 'nowhere' },
        { id: 'b', type: 'site', name: 'a' },
        { id: 'c', type: 'site', name: 'c', parent_id: 'd' },
        { id: 'd', type: 'site', name: 'd', parent_id: 'c' },
        { id: 'a', type: 'site', name: 'a', parent_id: 'a' },
      ],
    )

    assert.deepEqual(outcomes, [
      {
        outcome: 'refused',
        column: 'type',
        value: 'castle',
        rule: 'reference',
        reason: 'no type of asset has this name',
      },
      {
        outcome: 'refused',
        column: 'attributes.length_km',
        value: null,
        rule: 'required',
        reason: 'is required by this type',
      },
      {
        outcome: 'refused',
        column: 'parent_id',
        value: 'nowhere',
        rule: 'reference',
        reason: 'no asset has this id',
      },
      {
        outcome: 'refused',
        column: 'name',
        value: 'a',
        rule: 'unique',
        reason: 'another asset has this name under the same parent',
      },
      {
        outcome: 'refused',
        column: 'parent_id',
        value: 'd',
        rule: 'reference',
        reason: 'no asset has this id',
      },
      {
        outcome: 'refused',
        column: 'parent_id',
        value: 'c',
        rule: 'reference',
        reason: 'no asset has this id',
      },
      {
        outcome: 'refused',
        column: 'parent_id',
        value: 'a',
        rule: 'reference',
        reason: 'its parents lead back to itself',
      },
    ])
  })

  test('assets nest at most fifty deep', () => {
    const rows = Array.from(
      { length: 60 },
      (_, depth): NewAsset => ({
        id: `n${depth}`,
        type: 'site',
        name: 'n',
        parent_id: depth === 0 ? null : `n${depth - 1}`,
      }),
    )

    assert.equal(plan([], rows).inserts.length, 51)
  })

  test('parents may come in any order', () => {
    const tree = fc.array(fc.nat(), { minLength: 1, maxLength: 30 }).map((picks) =>
      picks.map(
        (pick, index): NewAsset => ({
          id: `n${index}`,
          type: 'site',
          name: `n${index}`,
          parent_id: index === 0 ? null : `n${pick % index}`,
        }),
      ),
    )
    const shuffled = tree.chain((rows) => fc.shuffledSubarray(rows, { minLength: rows.length }))

    fc.assert(
      fc.property(shuffled, (rows) => {
        const { outcomes, inserts } = plan([], rows)

        assert.ok(outcomes.every(({ outcome }) => outcome === 'inserted'))
        assert.equal(inserts.length, rows.length)
        assert.ok(plan(inserts, rows).outcomes.every(({ outcome }) => outcome === 'unchanged'))
      }),
    )
  })
})
