// Loads, corrections by hand and undoings of a dataset in any order, against a model that keeps what each load left.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ENGINES, type Running, startApp } from '../../../tests/harness.ts'
import { sql } from '../../engine/sql.ts'

const KEYS = ['a', 'b', 'c', 'd']
const row = fc.record({ key: fc.constantFrom(...KEYS), value: fc.integer({ min: 1, max: 3 }) })
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ does: fc.constant('load' as const), rows: fc.array(row, { maxLength: 5 }) }),
  },
  { weight: 4, arbitrary: fc.record({ does: fc.constant('undo' as const), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('correct' as const), row }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('empty' as const) }) },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

interface Write {
  loadKey: number
  version: number
}

/** What each load left of a row, the latest last; a correction by hand is nobody's to undo. */
type Layers = Map<string, { loadKey: number; value: number }[]>

function layer(layers: Layers, loadKey: number, { key, value }: { key: string; value: number }): void {
  const before = layers.get(key) ?? []
  if (before.at(-1)?.value === value) return
  layers.set(key, loadKey === 0 ? [{ loadKey, value }] : [...before, { loadKey, value }])
}

/** Takes a load out; answers how many rows went and how many are as before. */
function unlayer(layers: Layers, loadKey: number) {
  const counts = { removed: 0, restored: 0 }
  for (const [key, all] of layers) {
    const rest = all.filter((one) => one.loadKey !== loadKey)
    if (all.at(-1)?.loadKey === loadKey) counts[rest.length === 0 ? 'removed' : 'restored']++
    if (rest.length === 0) layers.delete(key)
    else layers.set(key, rest)
  }
  return counts
}

async function loadRows(
  { app }: Running,
  name: string,
  { loadKey, rows }: { loadKey: number; rows: { key: string; value: number }[] },
): Promise<Write> {
  const version = await app.warehouse.write(`load:${name}:${loadKey}`, async (tx) => {
    await tx.run(sql`create temporary table staged_row (key text, value bigint, _line bigint)`)
    for (const [line, { key, value }] of rows.entries())
      await tx.run(sql`insert into staged_row values (${key}, ${value}, ${line})`)
    await app.datasets.mergeStaged(tx, name, loadKey)
    await tx.run(sql`drop table staged_row`)
    return tx.version
  })
  return { loadKey, version }
}

const byKey = ([one]: unknown[], [other]: unknown[]) => (String(one) < String(other) ? -1 : 1)

const shownRows = async (app: Running, name: string): Promise<[string, number][]> =>
  (await app.get(`/datasets/${name}/rows`)).body.items
    .map(({ key, value }: { key: string; value: number }) => [key, value])
    .toSorted(byKey)

async function runSteps(app: Running, name: string, steps: Step[]): Promise<void> {
  const layers: Layers = new Map()
  const live: Write[] = []
  for (const [index, one] of steps.entries()) {
    if (one.does === 'load') {
      // A later row of a file corrects an earlier one.
      const rows = [...new Map(one.rows.map((given) => [given.key, given])).values()]
      live.push(await loadRows(app, name, { loadKey: index + 1, rows: one.rows }))
      for (const given of rows) layer(layers, index + 1, given)
    } else if (one.does === 'correct') {
      await app.post(`/datasets/${name}/rows`, [one.row])
      layer(layers, 0, one.row)
    } else if (one.does === 'empty') {
      await app.delete(`/datasets/${name}/rows`)
      layers.clear()
    } else if (live.length > 0) {
      const [write] = live.splice(one.pick % live.length, 1)
      if (!write) throw new Error('nothing to undo')
      const undone = await app.app.warehouse.write(`undo:${name}:${write.loadKey}`, (tx) =>
        app.app.datasets.undo(tx, name, write),
      )
      assert.deepEqual(undone, unlayer(layers, write.loadKey))
    }
    const wanted = [...layers].map(([key, all]) => [key, all.at(-1)?.value]).toSorted(byKey)
    assert.deepEqual(await shownRows(app, name), wanted)
  }
}

for (const [engine, open] of Object.entries(ENGINES)) {
  describe(`undoing loads of a dataset on ${engine}`, () => {
    test('in any order, the rows are as if only the other loads had been', async (t) => {
      const app = await startApp(t, open)
      const columns = [
        { name: 'key', type: 'text', required: true },
        { name: 'value', type: 'integer' },
      ]
      let runs = 0

      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 10 }), async (steps) => {
          const name = `undone_${runs++}`
          assert.equal((await app.post('/datasets', { name, columns, unique_key: ['key'] })).status, 201)

          await runSteps(app, name, steps)
        }),
        { numRuns: 25 },
      )
    })

    test('every type of value comes back as it was', async (t) => {
      const app = await startApp(t, open)
      const types = ['integer', 'number', 'text', 'boolean', 'timestamp', 'date']
      // A column may have the name of an alias.
      const columns = [
        { name: 'key', type: 'text', required: true },
        { name: 'stored', type: 'text' },
      ].concat(types.map((type) => ({ name: `a_${type}`, type }))) as object[]
      await app.post('/datasets', { name: 'typed', columns, unique_key: ['key'] })
      const before = [
        {
          key: 'full',
          stored: 'is "quoted"\n\\ \u00e9 \ud83d\ude00',
          a_integer: -9007199254740991,
          a_number: 0.1 + 0.2,
          a_text: 'null',
          a_boolean: false,
          a_timestamp: '2026-03-29T01:30:00.123456Z',
          a_date: '2024-02-29',
        },
        {
          key: 'empty',
          stored: null,
          a_integer: null,
          a_number: 5e-324,
          a_text: '',
          a_boolean: null,
          a_timestamp: null,
          a_date: null,
        },
      ]
      assert.equal((await app.post('/datasets/typed/rows', before)).body.accepted, 2)
      const stored = (await app.get('/datasets/typed/rows')).text

      const version = await app.app.warehouse.write('load:typed', async (tx) => {
        await tx.run(sql`
          create temporary table staged_row as
          select *, _row as _line
          from dataset.typed`)
        await tx.run(sql`update staged_row set a_integer = 1, a_number = 2, a_text = 'x', a_boolean = true`)
        await tx.run(sql`update staged_row set a_timestamp = null, a_date = null, stored = 'y'`)
        assert.equal((await app.app.datasets.mergeStaged(tx, 'typed', 7)).updated, 2)
        await tx.run(sql`drop table staged_row`)
        return tx.version
      })
      const undone = await app.app.warehouse.write('undo:typed', (tx) =>
        app.app.datasets.undo(tx, 'typed', { version, loadKey: 7 }),
      )

      assert.deepEqual(undone, { removed: 0, restored: 2 })
      assert.equal((await app.get('/datasets/typed/rows')).text, stored)
    })
  })
}
