import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Definition } from '../../../contract/metrics.ts'
import { ENGINES, type Running, startApp } from '../../../tests/harness.ts'

const ROWS = [
  [1, 2, 3, 4, 5],
  [6, 7, 8, 9, 10],
  [11, 12, 13, 14, 15],
]

/** System A's table: five whole columns. */
async function givenStats(app: Running, rows: (number | null)[][] = ROWS): Promise<void> {
  const columns = [1, 2, 3, 4, 5].map((number) => ({ name: `column_${number}`, type: 'integer' }))
  assert.equal((await app.post('/datasets', { name: 'stats', columns })).status, 201)
  const objects = rows.map((row) =>
    Object.fromEntries(row.map((value, index) => [`column_${index + 1}`, value])),
  )
  assert.equal((await app.post('/datasets/stats/rows', objects)).status, 200)
}

/** Trades of three days with a time, a day, a text and a flag; the last has no time. */
async function givenTrades(app: Running): Promise<void> {
  const columns = [
    { name: 'traded_at', type: 'timestamp' },
    { name: 'day', type: 'date' },
    { name: 'price', type: 'number', unit: 'EUR' },
    { name: 'volume', type: 'integer' },
    { name: 'venue', type: 'text' },
    { name: 'firm', type: 'boolean' },
  ]
  const rows = [
    ['2026-03-28T23:30:00Z', '2026-03-29', 10, 1, 'north', true],
    ['2026-03-29T12:00:00Z', '2026-03-29', 20, 3, 'south', false],
    ['2026-03-29T22:30:00Z', '2026-03-30', 30, 0, 'north', true],
    ['2026-03-30T12:00:00Z', '2026-03-30', 50, 5, 'south', null],
    [null, null, 1000, 1, 'north', true],
  ]
  assert.equal((await app.post('/datasets', { name: 'trades', columns })).status, 201)
  const objects = rows.map((row) =>
    Object.fromEntries(row.map((value, index) => [columns[index]?.name, value])),
  )
  assert.equal((await app.post('/datasets/trades/rows', objects)).status, 200)
}

const overStats = (expression: string) => ({ kind: 'formula', dataset: 'stats', expression }) as const
const overTrades = (expression: string) => ({ kind: 'formula', dataset: 'trades', expression }) as const

async function preview(app: Running, definition: Definition, asked: object = {}) {
  const answer = await app.as('user').post('/metrics/preview', { definition, ...asked })
  assert.equal(answer.status, 200, answer.text)
  return answer.body
}

async function refusal(app: Running, definition: object, asked: object = {}) {
  const answer = await app.post('/metrics/preview', { definition, ...asked })
  assert.equal(answer.status, 422, answer.text)
  return answer.body
}

const values = (data: { rows: unknown[][]; columns: { name: string }[] }) => {
  const index = data.columns.findIndex(({ name }) => name === 'value')
  return data.rows.map((row) => row[index])
}

/** Two transformers and a line, with voltage and current; readings at a few instants of two days. */
async function givenGrid(app: Running): Promise<void> {
  const assets = [
    { id: 't1', type: 'transformer', name: 'T1', attributes: { capacity_mva: 40, voltage_kv: 110 } },
    { id: 't2', type: 'transformer', name: 'T2', attributes: { capacity_mva: 25, voltage_kv: 20 } },
    { id: 'l1', type: 'line', name: 'L1', attributes: { length_km: 4.5, voltage_kv: 110 } },
    { id: 'x1', type: 'site', name: 'X1', attributes: { code: '007' } },
  ]
  for (const asset of assets) assert.equal((await app.post('/assets', asset)).status, 201)
  const signals = [
    { id: 't1.v', asset_id: 't1', quantity: 'voltage', unit: 'kV' },
    { id: 't1.i', asset_id: 't1', quantity: 'current', unit: 'A' },
    { id: 't2.v', asset_id: 't2', quantity: 'voltage', unit: 'kV' },
    { id: 'l1.v', asset_id: 'l1', quantity: 'voltage', unit: 'kV' },
    { id: 'x1.v', asset_id: 'x1', quantity: 'voltage', unit: 'kV' },
    { id: 'silent', asset_id: 'l1', quantity: 'power', unit: 'MW' },
  ]
  for (const signal of signals) assert.equal((await app.post('/signals', signal)).status, 201)
  const readings = [
    ['t1.v', '2026-01-01T00:00:00Z', 110],
    ['t1.v', '2026-01-01T12:00:00Z', 112],
    ['t1.v', '2026-01-02T00:00:00Z', 114],
    ['t1.i', '2026-01-01T00:00:00Z', 100],
    ['t1.i', '2026-01-01T12:00:00Z', 200],
    ['t1.i', '2026-01-01T18:00:00Z', 0],
    ['t2.v', '2026-01-01T00:00:00Z', 20],
    ['l1.v', '2026-01-01T00:00:00Z', 108],
    ['l1.v', '2026-01-02T06:00:00Z', 109],
    ['x1.v', '2026-01-01T00:00:00Z', 1],
  ].map(([signal_id, measured_at, value]) => ({ signal_id, measured_at, value }))
  assert.equal((await app.post('/measurements', readings)).status, 200)
}

