// Metrics of kind `sql` through the HTTP door: ranges, buckets, zones, parameters, rows, and what is refused.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ENGINES, type Running, startApp } from '../../../tests/harness.ts'

const ZONE = 'Europe/Berlin'
/** Through the night in which Berlin's clocks go forward, 2026-03-29 01:00 UTC. */
const ORDERS = [
  ['2026-03-28T22:30:00Z', '2026-03-28', 'north', 1, 10.5],
  ['2026-03-28T23:30:00Z', '2026-03-29', 'north', 2, 20],
  ['2026-03-29T21:30:00Z', '2026-03-29', 'south', 3, 30],
  ['2026-03-29T22:30:00Z', '2026-03-30', 'south', 4, null],
  [null, null, 'north', 5, 50],
]

async function givenOrders(app: Running): Promise<void> {
  const columns = [
    { name: 'ordered_at', type: 'timestamp' },
    { name: 'day', type: 'date' },
    { name: 'site', type: 'text' },
    { name: 'pieces', type: 'integer' },
    { name: 'price', type: 'number' },
  ]
  assert.equal((await app.post('/datasets', { name: 'orders', columns })).status, 201)
  const rows = ORDERS.map((row) => Object.fromEntries(columns.map(({ name }, index) => [name, row[index]])))
  assert.equal((await app.post('/datasets/orders/rows', rows)).status, 200)
}

async function givenMetric(
  app: Running,
  sql: string,
  more: object = {},
  definition: object = {},
): Promise<string> {
  const answer = await app.post('/metrics', {
    name: 'Orders',
    definition: { kind: 'sql', sql, ...definition },
    ...more,
  })
  assert.equal(answer.status, 201, answer.text)
  return `/metrics/${answer.body.id}/data`
}

const preview = (app: Running, sql: string, more: object = {}, definition: object = {}) =>
  app.post('/metrics/preview', { definition: { kind: 'sql', sql, ...definition }, ...more })

