import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ENGINES, startApp } from '../../../tests/harness.ts'

for (const [name, open] of Object.entries(ENGINES)) {
  describe(`signals on ${name}`, () => {
    test('a signal is made, read, changed, replaced and deleted', async (t) => {
      const app = await startApp(t, open)
      const asset = await app.givenAsset()

      const made = await app.post('/signals', {
        id: 's',
        asset_id: asset.id,
        quantity: 'voltage',
        unit: 'kV',
      })
      assert.equal(made.status, 201)
      assert.deepEqual(made.body, {
        id: 's',
        asset_id: asset.id,
        name: 'voltage',
        quantity: 'voltage',
        unit: 'kV',
        first_at: null,
        last_at: null,
        last_value: null,
        count: 0,
        created_at: made.body.created_at,
        updated_at: made.body.created_at,
      })
      assert.deepEqual((await app.get('/signals/s')).body, made.body)

      const changed = (await app.patch('/signals/s', { quantity: 'current', unit: 'A' })).body
      assert.deepEqual([changed.name, changed.quantity, changed.unit], ['voltage', 'current', 'A'])
      const replaced = (await app.put('/signals/s', { asset_id: asset.id, quantity: 'power' })).body
      assert.deepEqual([replaced.name, replaced.quantity, replaced.unit], ['power', 'power', ''])

      assert.deepEqual((await app.delete('/signals/s')).body, { measurements: 0 })
      assert.equal((await app.get('/signals/s')).status, 404)
    })

    test('ids are unique, assets exist, names are unique on their asset', async (t) => {
      const app = await startApp(t, open)
      const asset = await app.givenAsset()
      await app.post('/signals', { id: 's', asset_id: asset.id, quantity: 'voltage' })

      assert.equal(
        (await app.post('/signals', { id: 's', asset_id: asset.id, quantity: 'power' })).status,
        409,
      )
      assert.equal((await app.post('/signals', { asset_id: asset.id, quantity: 'voltage' })).status, 409)
      const nowhere = await app.post('/signals', { asset_id: 'nowhere', quantity: 'voltage' })
      assert.deepEqual([nowhere.status, nowhere.body.errors[0].path], [422, '/asset_id'])
      const second = await app.post('/signals', {
        asset_id: asset.id,
        quantity: 'voltage',
        name: 'secondary',
      })
      assert.equal(second.status, 201)
    })

    test('a list shows the state of each signal, by id, filtered and in pages', async (t) => {
      const app = await startApp(t, open)
      const asset = await app.givenAsset()
      await app.post('/signals', { id: 'b', asset_id: asset.id, quantity: 'voltage' })
      await app.post('/signals', { id: 'A', asset_id: asset.id, quantity: 'current', name: 'Phase 1' })
      await app.post('/measurements', [
        { signal_id: 'b', measured_at: '2026-01-01T00:00:00Z', value: 1.5 },
        { signal_id: 'b', measured_at: '2026-01-02T00:00:00.5Z', value: 2 },
      ])
      const idsOf = async (query: string) =>
        (await app.get(`/signals${query}`)).body.items.map(({ id }: { id: string }) => id)

      const { items } = (await app.get('/signals')).body
      assert.deepEqual([items[0].id, items[0].count], ['A', 0])
      assert.deepEqual(
        [items[1].first_at, items[1].last_at, items[1].last_value, items[1].count],
        ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00.500Z', 2, 2],
      )
      assert.deepEqual(await idsOf('?quantity=voltage'), ['b'])
      assert.deepEqual(await idsOf('?q=phase'), ['A'])
      assert.deepEqual(await idsOf('?asset_id=nowhere'), [])
      const { next } = (await app.get('/signals?limit=1')).body
      assert.deepEqual(await idsOf(`?limit=1&cursor=${next}`), ['b'])
    })

    test('measurements keep their signal and its unit', async (t) => {
      const app = await startApp(t, open)
      const signal = await app.givenSignal({ id: 's', unit: 'kV' })
      await app.post('/measurements', [{ signal_id: 's', measured_at: '2026-01-01T00:00:00Z', value: 1 }])

      assert.equal((await app.patch('/signals/s', { unit: 'V' })).status, 409)
      assert.equal((await app.patch('/signals/s', { name: 'other' })).status, 200)
      assert.equal((await app.delete('/signals/s')).status, 409)
      assert.deepEqual((await app.delete('/signals/s?cascade=true')).body, { measurements: 1 })

      await app.post('/signals', { id: 's', asset_id: signal.asset_id, quantity: 'voltage' })
      const anew = (await app.get('/signals/s')).body
      assert.deepEqual([anew.count, anew.first_at], [0, null])
      assert.equal((await app.get('/signals/s/stats')).body.count, 0)
    })

    test('statistics of a range: none, one and many rows', async (t) => {
      const app = await startApp(t, open)
      await app.givenSignal({ id: 's', unit: 'MW' })
      const values = [2, 4, 4, 4, 5, 5, 7, 9]
      await app.post(
        '/measurements',
        values.map((value, hour) => ({ signal_id: 's', measured_at: `2026-01-01T0${hour}:00:00Z`, value })),
      )

      assert.deepEqual((await app.get('/signals/s/stats')).body, {
        signal_id: 's',
        unit: 'MW',
        count: 8,
        mean: 5,
        min: 2,
        max: 9,
        median: 4.5,
        std_dev: Math.sqrt(32 / 7),
        first_at: '2026-01-01T00:00:00Z',
        last_at: '2026-01-01T07:00:00Z',
      })
      const one = (await app.get('/signals/s/stats?from=2026-01-01T07:00:00Z&to=2026-01-02T00:00:00Z')).body
      assert.deepEqual([one.count, one.mean, one.median, one.std_dev], [1, 9, 9, 0])
      const none = (await app.get('/signals/s/stats?to=2026-01-01T00:00:00Z')).body
      assert.deepEqual(
        [none.count, none.mean, none.min, none.max, none.median, none.std_dev, none.first_at, none.last_at],
        [0, null, null, null, null, null, null, null],
      )
      const zoned = (await app.get('/signals/s/stats?from=2026-01-01T03:00:00&tz=Europe/Berlin')).body
      assert.equal(zoned.count, 6)
      assert.equal((await app.get('/signals/nowhere/stats')).status, 404)
      assert.equal((await app.get('/signals/s/stats?from=soon')).status, 422)
    })

    test('statistics hold for small differences of large values, and for the greatest values', async (t) => {
      const app = await startApp(t, open)
      await app.givenSignal({ id: 'offset' })
      await app.givenSignal({ id: 'huge' })
      const rows = (signal_id: string, values: number[]) =>
        values.map((value, second) => ({ signal_id, measured_at: `2026-01-01T00:00:0${second}Z`, value }))
      await app.post('/measurements', rows('offset', [1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16]))
      await app.post('/measurements', rows('huge', [1.5e308, 1.6e308, 1.7e308]))

      const offset = (await app.get('/signals/offset/stats')).body
      assert.deepEqual([offset.mean, offset.std_dev], [1e9 + 10, Math.sqrt(30)])
      const huge = (await app.get('/signals/huge/stats')).body
      assert.ok(Math.abs(huge.mean / 1.6e308 - 1) < 1e-12)
      assert.ok(Math.abs(huge.std_dev / 1e307 - 1) < 1e-9)
    })

    test('a batch of a file inserts, updates and leaves as they were, in one write', async (t) => {
      const app = await startApp(t, open)
      const asset_id = (await app.givenAsset()).id
      await app.post('/signals', { id: 's', asset_id, quantity: 'voltage' })
      const { signals, warehouse } = app.app

      const outcomes = await warehouse.write('a-load', (tx) =>
        signals.upsertMany(tx, [
          { asset_id, quantity: 'voltage' },
          { asset_id, quantity: 'voltage', unit: 'kV' },
          { id: 'p', asset_id, quantity: 'power', unit: 'MW' },
          { asset_id: 'nowhere', quantity: 'power' },
        ]),
      )

      assert.deepEqual(outcomes, [
        { outcome: 'unchanged', id: 's' },
        { outcome: 'updated', id: 's' },
        { outcome: 'inserted', id: 'p' },
        {
          outcome: 'refused',
          column: 'asset_id',
          value: 'nowhere',
          rule: 'reference',
          reason: 'no asset has this id',
        },
      ])
      assert.equal((await app.get('/signals/s')).body.unit, 'kV')
      await app.post('/measurements', [{ signal_id: 'p', measured_at: '2026-01-01T00:00:00Z', value: 1 }])
      assert.equal((await app.get('/signals/p')).body.count, 1)
      assert.deepEqual(await warehouse.write('nothing', (tx) => signals.upsertMany(tx, [])), [])
    })

    test('users read, managers write', async (t) => {
      const app = await startApp(t, open)
      await app.givenSignal({ id: 's' })
      const user = app.as('user')

      assert.equal((await user.get('/signals/s/stats')).status, 200)
      assert.equal((await user.patch('/signals/s', { unit: 'V' })).status, 403)
      assert.equal((await user.delete('/signals/s')).status, 403)
    })
  })
}