for (const [name, open] of Object.entries(ENGINES)) {
  describe(`metrics on ${name}`, () => {
    test('a metric is defined, listed, asked, replaced as its next version, and removed', async (t) => {
      const app = await startApp(t, open)
      await givenStats(app)
      const described = {
        name: 'Sum of two',
        unit: 'm',
        tags: ['demo', '50 %'],
        definition: overStats('column_1 + column_2'),
      }

      const made = await app.post('/metrics', { id: 'two', ...described })
      assert.equal(made.status, 201, made.text)
      assert.equal(made.headers.location, '/api/v1/metrics/two')
      assert.deepEqual(made.body, {
        id: 'two',
        ...described,
        description: '',
        format: '',
        time_column: null,
        version: 1,
        created_at: made.body.created_at,
        updated_at: made.body.created_at,
      })
      assert.equal((await app.post('/metrics', { id: 'two', ...described })).status, 409)
      const user = app.as('user')
      assert.deepEqual((await user.get('/metrics/two')).body, made.body)

      const data = await user.get('/metrics/two/data')
      assert.deepEqual(data.body, {
        metric_id: 'two',
        version: 1,
        from: null,
        to: null,
        bucket: null,
        tz: 'UTC',
        columns: [{ name: 'value', type: 'number', unit: 'm' }],
        rows: [[3], [13], [23]],
        next: null,
        division_by_zero: 0,
        computed_at: data.body.computed_at,
        cached: false,
        truncated: false,
      })

      const replaced = await app.put('/metrics/two', { ...described, definition: overStats('sum(column_1)') })
      assert.deepEqual([replaced.status, replaced.body.version], [200, 2])
      assert.deepEqual(values((await user.get('/metrics/two/data')).body), [18])

      for (const [method, path] of [
        ['POST', '/metrics'],
        ['PUT', '/metrics/two'],
        ['DELETE', '/metrics/two'],
      ] as const) {
        assert.equal((await user.request(method, path, { body: described })).status, 403)
      }
      assert.equal((await app.delete('/metrics/two')).status, 204)
      for (const path of ['/metrics/two', '/metrics/two/data', '/metrics/nowhere']) {
        assert.equal((await app.get(path)).status, 404)
      }
      assert.equal((await app.put('/metrics/two', described)).status, 404)
      assert.equal((await app.delete('/metrics/two')).status, 404)
    })

    test('the list is in pages, by words and by tag', async (t) => {
      const app = await startApp(t, open)
      await givenStats(app)
      for (const [id, tag] of [
        ['alpha', 'Grid'],
        ['beta', 'grid'],
        ['gamma_1', '50 %'],
        ['gamma2', 'a"b'],
      ] as const) {
        const body = { id, name: `Metric ${id}`, tags: [tag], definition: overStats('column_1') }
        assert.equal((await app.post('/metrics', body)).status, 201)
      }
      const ids = async (query: string) => {
        const { body } = await app.get(`/metrics?${query}`)
        return body.items.map((metric: { id: string }) => metric.id)
      }

      const first = await app.get('/metrics?limit=3')
      const second = await app.get(`/metrics?limit=3&cursor=${first.body.next}`)

      assert.deepEqual(
        [...first.body.items, ...second.body.items].map((metric): string => metric.id).sort(),
        ['alpha', 'beta', 'gamma2', 'gamma_1'],
      )
      assert.equal(second.body.next, null)
      assert.deepEqual((await ids('tag=grid')).sort(), ['alpha', 'beta'])
      assert.deepEqual(await ids(`tag=${encodeURIComponent('50 %')}`), ['gamma_1'])
      assert.deepEqual(await ids(`tag=${encodeURIComponent('a"b')}`), ['gamma2'])
      assert.deepEqual(await ids('tag=gri'), [])
      assert.deepEqual(await ids('q=METRIC%20BETA'), ['beta'])
      assert.deepEqual(await ids('q=gamma_'), ['gamma_1'])
      assert.deepEqual(await ids('q=%25'), [])
      assert.equal((await app.get('/metrics?cursor=nonsense')).status, 422)
    })

    test('a formula over columns has the values of the usual precedence', async (t) => {
      const app = await startApp(t, open)
      await givenStats(app)
      const cases: [string, number[]][] = [
        ['column_1 + column_2', [3, 13, 23]],
        ['column_1 * column_3 * column_5', [15, 480, 2145]],
        [
          'column_1 - column_2 / column_3 * column_4 + column_5',
          ROWS.map(([a = 0, b = 0, c = 0, d = 0, e = 0]) => a - (b / c) * d + e),
        ],
        [
          '(column_1 - column_2) / (column_3 * (column_4 + column_5))',
          ROWS.map(([a = 0, b = 0, c = 0, d = 0, e = 0]) => (a - b) / (c * (d + e))),
        ],
        ['-column_1 ^ 2', [-1, -36, -121]],
        ['column_5 > 5', [0, 1, 1]],
      ]

      for (const [expression, expected] of cases) {
        assert.deepEqual(values(await preview(app, overStats(expression))), expected, expression)
      }
    })

    test('what is no formula is refused with its place, when previewed and when stored', async (t) => {
      const app = await startApp(t, open)
      await givenStats(app)
      const cases: [string, number, number][] = [
        ['column_1 +', 10, 0],
        ['not column_1', 0, 3],
        ['1 + columns_1', 4, 9],
        ['__proto__.x', 9, 1],
        ['self reference / cycle a = b + 1, b = a + 1', 5, 9],
        ['column_1 - avg(column_2)', 0, 8],
      ]

      for (const [expression, position, length] of cases) {
        const definition = overStats(expression)
        const stored = await app.post('/metrics', { name: 'x', definition })
        for (const body of [await refusal(app, definition), stored.body]) {
          assert.equal(body.status, 422)
          assert.deepEqual([body.position, body.length], [position, length], expression)
          assert.equal(body.errors[0].path, '/definition/expression')
          assert.match(body.type, /formula_invalid/)
        }
      }
      assert.match((await refusal(app, overStats('columns_1'))).detail, /did you mean column_1/)
      assert.deepEqual((await app.get('/metrics')).body.items, [])
    })

    test('division by zero is null and is counted', async (t) => {
      const app = await startApp(t, open)
      await givenStats(app, [...ROWS, [1, 0, 0, null, 1], [1, 0, 1, 1, 1], [null, 1, 0, 1, 1]])

      const byRow = await preview(app, overStats('column_1 / column_3'))
      const ofAll = await preview(app, overStats('sum(column_1 / column_3) / (count(column_2) - 6)'))
      const avoided = await preview(app, overStats('if(column_3 = 0, 0, column_1 / column_3)'))

      assert.deepEqual(values(byRow), [1 / 3, 6 / 8, 11 / 13, null, 1, null])
      assert.equal(byRow.division_by_zero, 2)
      assert.deepEqual([values(ofAll), ofAll.division_by_zero], [[null], 3])
      assert.equal(avoided.division_by_zero, 0)
    })

    test('rows come in pages in the order of arrival', async (t) => {
      const app = await startApp(t, open)
      await givenStats(
        app,
        Array.from({ length: 1500 }, (_, index) => [index, 0, 0, 0, 0]),
      )
      await app.post('/metrics', { id: 'm', name: 'm', definition: overStats('column_1 * 2') })

      const first = await app.get('/metrics/m/data')
      const rest = await app.get(`/metrics/m/data?cursor=${first.body.next}&limit=600`)
      const csv = await app.get('/metrics/m/data?format=csv')

      assert.deepEqual(
        values(first.body),
        Array.from({ length: 1000 }, (_, index) => index * 2),
      )
      assert.equal(first.body.truncated, true)
      assert.deepEqual(
        values(rest.body),
        Array.from({ length: 500 }, (_, index) => 2000 + index * 2),
      )
      assert.deepEqual([rest.body.next, rest.body.truncated], [null, false])
      assert.match(String(csv.headers['content-type']), /^text\/csv/)
      assert.equal(csv.text.split('\r\n').length, 1502)
      assert.ok(csv.text.startsWith('value\r\n0\r\n2\r\n'))
    })

    test('a time column gives ranges and buckets in a zone', async (t) => {
      const app = await startApp(t, open)
      await givenTrades(app)
      const definition = overTrades('sum(price * volume) / sum(volume)')
      const asked = { time_column: 'traded_at', tz: 'Europe/Berlin' }

      const all = await preview(app, definition, asked)
      const daily = await preview(app, definition, { ...asked, bucket: '1d' })
      const cut = await preview(app, definition, {
        ...asked,
        bucket: '1d',
        from: '2026-03-29T13:00',
        to: '2026-03-31',
      })
      const rows = await preview(app, overTrades('price'), { ...asked, from: '2026-03-29', to: '2026-03-30' })

      assert.deepEqual(values(all), [(10 + 60 + 250 + 1000) / 10])
      assert.deepEqual(daily.rows, [
        ['2026-03-28T23:00:00Z', 17.5, 2, true],
        ['2026-03-29T22:00:00Z', 50, 2, true],
      ])
      assert.deepEqual([daily.from, daily.to], ['2026-03-28T23:30:00Z', '2026-03-30T12:00:00.000001Z'])
      assert.deepEqual(cut.rows, [
        ['2026-03-28T23:00:00Z', 20, 1, true],
        ['2026-03-29T22:00:00Z', 50, 2, false],
      ])
      assert.deepEqual(rows.rows, [
        ['2026-03-28T23:30:00Z', 10],
        ['2026-03-29T12:00:00Z', 20],
      ])
      assert.deepEqual(
        rows.columns.map(({ name, type }: { name: string; type: string }) => [name, type]),
        [
          ['traded_at', 'timestamp'],
          ['value', 'number'],
        ],
      )
    })

    test('a column of dates is on the calendar of the zone, wherever that is', async (t) => {
      const app = await startApp(t, open)
      await givenTrades(app)

      for (const tz of ['Asia/Kathmandu', 'America/New_York', 'Europe/Berlin']) {
        const asked = { time_column: 'day', tz, bucket: '1d' }
        const all = await preview(app, overTrades('sum(price)'), asked)
        const one = await preview(app, overTrades('sum(price)'), {
          ...asked,
          from: '2026-03-30',
          to: '2026-03-31',
        })
        const rows = await preview(app, overTrades('volume'), { time_column: 'day', tz, to: '2026-03-30' })

        assert.deepEqual(values(all), [30, 80], tz)
        assert.deepEqual(one.rows, [[one.from, 80, 2, false]], tz)
        assert.deepEqual(rows.rows, [
          ['2026-03-29', 1],
          ['2026-03-29', 3],
        ])
      }
    })

    test('first, last, delta and rate go by time where there is one', async (t) => {
      const app = await startApp(t, open)
      await givenTrades(app)
      const timed = { time_column: 'traded_at' }

      assert.deepEqual(values(await preview(app, overTrades('last(price)'))), [1000])
      assert.deepEqual(values(await preview(app, overTrades('last(price)'), timed)), [50])
      assert.deepEqual(values(await preview(app, overTrades('delta(price)'), timed)), [40])
      assert.deepEqual(values(await preview(app, overTrades('rate(price) * 3600'), timed)), [
        (40 / (36.5 * 3600)) * 3600,
      ])
      assert.deepEqual(values(await preview(app, overTrades('sum(firm)'))), [3])
    })

    test('what does not fit a dataset is refused', async (t) => {
      const app = await startApp(t, open)
      await givenTrades(app)
      const cases: [definition: object, asked: object, path: string, message: RegExp][] = [
        [{ kind: 'formula', dataset: 'none', expression: '1' }, {}, '/definition/dataset', /no dataset none/],
        [overTrades('price'), { from: 'now-1d' }, '/time_column', /needs a time_column/],
        [overTrades('avg(price)'), { bucket: '1d' }, '/time_column', /needs a time_column/],
        [overTrades('price'), { time_column: 'traded_at', bucket: '1d' }, '/bucket', /needs an aggregate/],
        [overTrades('price'), { time_column: 'venue' }, '/time_column', /is a text/],
        [overTrades('price'), { time_column: 'nothing' }, '/time_column', /no column "nothing"/],
        [overTrades('venue'), {}, '/definition/expression', /venue is a text/],
        [overTrades('rate(price)'), {}, '/definition/expression', /needs the time_column/],
        [overTrades('price'), { tz: 'Mars/Base' }, '/tz', /IANA/],
        [overTrades('price'), { time_column: 'traded_at', from: '2026-02-30' }, '/from', /28 days/],
        [
          overTrades('avg(price)'),
          { time_column: 'traded_at', bucket: '1s', from: '2016-01-01', to: '2026-01-01' },
          '',
          /10 000/,
        ],
      ]

      for (const [definition, asked, path, message] of cases) {
        const body = await refusal(app, definition, asked)
        if (path !== '') assert.equal(body.errors[0].path, path)
        assert.match(body.detail, message)
      }
    })

    test('signals are aggregated over all, by group and by bucket', async (t) => {
      const app = await startApp(t, open)
      await givenGrid(app)
      const voltage = { kind: 'signal', quantity: 'voltage', aggregate: 'mean' } as const

      const all = await preview(app, voltage)
      const byType = await preview(app, { ...voltage, group_by: ['asset_type'] })
      const byLevel = await preview(app, { ...voltage, group_by: ['attribute.voltage_kv', 'asset'] })
      const byCode = await preview(app, { ...voltage, asset_type: 'site', group_by: ['attribute.code'] })
      const daily = await preview(app, { ...voltage, group_by: ['asset_type'] }, { bucket: '1d' })

      const total = 110 + 112 + 114 + 20 + 108 + 109 + 1
      assert.deepEqual(all.rows, [[total / 7, 7]])
      assert.deepEqual([all.from, all.to], ['2026-01-01T00:00:00Z', '2026-01-02T06:00:00.000001Z'])
      assert.deepEqual(byType.rows, [
        ['line', 108.5, 2],
        ['site', 1, 1],
        ['transformer', 89, 4],
      ])
      assert.deepEqual(byLevel.rows, [
        [20, 't2', 20, 1],
        [110, 'l1', 108.5, 2],
        [110, 't1', 112, 3],
        [null, 'x1', 1, 1],
      ])
      assert.deepEqual(
        byLevel.columns.map(({ type }: { type: string }) => type),
        ['number', 'text', 'number', 'integer'],
      )
      assert.deepEqual(byCode.rows, [['007', 1, 1]])
      assert.deepEqual(daily.rows, [
        ['2026-01-01T00:00:00Z', 'line', 108, 1, false],
        ['2026-01-01T00:00:00Z', 'site', 1, 1, false],
        ['2026-01-01T00:00:00Z', 'transformer', 242 / 3, 3, false],
        ['2026-01-02T00:00:00Z', 'line', 109, 1, true],
        ['2026-01-02T00:00:00Z', 'transformer', 114, 1, true],
      ])
      assert.deepEqual(
        daily.columns.map(({ name }: { name: string }) => name),
        ['bucket_start', 'asset_type', 'value', 'samples', 'partial'],
      )
    })

    test('each aggregate of signals is right for one and for several', async (t) => {
      const app = await startApp(t, open)
      await givenGrid(app)
      const range = { from: '2026-01-01', to: '2026-01-02' }
      const cases: [Extract<Definition, { kind: 'signal' }>['aggregate'], one: number, many: number][] = [
        ['mean', 111, 87.5],
        ['sum', 222, 350],
        ['min', 110, 20],
        ['max', 112, 112],
        ['count', 2, 4],
        ['first', 110, 110],
        ['last', 112, 112],
      ]

      for (const [aggregate, one, many] of cases) {
        const single = await preview(app, { kind: 'signal', signal_ids: ['t1.v'], aggregate }, range)
        const several = await preview(
          app,
          { kind: 'signal', signal_ids: ['t1.v', 't2.v', 'l1.v'], aggregate },
          range,
        )
        assert.deepEqual(single.rows, [[one, 2]], aggregate)
        assert.deepEqual(several.rows, [[many, 4]], aggregate)
      }
    })

    test('no measurement gives no value', async (t) => {
      const app = await startApp(t, open)
      await givenGrid(app)
      const silent: Definition = { kind: 'signal', signal_ids: ['silent'], aggregate: 'mean' }

      const all = await preview(app, silent)
      const count = await preview(app, { ...silent, aggregate: 'count' })
      const bucketed = await preview(app, silent, { bucket: '1h' })
      const later = await preview(
        app,
        { ...silent, signal_ids: ['t1.v'] },
        { from: '2030-01-01', bucket: 'auto' },
      )
      const formula = await preview(app, { kind: 'formula', expression: 'avg(p)', signals: { p: 'silent' } })
      const none = await preview(app, { kind: 'formula', expression: 'p * 2', signals: { p: 'silent' } })

      assert.deepEqual([all.rows, all.from, all.to], [[[null, 0]], null, null])
      assert.deepEqual(count.rows, [[0, 0]])
      assert.deepEqual(bucketed.rows, [])
      assert.deepEqual(later.rows, [])
      assert.deepEqual(formula.rows, [[null, 0]])
      assert.deepEqual(none.rows, [])
    })

    test('a formula over signals meets them in buckets, and instant by instant within aggregates', async (t) => {
      const app = await startApp(t, open)
      await givenGrid(app)
      const signals = { v: 't1.v', i: 't1.i' }
      const of = (expression: string) => ({ kind: 'formula', expression, signals }) as const

      const means = await preview(app, of('v * i'), { bucket: '1d' })
      const auto = await preview(app, of('v + 0'))
      const together = await preview(app, of('sum(v * i)'))
      const spread = await preview(app, of('max(v) - min(v) + count(i)'), { bucket: '1d' })
      const resistance = await preview(app, of('avg(v / i)'), { bucket: '1d' })
      const change = await preview(app, of('rate(v) * 3600 + delta(i)'), { to: '2026-01-02' })
      const clipped = await preview(app, of('max(max(0, 113 - v))'))

      assert.deepEqual(means.rows, [
        ['2026-01-01T00:00:00Z', 111 * 100, 5, false],
        ['2026-01-02T00:00:00Z', null, 1, true],
      ])
      assert.deepEqual([auto.bucket, values(auto)], ['5m', [110, 112, 114]])
      assert.deepEqual(together.rows, [[110 * 100 + 112 * 200, 6]])
      assert.deepEqual(values(spread), [5, 0])
      assert.deepEqual(values(resistance), [(110 / 100 + 112 / 200) / 2, null])
      assert.equal(resistance.division_by_zero, 1)
      assert.deepEqual(values(change), [2 / 12 - 100])
      assert.deepEqual(clipped.rows, [[3, 3]])
    })

    test('definitions that name what is not there are refused', async (t) => {
      const app = await startApp(t, open)
      await givenGrid(app)
      const cases: [definition: object, path: string][] = [
        [{ kind: 'signal', signal_ids: ['t1.v', 'gone'], aggregate: 'mean' }, '/definition/signal_ids/1'],
        [{ kind: 'signal', asset_ids: ['gone'], aggregate: 'mean' }, '/definition/asset_ids/0'],
        [{ kind: 'signal', asset_type: 'gone', aggregate: 'mean' }, '/definition/asset_type'],
        [{ kind: 'formula', expression: 'v', signals: { v: 'gone' } }, '/definition/signals/v'],
        [{ kind: 'formula', expression: 'w', signals: { v: 't1.v' } }, '/definition/expression'],
        [{ kind: 'formula', expression: '1 + 1', signals: { v: 't1.v' } }, '/definition/expression'],
      ]

      for (const [definition, path] of cases) {
        const answer = await app.post('/metrics', { name: 'x', definition })
        assert.equal(answer.status, 422, answer.text)
        assert.equal(answer.body.errors[0].path, path)
      }
      const timed = {
        name: 'x',
        time_column: 'measured_at',
        definition: { kind: 'signal', aggregate: 'mean' },
      }
      assert.equal((await app.post('/metrics', timed)).body.errors[0].path, '/time_column')
    })

    test('a metric whose signal was removed says so', async (t) => {
      const app = await startApp(t, open)
      await givenGrid(app)
      const definition = { kind: 'signal', signal_ids: ['t2.v'], aggregate: 'mean' }
      await app.post('/metrics', { id: 'm', name: 'm', definition })
      assert.equal((await app.delete('/signals/t2.v?cascade=true')).status, 200)

      const answer = await app.get('/metrics/m/data')

      assert.equal(answer.status, 422)
      assert.match(answer.body.detail, /no signal "t2.v"/)
    })

    test('many at once answer each on its own', async (t) => {
      const app = await startApp(t, open)
      await givenGrid(app)
      const voltage = { name: 'v', definition: { kind: 'signal', quantity: 'voltage', aggregate: 'max' } }
      const power = {
        name: 'p',
        definition: { kind: 'formula', expression: 'avg(v * i)', signals: { v: 't1.v', i: 't1.i' } },
      }
      await app.post('/metrics', { id: 'voltage', ...voltage })
      await app.post('/metrics', { id: 'power', ...power })

      const asked = { from: '2026-01-01', to: '2026-01-02', bucket: '1d' }
      const answer = await app
        .as('user')
        .post('/metrics/query', { metrics: ['voltage', 'gone', 'power', 'voltage'], ...asked })
      const wrong = await app.post('/metrics/query', { metrics: ['voltage'], from: 'yesterday' })

      assert.equal(answer.status, 200, answer.text)
      const [first, second, third, fourth] = answer.body.items
      assert.deepEqual(first.data.rows, [['2026-01-01T00:00:00Z', 112, 5, false]])
      assert.deepEqual([first.problem, second.data], [null, null])
      assert.deepEqual([second.problem.status, second.problem.instance], [404, '/api/v1/metrics/gone/data'])
      assert.deepEqual(values(third.data), [(11000 + 22400) / 2])
      assert.deepEqual(fourth.data.rows, first.data.rows)
      assert.equal(wrong.status, 422)
    })

    test('answers of buckets and groups come in pages, and as harmless CSV', async (t) => {
      const app = await startApp(t, open)
      await givenGrid(app)
      await app.patch('/assets/x1', { attributes: { code: '=1+1' } })
      const definition = {
        kind: 'signal',
        quantity: 'voltage',
        aggregate: 'max',
        group_by: ['attribute.code', 'signal'],
      }
      await app.post('/metrics', { id: 'm', name: 'm', unit: 'kV', definition })

      const first = await app.get('/metrics/m/data?bucket=1d&limit=4')
      const rest = await app.get(`/metrics/m/data?bucket=1d&limit=4&cursor=${first.body.next}`)
      const csv = await app.get('/metrics/m/data?format=csv')

      assert.deepEqual([first.body.rows.length, first.body.truncated], [4, true])
      assert.deepEqual([rest.body.rows.length, rest.body.truncated], [2, false])
      assert.equal(
        csv.text,
        "attribute.code,signal,value,samples\r\n'=1+1,x1.v,1,1\r\n,l1.v,109,2\r\n,t1.v,114,3\r\n,t2.v,20,1\r\n",
      )
    })
  })
}