for (const [engine, open] of Object.entries(ENGINES)) {
  describe(`SQL metrics on ${engine}`, () => {
    test('a metric answers its columns with their types, in the order of its own', async (t) => {
      const app = await startApp(t, open)
      await givenOrders(app)
      const path = await givenMetric(
        app,
        `select ordered_at, day, site, pieces, price / 2 as half, pieces > 2 as many, interval '1' day as step
         from orders where pieces < 3 order by pieces desc`,
      )

      const { body } = await app.get(path)

      assert.deepEqual(
        body.columns.map(({ name, type }: { name: string; type: string }) => `${name} ${type}`),
        [
          'ordered_at timestamp',
          'day date',
          'site text',
          'pieces integer',
          'half number',
          'many boolean',
          'step text',
        ],
      )
      assert.deepEqual(body.rows, [
        ['2026-03-28T23:30:00Z', '2026-03-29', 'north', 2, 10, false, '1 day'],
        ['2026-03-28T22:30:00Z', '2026-03-28', 'north', 1, 5.25, false, '1 day'],
      ])
      assert.deepEqual(
        [body.version, body.next, body.truncated, body.from, body.bucket],
        [1, null, false, null, null],
      )
    })

    test('signals, assets and measurements are tables with names and units', async (t) => {
      const app = await startApp(t, open)
      await app.givenAsset({ id: 'a', name: 'Line 1', type: 'site' })
      await app.givenSignal({ id: 's', asset_id: 'a', unit: 'kV' })
      await app.post('/measurements', [{ signal_id: 's', measured_at: '2026-01-31T12:00:00Z', value: 110 }])

      const { body } = await preview(
        app,
        `select m.*, a.name, s.samples
         from measurements m join signals s on s.id = m.signal_id join assets a on a.id = m.asset_id`,
      )

      assert.deepEqual(body.rows, [['s', 'a', 'voltage', 'kV', '2026-01-31T12:00:00Z', 110, 'Line 1', 1]])
    })

    test('a query that does not name :from is narrowed by the time column: instants, and days of the zone', async (t) => {
      const app = await startApp(t, open)
      await givenOrders(app)
      const at = await givenMetric(app, 'select ordered_at, pieces from orders order by pieces', {
        time_column: 'ordered_at',
      })
      const day = await givenMetric(
        app,
        'select day, sum(pieces)::bigint as pieces from orders group by day order by day',
        {
          time_column: 'day',
        },
      )
      const local = await givenMetric(
        app,
        `select ordered_at at time zone :tz as local, pieces from orders order by 2`,
        {
          time_column: 'local',
        },
      )
      const whole = await givenMetric(app, 'select count(*) as orders from orders')
      const range = `?from=2026-03-29&to=2026-03-30&tz=${ZONE}`

      const answers = await Promise.all([at, day, local, whole].map((path) => app.get(path + range)))

      assert.deepEqual(answers[0]?.body.rows, [
        ['2026-03-28T23:30:00Z', 2],
        ['2026-03-29T21:30:00Z', 3],
      ])
      assert.deepEqual(answers[1]?.body.rows, [['2026-03-29', 5]])
      assert.deepEqual(answers[2]?.body.rows, answers[0]?.body.rows)
      assert.deepEqual(answers[0]?.body.from, '2026-03-28T23:00:00Z')
      assert.deepEqual(answers[0]?.body.to, '2026-03-29T22:00:00Z')
      // Neither :from nor a time column: answered whole, and said so.
      assert.deepEqual([answers[3]?.body.rows, answers[3]?.body.from], [[[5]], null])
      assert.equal((await app.get(`${at}?from=2026-03-29T12:00:00Z`)).body.rows.length, 2)
    })

    test('a query names the range, the bucket and the zone itself', async (t) => {
      const app = await startApp(t, open)
      await givenOrders(app)
      const path = await givenMetric(
        app,
        `select date_trunc(:bucket, ordered_at at time zone :tz) at time zone :tz as start, sum(pieces)::bigint as pieces
         from orders where ordered_at >= :from and ordered_at < :to
         group by 1 order by 1`,
      )

      const days = await app.get(`${path}?from=2026-03-28&to=2026-03-31&tz=${ZONE}&bucket=1d`)
      const months = await app.get(`${path}?tz=${ZONE}&bucket=1mo`)
      const auto = await app.get(`${path}?from=2026-03-28&to=2026-03-29&tz=${ZONE}&bucket=auto`)
      const odd = await app.get(`${path}?bucket=15m`)

      assert.deepEqual(days.body.rows, [
        ['2026-03-27T23:00:00Z', 1],
        ['2026-03-28T23:00:00Z', 5],
        ['2026-03-29T22:00:00Z', 4],
      ])
      assert.deepEqual([days.body.bucket, days.body.from], ['1d', '2026-03-27T23:00:00Z'])
      assert.deepEqual(months.body.rows, [['2026-02-28T23:00:00Z', 10]])
      assert.equal(auto.body.bucket, '1h')
      assert.deepEqual([odd.status, odd.body.errors[0].path], [422, '/bucket'])
    })

    test('declared parameters come from the address or the body, by type, with defaults', async (t) => {
      const app = await startApp(t, open)
      await givenOrders(app)
      const parameters = {
        site: { type: 'text', default: 'north' },
        least: { type: 'integer' },
        since: { type: 'timestamp', default: '2026-01-01' },
        open: { type: 'boolean', default: null },
      }
      const sql = `select pieces from orders
        where site = :site and pieces >= :least and (ordered_at >= :since or ordered_at is null) and :open is null
        order by pieces`
      const path = await givenMetric(app, sql, {}, { parameters })
      const id = path.split('/')[2] ?? ''

      assert.deepEqual((await app.get(`${path}?least=2`)).body.rows, [[2], [5]])
      assert.deepEqual((await app.get(`${path}?least=2&site=south`)).body.rows, [[3], [4]])
      assert.deepEqual((await app.get(`${path}?least=0&since=2026-03-28T23:00:00Z`)).body.rows, [[2], [5]])
      const many = await app.post('/metrics/query', {
        metrics: [{ id, parameters: { least: 4, site: 'south' } }, id, { id, parameters: { least: 5 } }],
      })
      assert.deepEqual(many.body.items[0].data.rows, [[4]])
      assert.deepEqual(many.body.items[1].problem.errors[0].path, '/least')
      assert.deepEqual(many.body.items[2].data.rows, [[5]])
      for (const query of ['', '?least=x', '?least=1.5', '?least=1&nothing=1', '?least=1&since=never']) {
        assert.equal((await app.get(path + query)).status, 422, query)
      }
      const stranger = await preview(app, 'select 1 as one', { parameters: { least: 1 } })
      assert.equal(stranger.status, 422)
      const wrong = await preview(
        app,
        sql,
        {},
        { parameters: { ...parameters, least: { type: 'integer', default: 'x' } } },
      )
      assert.equal(wrong.status, 422)
      assert.equal(
        (await preview(app, 'select :from', {}, { parameters: { from: { type: 'text' } } })).status,
        422,
      )
    })

    test('CSV has the same rows; a limit says whether there are more; cursors are refused', async (t) => {
      const app = await startApp(t, open)
      await givenOrders(app)
      const path = await givenMetric(app, `select pieces, '=' || site as site from orders order by pieces`)

      const csv = await app.get(`${path}?format=csv`)
      const some = await app.get(`${path}?limit=2`)
      const cursor = await app.get(`${path}?cursor=abc`)

      assert.equal(csv.text.split('\r\n').slice(0, 2).join('|'), "pieces,site|1,'=north")
      assert.deepEqual([some.body.rows.length, some.body.truncated, some.body.next], [2, true, null])
      assert.deepEqual([cursor.status, cursor.body.errors[0].path], [422, '/cursor'])
    })

    test('what cannot run is refused at once, with its line and column; a stored one that fails spoils no other', async (t) => {
      const app = await startApp(t, open)
      await givenOrders(app)
      const define = (sql: string, more: object = {}) =>
        app.post('/metrics', { name: 'M', definition: { kind: 'sql', sql }, ...more })

      const unknown = await define('select\n  piece\nfrom orders')
      const syntax = await define('select pieces\nfrm orders where')
      const time = await define('select pieces from orders', { time_column: 'ordered_at' })
      const good = (await define('select count(*) as orders from orders')).body.id
      const casts = (await define("select cast(site || '' as integer) as number from orders")).body.id
      const gone = (await define('select count(*) as rows from orders')).body.id
      const many = await app.post('/metrics/query', { metrics: [good, casts, gone, 'nobody'] })

      assert.deepEqual([unknown.status, unknown.body.line, unknown.body.column], [422, 2, 3])
      assert.match(unknown.body.type, /#sql_invalid$/)
      assert.deepEqual([syntax.status, syntax.body.line, syntax.body.column], [422, 2, 5])
      assert.deepEqual([time.status, time.body.errors[0].path], [422, '/time_column'])
      const problems = many.body.items.map(
        ({ problem }: { problem: { status: number } | null }) => problem?.status,
      )
      assert.deepEqual(problems, [undefined, 422, undefined, 404])
      await app.delete('/datasets/orders')
      const after = await app.get(`/metrics/${good}/data`)
      assert.match(after.body.detail, /no table "orders"/)
    })

    test('a dataset named by a word of SQL, with capitals and blanks of its own, is read in quotes', async (t) => {
      const app = await startApp(t, open)
      const columns = [
        { name: 'Group', type: 'text' },
        { name: 'order', type: 'integer' },
      ]
      assert.equal((await app.post('/datasets', { name: 'user', columns })).status, 201)
      await app.post('/datasets/user/rows', [{ Group: 'a', order: 1 }])

      const { body } = await preview(app, 'select "Group" as "the group", "order" from "user"')

      assert.deepEqual(body.rows, [['a', 1]])
      assert.equal(body.columns[0].name, 'the group')
    })

    test('users ask, managers define', async (t) => {
      const app = await startApp(t, open)
      const body = { name: 'M', definition: { kind: 'sql', sql: 'select 1 as one' } }

      const user = app.as('user')

      assert.equal((await user.post('/metrics', body)).status, 403)
      assert.equal((await user.post('/metrics/preview', { definition: body.definition })).status, 200)
    })
  })
}
