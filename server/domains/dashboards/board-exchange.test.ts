// Boards of other programs: imported with a note for each oddity, exported, and imported again.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ENGINES, type Running, startApp } from '../../../tests/harness.ts'

const PLACE = { x: 0, y: 0, w: 4, h: 5, static: false }
const BOARD = {
  items: [
    { id: 'p1', queryId: 'q1', isEditable: true },
    { id: 'p2', query_id: 'q2', isEditable: true },
    { id: 'p3', queryId: 'q1' },
    { id: 'p3', queryId: 'q2' },
    { id: 'p4', queryId: 'nobody' },
    { id: 'p5', queryId: 'bad' },
    { queryId: 'q1' },
  ],
  layouts: {
    lg: [
      { i: 'p1', ...PLACE },
      { i: 'p2', ...PLACE, x: 4, w: 20, static: true },
      { i: 'p3', ...PLACE, y: 5 },
      { i: 'stranger', ...PLACE },
    ],
    md: [{ i: 'p1', ...PLACE, static: null, y: 9_999_999 }],
    xxs: [],
  },
}
const QUERIES = `id,query
q1,"-- Pieces a day
select day, sum(pieces) as pieces
from orders
group by day
order by day"
q2,select count(*) as orders from orders
q2,select 1
bad,select * from secrets
,select 1
`

async function givenOrders(app: Running): Promise<void> {
  const columns = [
    { name: 'day', type: 'date' },
    { name: 'pieces', type: 'integer' },
  ]
  assert.equal((await app.post('/datasets', { name: 'orders', columns })).status, 201)
  await app.post('/datasets/orders/rows', [
    { day: '2025-06-01', pieces: 1 },
    { day: '2025-06-02', pieces: 2 },
  ])
}

for (const [engine, open] of Object.entries(ENGINES)) {
  describe(`boards on ${engine}`, () => {
    test('queries become metrics and items panels; each oddity is mended or left out with a note', async (t) => {
      const app = await startApp(t, open)
      await givenOrders(app)

      const answer = await app.post('/dashboards/import', { name: 'Orders', board: BOARD, queries: QUERIES })

      assert.equal(answer.status, 201, answer.text)
      assert.deepEqual(answer.body.metrics, ['q1', 'q2'])
      const expected = [
        /q2 is there twice with different SQL/,
        /Query 5 has no id/,
        /bad cannot run .*Line 1, column 15: There is no table "secrets"/,
        /isEditable/,
        /p2 spells queryId as query_id/,
        /p3 is there twice with different queries; the one with q2 became p3-2/,
        /p4 shows the query nobody/,
        /p5 shows the query bad/,
        /Item 7 has no id/,
        /xxs/,
        /lg, place 4 is for stranger/,
        /lg, the place of p2 was mended: x 4 became 0, w 20 became 12/,
        /lg, p3-2 had no place/,
        /md, static is null in 1 places/,
        /md, the place of p1 was mended: y 9999999 became 1000/,
        /md, p2 had no place/,
        /md, p3 had no place/,
        /md, p3-2 had no place/,
      ]
      const notes: string[] = answer.body.notes
      for (const pattern of expected)
        assert.equal(notes.filter((note) => pattern.test(note)).length, 1, String(pattern))
      assert.equal(notes.length, expected.length)
      const dashboard = (await app.get(`/dashboards/${answer.body.dashboard_id}`)).body
      assert.equal(dashboard.name, 'Orders')
      assert.deepEqual(
        dashboard.panels.map(({ i, title, metric_id }: Record<string, string>) => [i, title, metric_id]),
        [
          ['p1', 'Pieces a day', 'q1'],
          ['p2', 'q2', 'q2'],
          ['p3', 'Pieces a day', 'q1'],
          ['p3-2', 'q2', 'q2'],
        ],
      )
    })

    test('each metric runs by the id of its query, and a range narrows what gives a day', async (t) => {
      const app = await startApp(t, open)
      await givenOrders(app)
      await app.post('/dashboards/import', { board: BOARD, queries: QUERIES })

      assert.deepEqual((await app.get('/metrics/q1/data')).body.rows, [
        ['2025-06-01', 1],
        ['2025-06-02', 2],
      ])
      assert.deepEqual((await app.get('/metrics/q1/data?from=2025-06-02')).body.rows, [['2025-06-02', 2]])
      assert.equal((await app.get('/metrics/q1')).body.time_column, 'day')
      assert.equal((await app.get('/metrics/bad/data')).status, 404)
    })

    test('what was exported is imported again as it was, with a note for the metrics that are there', async (t) => {
      const app = await startApp(t, open)
      await givenOrders(app)
      const first = (await app.post('/dashboards/import', { name: 'Orders', board: BOARD, queries: QUERIES }))
        .body
      const exported = (await app.get(`/dashboards/${first.dashboard_id}/export`)).body

      const { name, board, queries } = exported
      const second = (await app.post('/dashboards/import', { name, board, queries })).body

      assert.deepEqual(exported.notes, [])
      assert.match(queries, /^id,query\n"q1","-- Pieces a day\n/)
      assert.deepEqual(second.metrics, ['q1', 'q2'])
      assert.ok(second.notes.every((note: string) => /was there already, with the same SQL/.test(note)))
      const [one, two] = [first, second].map(({ dashboard_id }) => app.get(`/dashboards/${dashboard_id}`))
      const { panels, layouts } = (await one)?.body ?? {}
      assert.deepEqual(
        { panels, layouts },
        { panels: (await two)?.body.panels, layouts: (await two)?.body.layouts },
      )
      assert.equal((await app.get('/metrics/q1')).body.version, 1)
    })

    test('a board of which nothing can be shown, or whose queries are no CSV, is refused; users may not', async (t) => {
      const app = await startApp(t, open)

      const nothing = await app.post('/dashboards/import', { board: BOARD, queries: QUERIES })
      const noCsv = await app.post('/dashboards/import', { board: BOARD, queries: 'a,b\n1,2' })
      const open2 = await app.post('/dashboards/import', { board: BOARD, queries: 'id,query\n"q1,select' })
      const user = await app.as('user').post('/dashboards/import', { board: BOARD, queries: QUERIES })

      assert.equal(nothing.status, 422)
      assert.match(JSON.stringify(nothing.body.errors), /secrets|orders/)
      assert.deepEqual([noCsv.status, noCsv.body.errors[0].path], [422, '/queries'])
      assert.equal(open2.status, 422)
      assert.equal(user.status, 403)
      assert.deepEqual((await app.get('/dashboards')).body.items, [])
    })
  })
}
