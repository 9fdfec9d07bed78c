import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ENGINES, startApp } from '../../../tests/harness.ts'

const TRANSFORMER = { type: 'transformer', attributes: { capacity_mva: 40, voltage_kv: 110 } }

for (const [name, open] of Object.entries(ENGINES)) {
  describe(`assets on ${name}`, () => {
    test('an asset is made, read, changed, replaced and deleted', async (t) => {
      const app = await startApp(t, open)

      const made = await app.post('/assets', { id: 'T 1', name: 'T1', ...TRANSFORMER, latitude: 47.5 })
      assert.equal(made.status, 201)
      assert.equal(made.headers.location, '/api/v1/assets/T%201')
      assert.deepEqual(made.body, {
        id: 'T 1',
        ...TRANSFORMER,
        name: 'T1',
        parent_id: null,
        latitude: 47.5,
        longitude: null,
        created_at: made.body.created_at,
        updated_at: made.body.created_at,
      })
      assert.deepEqual((await app.get('/assets/T%201')).body, made.body)

      const changed = await app.patch('/assets/T%201', { longitude: 8.5 })
      assert.deepEqual([changed.status, changed.body.latitude, changed.body.longitude], [200, 47.5, 8.5])
      assert.deepEqual(changed.body.attributes, TRANSFORMER.attributes)

      const replaced = await app.put('/assets/T%201', { type: 'site', name: 'S1' })
      assert.deepEqual(
        [replaced.body.latitude, replaced.body.attributes, replaced.body.type],
        [null, {}, 'site'],
      )
      assert.equal(replaced.body.created_at, made.body.created_at)

      const removed = await app.delete('/assets/T%201')
      assert.deepEqual([removed.status, removed.body], [200, { assets: 1, signals: 0, measurements: 0 }])
      for (const answer of [await app.get('/assets/T%201'), await app.delete('/assets/T%201')]) {
        assert.equal(answer.status, 404)
      }
    })

    test('an id is generated when none is given, and one that is taken is refused', async (t) => {
      const app = await startApp(t, open)

      const made = await app.post('/assets', { type: 'site', name: 'A' })
      assert.match(made.body.id, /^[0-9a-f]{16}$/)

      assert.equal((await app.post('/assets', { id: made.body.id, type: 'site', name: 'B' })).status, 409)
    })

    test('attributes are held against the type', async (t) => {
      const app = await startApp(t, open)

      const answer = await app.post('/assets', {
        type: 'transformer',
        name: 'T',
        attributes: { capacity_mva: 0 },
      })
      assert.equal(answer.status, 422)
      assert.deepEqual(answer.body.errors, [
        { path: '/attributes/voltage_kv', message: 'is required by this type' },
        { path: '/attributes/capacity_mva', message: 'must be > 0' },
      ])

      const unknown = await app.post('/assets', { type: 'castle', name: 'T' })
      assert.deepEqual([unknown.status, unknown.body.errors[0].path], [422, '/type'])
    })

    test('a name is unique under its parent, and the other is named', async (t) => {
      const app = await startApp(t, open)
      await app.post('/assets', { id: 'S1', type: 'substation', name: 'North' })
      await app.post('/assets', { id: 'S2', type: 'substation', name: 'South' })
      await app.post('/assets', { id: 'T1', name: 'T', parent_id: 'S1', ...TRANSFORMER })

      assert.equal(
        (await app.post('/assets', { id: 'T2', name: 'T', parent_id: 'S2', ...TRANSFORMER })).status,
        201,
      )
      const again = await app.post('/assets', { name: 'T', parent_id: 'S1', ...TRANSFORMER })
      assert.equal(again.status, 409)
      assert.match(again.body.detail, /T1/)
      const root = await app.post('/assets', { type: 'site', name: 'North' })
      assert.equal(root.status, 409)
      assert.match(root.body.detail, /S1/)
      assert.equal((await app.patch('/assets/T2', { parent_id: 'S1' })).status, 409)
    })

    test('parents exist and form trees', async (t) => {
      const app = await startApp(t, open)
      await app.post('/assets', { id: 'a', type: 'site', name: 'a' })
      await app.post('/assets', { id: 'b', type: 'site', name: 'b', parent_id: 'a' })
      await app.post('/assets', { id: 'c', type: 'site', name: 'c', parent_id: 'b' })

      for (const parent_id of ['nowhere', 'a', 'c']) {
        const answer = await app.patch('/assets/a', { parent_id })
        assert.deepEqual([answer.status, answer.body.errors[0].path], [422, '/parent_id'])
      }
      assert.equal((await app.patch('/assets/c', { parent_id: null })).status, 200)
    })

    test('assets with children or signals go only with cascade, which says what went', async (t) => {
      const app = await startApp(t, open)
      await app.post('/assets', { id: 'a', type: 'site', name: 'a' })
      await app.post('/assets', { id: 'b', type: 'site', name: 'b', parent_id: 'a' })
      await app.post('/signals', { id: 's', asset_id: 'b', quantity: 'power' })
      await app.post('/measurements', [
        { signal_id: 's', measured_at: '2026-01-01T00:00:00Z', value: 1 },
        { signal_id: 's', measured_at: '2026-01-02T00:00:00Z', value: 2 },
      ])

      const refused = await app.delete('/assets/a')
      assert.equal(refused.status, 409)
      assert.match(refused.body.detail, /1 assets and 1 signals/)
      const removed = await app.delete('/assets/a?cascade=true')
      assert.deepEqual(removed.body, { assets: 2, signals: 1, measurements: 2 })
      assert.equal((await app.get('/signals/s')).status, 404)
      assert.deepEqual((await app.get('/assets')).body.items, [])
    })

    test('lists are by id, in pages, and filtered', async (t) => {
      const app = await startApp(t, open)
      await app.post('/assets', {
        id: 'Zurich',
        type: 'site',
        name: 'Main 100%',
        latitude: 47.3769,
        longitude: 8.5417,
      })
      await app.post('/assets', {
        id: 'bern',
        type: 'site',
        name: 'Capital',
        latitude: 46.948,
        longitude: 7.4474,
      })
      await app.post('/assets', { id: 'nowhere', type: 'site', name: 'Hidden' })
      await app.post('/assets', { id: 'T', name: 'T', parent_id: 'bern', ...TRANSFORMER })
      const idsOf = async (query: string) =>
        (await app.get(`/assets${query}`)).body.items.map(({ id }: { id: string }) => id)

      assert.deepEqual(await idsOf(''), ['T', 'Zurich', 'bern', 'nowhere'])
      assert.deepEqual(await idsOf('?type=transformer'), ['T'])
      assert.deepEqual(await idsOf('?parent_id=bern'), ['T'])
      assert.deepEqual(await idsOf('?q=CAP'), ['bern'])
      assert.deepEqual(await idsOf('?q=zur'), ['Zurich'])
      assert.deepEqual(await idsOf('?q=100%25'), ['Zurich'])
      assert.deepEqual(await idsOf('?near=47.37,8.54,5'), ['Zurich'])
      assert.deepEqual(await idsOf('?near=47.3769,8.5417,94'), ['Zurich'], 'Bern is 95.5 km away')
      assert.deepEqual(await idsOf('?near=47.3769,8.5417,97'), ['Zurich', 'bern'])

      const first = (await app.get('/assets?limit=3')).body
      assert.equal(first.items.length, 3)
      const second = (await app.get(`/assets?limit=3&cursor=${first.next}`)).body
      assert.deepEqual([second.items[0].id, second.next], ['nowhere', null])
      for (const query of [
        '?near=1,2',
        '?near=91,0,1',
        '?near=a,b,c',
        '?cursor=bogus',
        '?cursor=MQ',
        '?limit=0',
        '?of=x',
      ]) {
        assert.equal((await app.get(`/assets${query}`)).status, 422, query)
      }
    })

    test('a batch of a file inserts, updates and leaves as they were, in one write', async (t) => {
      const app = await startApp(t, open)
      await app.post('/assets', { id: 'S1', type: 'substation', name: 'North', latitude: 1 })
      const { assets, warehouse } = app.app
      const many = Array.from({ length: 1200 }, (_, number) => ({
        id: `n${number}`,
        type: 'site',
        name: `${number}`,
      }))

      const outcomes = await warehouse.write('a-load', (tx) =>
        assets.upsertMany(tx, [
          { id: 'T1', name: 'T1', parent_id: 'S2', ...TRANSFORMER },
          { id: 'S2', type: 'substation', name: 'South' },
          { id: 'S1', type: 'substation', name: 'North', attributes: { code: 7 } },
          { type: 'substation', name: 'North' },
          { type: 'switch', name: 'Q', attributes: { status: 'ajar' } },
          ...many,
        ]),
      )

      assert.deepEqual(outcomes.slice(0, 5), [
        { outcome: 'inserted', id: 'T1' },
        { outcome: 'inserted', id: 'S2' },
        { outcome: 'updated', id: 'S1' },
        { outcome: 'unchanged', id: 'S1' },
        {
          outcome: 'refused',
          column: 'attributes.status',
          value: 'ajar',
          rule: 'one_of',
          reason: 'must be one of "open", "closed"',
        },
      ])
      const north = (await app.get('/assets/S1')).body
      assert.deepEqual([north.latitude, north.attributes], [1, { code: 7 }])
      assert.equal((await app.get('/assets/T1')).body.parent_id, 'S2')
      assert.equal((await app.get('/assets?type=site&limit=1000')).body.items.length, 1000)
    })

    test('users read, managers write', async (t) => {
      const app = await startApp(t, open)
      const user = app.as('user')

      assert.equal((await user.get('/assets')).status, 200)
      assert.equal((await user.get('/asset-types')).status, 200)
      assert.equal((await user.post('/assets', { type: 'site', name: 'A' })).status, 403)
      assert.equal((await user.delete('/asset-types/site')).status, 403)
    })
  })

  describe(`types of assets on ${name}`, () => {
    const PUMP = {
      name: 'pump',
      title: 'Pump',
      attributes_schema: { type: 'object', properties: { flow: { type: 'number' } }, required: ['flow'] },
    }

    test('the built-in types are there from the start and stay as they are', async (t) => {
      const app = await startApp(t, open)

      const { items } = (await app.get('/asset-types')).body
      const names = items.map((type: { name: string }) => type.name)
      assert.deepEqual(names, ['line', 'site', 'substation', 'switch', 'transformer'])
      assert.equal((await app.delete('/asset-types/line')).status, 409)
      const { title, attributes_schema } = PUMP
      assert.equal((await app.put('/asset-types/line', { title, attributes_schema })).status, 409)
      assert.equal((await app.post('/asset-types', { ...PUMP, name: 'line' })).status, 409)
    })

    test('a type of one’s own is made, used and deleted when nothing is of it', async (t) => {
      const app = await startApp(t, open)

      const made = await app.post('/asset-types', PUMP)
      assert.deepEqual([made.status, made.body], [201, { ...PUMP, built_in: false }])
      assert.deepEqual((await app.get('/asset-types/pump')).body, made.body)
      assert.equal((await app.post('/assets', { type: 'pump', name: 'P', attributes: {} })).status, 422)
      const pump = await app.post('/assets', { id: 'P', type: 'pump', name: 'P', attributes: { flow: 1 } })
      assert.equal(pump.status, 201)

      assert.equal((await app.delete('/asset-types/pump')).status, 409)
      await app.delete('/assets/P')
      assert.equal((await app.delete('/asset-types/pump')).status, 204)
      assert.equal((await app.get('/asset-types/pump')).status, 404)
    })

    test('a schema that stored assets violate is refused and names them', async (t) => {
      const app = await startApp(t, open)
      await app.post('/asset-types', PUMP)
      await app.post('/assets', { id: 'P', type: 'pump', name: 'P', attributes: { flow: 1 } })

      const stricter = { type: 'object', properties: { flow: { type: 'number', minimum: 5 } } }
      const refused = await app.put('/asset-types/pump', { title: 'Pump', attributes_schema: stricter })
      assert.equal(refused.status, 422)
      assert.match(refused.body.errors[0].message, /asset P: \/attributes\/flow/)

      const looser = { type: 'object' }
      const changed = await app.put('/asset-types/pump', { title: 'Pumps', attributes_schema: looser })
      assert.deepEqual(changed.body, {
        name: 'pump',
        title: 'Pumps',
        attributes_schema: looser,
        built_in: false,
      })
    })

    test('what is no JSON Schema of an object is refused', async (t) => {
      const app = await startApp(t, open)

      for (const attributes_schema of [{}, { type: 'array' }, { type: 'object', properties: 3 }]) {
        assert.equal((await app.post('/asset-types', { ...PUMP, attributes_schema })).status, 422)
      }
    })
  })
}
