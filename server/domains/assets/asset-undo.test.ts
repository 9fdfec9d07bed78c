// Batches, changes by hand and undoings of assets in any order, against a model that keeps what each batch left.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ENGINES, type Running, startApp } from '../../../tests/harness.ts'

const row = fc.record({ id: fc.constantFrom('a', 'b', 'c'), latitude: fc.integer({ min: 1, max: 3 }) })
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ does: fc.constant('batch' as const), rows: fc.array(row, { maxLength: 4 }) }),
  },
  { weight: 4, arbitrary: fc.record({ does: fc.constant('undo' as const), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('change' as const), row }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('delete' as const), row }) },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** What each batch left of an asset, the latest last; a change by hand is nobody's to undo. */
type Layers = Map<string, { version: number; latitude: number }[]>

function unlayer(layers: Layers, version: number) {
  const counts = { removed: 0, restored: 0 }
  for (const [id, all] of layers) {
    const rest = all.filter((one) => one.version !== version)
    if (all.at(-1)?.version === version) counts[rest.length === 0 ? 'removed' : 'restored']++
    if (rest.length === 0) layers.delete(id)
    else layers.set(id, rest)
  }
  return counts
}

const undo = ({ app }: Running, version: number) =>
  app.warehouse.write(`undo:${version}`, (tx) => app.assets.undo(tx, version, { inUse: 'refuse' }))

const byId = ([one]: unknown[], [other]: unknown[]) => (String(one) < String(other) ? -1 : 1)

async function runSteps(app: Running, prefix: string, steps: Step[]): Promise<void> {
  const layers: Layers = new Map()
  const live: number[] = []
  const asset = ({ id, latitude }: { id: string; latitude: number }) => ({
    id: prefix + id,
    type: 'site',
    name: prefix + id,
    latitude,
  })
  const top = (id: string) => layers.get(id)?.at(-1)?.latitude
  for (const [index, one] of steps.entries()) {
    if (one.does === 'batch') {
      const rows = [...new Map(one.rows.map((given) => [given.id, given])).values()]
      const version = await app.app.warehouse.write(`batch:${prefix}${index}`, async (tx) => {
        await app.app.assets.upsertMany(tx, rows.map(asset))
        return tx.version
      })
      live.push(version)
      for (const { id, latitude } of rows)
        if (top(id) !== latitude) layers.set(id, [...(layers.get(id) ?? []), { version, latitude }])
    } else if (one.does === 'change') {
      // No batch ever leaves these.
      const latitude = 10 + index
      const { id } = one.row
      const changed = layers.has(id)
        ? await app.patch(`/assets/${prefix}${id}`, { latitude })
        : await app.post('/assets', asset({ id, latitude }))
      assert.ok(changed.status < 300, changed.text)
      layers.set(id, [{ version: 0, latitude }])
    } else if (one.does === 'delete') {
      await app.delete(`/assets/${prefix}${one.row.id}`)
      layers.delete(one.row.id)
    } else if (live.length > 0) {
      const [version = 0] = live.splice(one.pick % live.length, 1)
      assert.deepEqual(await undo(app, version), unlayer(layers, version))
    }
    const { body } = await app.get(`/assets?limit=1000&q=${prefix}`)
    const stored = body.items.map(({ id, latitude }: { id: string; latitude: number }) => [id, latitude])
    const wanted = [...layers].map(([id, all]) => [prefix + id, all.at(-1)?.latitude]).toSorted(byId)
    assert.deepEqual(stored, wanted)
  }
}

for (const [engine, open] of Object.entries(ENGINES)) {
  describe(`undoing batches of assets on ${engine}`, () => {
    test('in any order, the assets are as if only the other batches had been', async (t) => {
      const app = await startApp(t, open)
      let runs = 0

      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 10 }), (steps) =>
          runSteps(app, `run${runs++}-`, steps),
        ),
        { numRuns: 25 },
      )
    })

    test('assets come back with their attributes, and only where they still fit', async (t) => {
      const app = await startApp(t, open)
      const { warehouse, assets } = app.app
      const line = (id: string, name: string) => ({
        id,
        type: 'line',
        name,
        attributes: { voltage_kv: 110, length_km: 2 },
      })
      await app.givenAsset(line('l1', 'North'))
      const before = (await app.get('/assets/l1')).body
      const rename = (name: string) =>
        warehouse.write(`rename:${name}`, async (tx) => {
          await assets.upsertMany(tx, [
            { ...line('l1', name), attributes: { voltage_kv: 220, length_km: 3 } },
          ])
          return tx.version
        })

      assert.deepEqual(await undo(app, await rename('South')), { removed: 0, restored: 1 })
      const { body: after } = await app.get('/assets/l1')
      assert.deepEqual({ ...after, updated_at: before.updated_at }, before)

      const version = await rename('West')
      await app.givenAsset(line('l2', 'North'))
      await assert.rejects(undo(app, version), /l1 cannot be called North again: l2 has this name/)
      assert.equal((await app.get('/assets/l1')).body.name, 'West')
      await app.delete('/assets/l2')
      assert.deepEqual(await undo(app, version), { removed: 0, restored: 1 })
    })
  })
}
