import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ENGINES, startApp } from '../../../tests/harness.ts'

const BOARD = {
  name: 'Grid',
  panels: [
    { i: 'load', title: 'Load', type: 'stat', metric_id: 'not-there-yet' },
    { i: 'lines', title: 'Lines', type: 'line', signal_ids: ['s'] },
  ],
  layouts: { lg: [{ i: 'load', x: 0, y: 0, w: 3, h: 2 }], md: [{ i: 'lines', x: 0, y: 0, w: 12, h: 4 }] },
}

for (const [name, open] of Object.entries(ENGINES)) {
  describe(`dashboards on ${name}`, () => {
    test('a dashboard is made, listed, replaced as its next version, and deleted', async (t) => {
      const app = await startApp(t, open)

      const made = await app.post('/dashboards', { id: 'grid', ...BOARD })
      assert.equal(made.status, 201)
      assert.deepEqual(made.body, {
        id: 'grid',
        ...BOARD,
        default_from: 'now-24h',
        default_to: 'now',
        tz: null,
        version: 1,
        created_at: made.body.created_at,
        updated_at: made.body.created_at,
      })
      assert.deepEqual((await app.get('/dashboards/grid')).body, made.body)
      assert.deepEqual((await app.get('/dashboards')).body, { items: [made.body], next: null })
      assert.equal((await app.post('/dashboards', { id: 'grid', ...BOARD })).status, 409)

      const replaced = await app.put('/dashboards/grid', { ...BOARD, name: 'Net', tz: 'Europe/Berlin' })
      assert.deepEqual(
        [replaced.body.version, replaced.body.name, replaced.body.tz],
        [2, 'Net', 'Europe/Berlin'],
      )
      assert.equal(replaced.body.created_at, made.body.created_at)

      assert.equal((await app.delete('/dashboards/grid')).status, 204)
      for (const answer of [
        await app.get('/dashboards/grid'),
        await app.delete('/dashboards/grid'),
        await app.put('/dashboards/grid', BOARD),
      ]) {
        assert.equal(answer.status, 404)
      }
    })

    test('lists come in pages in the order in which dashboards were made', async (t) => {
      const app = await startApp(t, open)
      const ids: string[] = []
      for (const number of [1, 2, 3])
        ids.push((await app.post('/dashboards', { ...BOARD, name: `${number}` })).body.id)

      const first = (await app.get('/dashboards?limit=2')).body
      const second = (await app.get(`/dashboards?limit=2&cursor=${first.next}`)).body

      const listed = [...first.items, ...second.items].map(({ id }: { id: string }) => id)
      assert.deepEqual(listed.toSorted(), ids.toSorted())
      assert.equal(second.next, null)
    })

    test('panels, layouts and the default range are checked', async (t) => {
      const app = await startApp(t, open)
      const [panel, line] = BOARD.panels
      const place = { x: 0, y: 0, w: 1, h: 1 }
      const refused: [object, string][] = [
        [{ panels: [panel, panel], layouts: { lg: [] } }, '/panels/1/i'],
        [{ layouts: { lg: [{ i: 'gone', ...place }] } }, '/layouts/lg/0/i'],
        [
          {
            layouts: {
              lg: [
                { i: 'load', ...place },
                { i: 'load', ...place },
              ],
            },
          },
          '/layouts/lg/1/i',
        ],
        [{ panels: [panel, { ...line, signal_ids: undefined }] }, '/panels/1'],
      ]

      for (const [change, path] of refused) {
        const answer = await app.post('/dashboards', { ...BOARD, ...change })
        assert.equal(answer.status, 422)
        assert.deepEqual(
          answer.body.errors.map((fault: { path: string }) => fault.path),
          [path],
        )
      }
      assert.equal((await app.post('/dashboards', { ...BOARD, default_from: 'soon' })).status, 422)
      assert.equal((await app.post('/dashboards', { ...BOARD, tz: 'Mars/Olympus' })).status, 422)
    })

    test('users read, managers write', async (t) => {
      const app = await startApp(t, open)
      await app.post('/dashboards', { id: 'grid', ...BOARD })
      const user = app.as('user')

      assert.equal((await user.get('/dashboards/grid')).status, 200)
      assert.equal((await user.post('/dashboards', BOARD)).status, 403)
      assert.equal((await user.put('/dashboards/grid', BOARD)).status, 403)
      assert.equal((await user.delete('/dashboards/grid')).status, 403)
    })
  })
}
