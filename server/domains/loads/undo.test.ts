// The tests of one engine share one service, each with signals and datasets of its own.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Load } from '../../../contract/loads.ts'
import { ENGINES, startApp } from '../../../tests/harness.ts'
import { counts, HEADER, load, mappingOf } from '../../../tests/sent-files.ts'
import { systemClock } from '../../clock.ts'
import { sql } from '../../engine/sql.ts'
import type { StoredLoad } from './store.ts'
import { undoLoad } from './undo.ts'

for (const [name, open] of Object.entries(ENGINES)) {
  test(`undoing loads on ${name}`, async (t) => {
    const app = await startApp(t, open)
    const ids = { next: 1 }
    const givenSignal = () => app.givenSignal({ id: `s${ids.next++}` })
    const stored = async ({ id }: { id: string }): Promise<[string, number][]> =>
      (await app.get(`/measurements?signal_id=${id}&limit=1000`)).body.items.map(
        ({ measured_at, value }: { measured_at: string; value: number }) => [measured_at.slice(8, 10), value],
      )
    const readings = (signal: { id: string }, values: Record<string, number>) =>
      load(
        app,
        'target=measurements',
        HEADER +
          Object.entries(values)
            .map(([day, value]) => `${signal.id},2026-01-${day},${value}\n`)
            .join(''),
      )
    /** Removed, restored. */
    const undo = async ({ id }: { id: string }): Promise<number[]> => {
      const answer = await app.delete(`/loads/${id}?undo=true`)
      assert.equal(answer.status, 200, answer.text)
      const undone: Load = answer.body
      assert.ok(undone.undone_at !== null && undone.status === 'done')
      assert.deepEqual((await app.get(`/loads/${id}`)).body, undone)
      return [undone.rows_removed, undone.rows_restored]
    }
    const refused = async ({ id }: { id: string }): Promise<string> => {
      const answer = await app.delete(`/loads/${id}?undo=true`)
      assert.equal(answer.status, 409, answer.text)
      assert.equal((await app.get(`/loads/${id}`)).body.undone_at, null)
      return answer.body.detail
    }

    await t.test('every value of a reading names the load that brought it, undone ones too', async () => {
      const signal = await givenSignal()
      const first = await readings(signal, { 10: 1 })
      const second = await readings(signal, { 10: 2 })
      await app.post('/measurements', [{ signal_id: signal.id, measured_at: '2026-01-10', value: 3 }])
      const history = async () =>
        (await app.get(`/measurements/history?signal_id=${signal.id}&measured_at=2026-01-10`)).body.items.map(
          (item: { value: number; load: { id: string } | null; known_until: string | null }) => [
            item.value,
            item.load?.id ?? null,
            item.known_until === null,
          ],
        )

      assert.deepEqual(await history(), [
        [3, null, true],
        [2, second.id, false],
        [1, first.id, false],
      ])
      await undo(second)
      assert.equal((await history()).length, 3)
      assert.equal((await app.get('/measurements/history?signal_id=none&measured_at=now')).status, 404)
    })

    await t.test('readings go, corrected ones are again what they were', async () => {
      const signal = await givenSignal()
      const first = await readings(signal, { 10: 1, 11: 2 })
      const second = await readings(signal, { 11: 20, 12: 3 })
      assert.deepEqual(counts(second), [1, 1, 0, 0])

      assert.deepEqual(await undo(second), [1, 1])
      assert.deepEqual(await stored(signal), [
        ['10', 1],
        ['11', 2],
      ])
      const { first_at, last_at, count } = (await app.get(`/signals/${signal.id}`)).body
      assert.deepEqual([first_at, last_at, count], ['2026-01-10T00:00:00Z', '2026-01-11T00:00:00Z', 2])
      assert.deepEqual(await undo(first), [2, 0])
      assert.deepEqual(await stored(signal), [])
    })

    await t.test('the earlier of two loads goes, the later stays as if it had been alone', async () => {
      const signal = await givenSignal()
      const first = await readings(signal, { 10: 1, 11: 2 })
      const second = await readings(signal, { 11: 20, 12: 3 })

      assert.deepEqual(await undo(first), [1, 0])
      assert.deepEqual(await stored(signal), [
        ['11', 20],
        ['12', 3],
      ])
      assert.deepEqual(await undo(second), [2, 0])
      assert.deepEqual(await stored(signal), [])
    })

    await t.test('only one that is done, and once', async () => {
      const signal = await givenSignal()
      const ended = await readings(signal, { 10: 1 })
      const failed = await load(app, 'target=measurements', 'a,b\n1,2\n')

      assert.equal((await app.as('user').delete(`/loads/${ended.id}?undo=true`)).status, 403)
      assert.equal((await app.delete('/loads/none?undo=true')).status, 404)
      assert.equal((await app.delete(`/loads/${ended.id}`)).status, 409)
      assert.match(await refused(failed), /the load is failed; only one that is done can be undone/)
      assert.deepEqual(await undo(ended), [1, 0])
      const again = await app.delete(`/loads/${ended.id}?undo=true`)
      assert.equal(again.status, 409)
      assert.match(again.body.detail, /undone already/)
      // The file can be loaded anew.
      assert.deepEqual(counts(await readings(signal, { 10: 1 })), [1, 0, 0, 0])
    })

    await t.test('killed between its write and its note, it answers as the first time', async () => {
      const signal = await givenSignal()
      await readings(signal, { 10: 1 })
      const ended = await readings(signal, { 10: 2, 11: 3 })
      const keys = await app.app.warehouse.query<{ load_key: number }>(
        sql`select max(load_key) as load_key from change`,
      )
      const key = { ...ended, load_key: keys[0]?.load_key ?? 0 } as unknown as StoredLoad // all it needs
      const write = () => undoLoad({ ...app.app, clock: systemClock }, key)

      assert.deepEqual(await write(), { removed: 1, restored: 1 })
      assert.deepEqual(await write(), { removed: 1, restored: 1 })
      // Meanwhile another value came.
      await readings(signal, { 11: 4 })
      assert.deepEqual(await undo(ended), [1, 1])
      assert.deepEqual(await stored(signal), [
        ['10', 1],
        ['11', 4],
      ])
    })

    await t.test('assets and signals go, unless something hangs on them by now', async () => {
      const assets = await load(
        app,
        'target=assets',
        'id,type,name,parent_id\nu-1,site,One,\nu-2,site,Two,u-1\n',
      )
      const signals = await load(
        app,
        'target=signals',
        'id,asset_id,quantity\nu-1-p,u-1,power\nu-2-p,u-2,power\n',
      )
      const values = await readings({ id: 'u-2-p' }, { 10: 1, 11: 2 })

      assert.match(
        await refused(assets),
        /2 of the assets that the load made are in use now: u-1 has 1 signals/,
      )
      assert.match(
        await refused(signals),
        /1 of the signals that the load made have measurements now: u-2-p has 2/,
      )
      assert.equal((await app.get('/signals/u-2-p')).body.count, 2)
      assert.deepEqual(await undo(values), [2, 0])
      assert.deepEqual(await undo(signals), [2, 0])
      await app.givenAsset({ id: 'u-3', name: 'Three', parent_id: 'u-2' })
      assert.match(await refused(assets), /u-2 has 0 signals and 1 assets below it/)
      await app.delete('/assets/u-3')
      assert.deepEqual(await undo(assets), [2, 0])
      assert.equal((await app.get('/assets/u-1')).status, 404)
    })

    await t.test(
      'assets and signals that were changed are as before, or stay as they were changed since',
      async () => {
        await load(app, 'target=assets', 'id,type,name\nv-1,site,One\nv-2,site,Two\n')
        await load(app, 'target=signals', 'id,asset_id,quantity,unit\nv-1-p,v-1,power,kW\n')
        const assets = await load(app, 'target=assets', 'id,type,name\nv-1,site,Uno\nv-2,site,Due\n')
        const signals = await load(app, 'target=signals', 'id,asset_id,quantity,unit\nv-1-p,v-1,power,MW\n')
        await app.patch('/assets/v-2', { name: 'By hand' })

        assert.deepEqual(await undo(assets), [0, 1])
        assert.equal((await app.get('/assets/v-1')).body.name, 'One')
        assert.equal((await app.get('/assets/v-2')).body.name, 'By hand')
        const values = await readings({ id: 'v-1-p' }, { 10: 1 })
        assert.match(await refused(signals), /1 measurements are stored in MW/)
        await undo(values)
        assert.deepEqual(await undo(signals), [0, 1])
        assert.equal((await app.get('/signals/v-1-p')).body.unit, 'kW')
      },
    )

    await t.test(
      'signals and assets that a file of readings made go with it, unless they are in use',
      async () => {
        const mapping = mappingOf({ create_signals: true, create_assets: true, time: 'at', wide: '*' })
        const made = await load(
          app,
          `target=measurements&file_name=made.csv&${mapping}`,
          'at,m-u,m-v\n2026-01-10,1,2\n',
        )
        assert.deepEqual(counts(made), [2, 0, 0, 0])
        const later = await readings({ id: 'm-v' }, { 11: 3 })

        assert.deepEqual(await undo(made), [2, 0])
        assert.equal((await app.get('/signals/m-u')).status, 404)
        assert.deepEqual(await stored({ id: 'm-v' }), [['11', 3]])
        assert.deepEqual(await undo(later), [1, 0])
      },
    )

    await t.test('rows of a dataset go, or are as before; without a key all of them go', async () => {
      const columns = [
        { name: 'day', type: 'date', required: true },
        { name: 'trips', type: 'integer' },
      ]
      await app.post('/datasets', { name: 'keyed', columns, unique_key: ['day'] })
      const rows = async (dataset: string) =>
        (await app.get(`/datasets/${dataset}/rows`)).body.items.map(
          ({ day, trips }: Record<string, unknown>) => [day, trips],
        )
      const first = await load(app, 'target=dataset:keyed', 'day,trips\n2026-01-10,1\n2026-01-11,2\n')
      const second = await load(app, 'target=dataset:keyed', 'day,trips\n2026-01-11,20\n2026-01-12,3\n')

      assert.deepEqual(await undo(first), [1, 0])
      assert.deepEqual(await rows('keyed'), [
        ['2026-01-11', 20],
        ['2026-01-12', 3],
      ])
      await app.post('/datasets/keyed/rows', [{ day: '2026-01-12', trips: 4 }])
      assert.deepEqual(await undo(second), [1, 0])
      assert.deepEqual(await rows('keyed'), [['2026-01-12', 4]])

      const free = await load(app, 'target=dataset:free', 'day,trips\n2026-01-10,1\n2026-01-10,1\n')
      await app.post('/datasets/free/rows', [{ day: '2026-01-11', trips: 2 }])
      assert.deepEqual(await undo(free), [2, 0])
      assert.deepEqual(await rows('free'), [['2026-01-11', 2]])
      const gone = await load(app, 'target=dataset:free', 'day,trips\n2026-01-10,1\n')
      await app.delete('/datasets/free')
      assert.deepEqual(await undo(gone), [0, 0])
    })

    await t.test('rows that a replay mended are open again when it is undone', async () => {
      const signal = await givenSignal()
      const ended = await load(
        app,
        'target=measurements',
        `${HEADER}${signal.id},2026-01-10,x\n${signal.id},2026-01-11,1\n`,
      )
      const { body } = await app.post(`/loads/${ended.id}/rejects/replay`, {
        replace: [{ column: 'value', to: '5' }],
      })
      const replay = await app.loaded(body.id)
      assert.deepEqual(counts(replay), [1, 0, 0, 0])

      assert.deepEqual(await undo(replay), [1, 0])
      const [reject] = (await app.get(`/loads/${ended.id}/rejects`)).body.items
      assert.deepEqual([reject.state, reject.mended_raw, reject.mended_load_id], ['open', null, null])
      assert.deepEqual(await stored(signal), [['11', 1]])
      // Refused rows of a load stay listed when it is undone.
      assert.deepEqual(await undo(ended), [1, 0])
      assert.equal((await app.get(`/loads/${ended.id}/rejects`)).body.items.length, 1)
    })
  })
}
