// Each example loaded through the HTTP door as its README says, on every engine, and compared with figures that are
// worked out here from the files themselves.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import Value from 'typebox/value'
import { NewDataset } from '../contract/datasets.ts'
import type { Load } from '../contract/loads.ts'
import { Mapping } from '../contract/mapping.ts'
import type { MetricData } from '../contract/metrics.ts'
import type { Reject } from '../contract/rejects.ts'
import type { SignalStats } from '../contract/signals.ts'
import { ENGINES, type Running, startApp } from './harness.ts'

const EXAMPLES = new URL('../examples/', import.meta.url)
const NAMES = ['columns', 'metrics-board', 'power-grid', 'substations']

interface Reading {
  signal_id: string
  /** Milliseconds since 1970. */
  at: number
  value: number
}

function read(path: string): Buffer {
  return readFileSync(new URL(path, EXAMPLES))
}

function readJson(path: string): unknown {
  return JSON.parse(read(path).toString())
}

/** Sends a file as `curl -F` does, and waits until the load has ended. */
async function load(app: Running, target: string, [example, data, mapping]: string[]): Promise<Load> {
  const form = new FormData()
  form.set('target', target)
  form.set('mapping', read(`${example}/mappings/${mapping}`).toString())
  form.set('file', new Blob([new Uint8Array(read(`${example}/data/${data}`))]), data)
  const body = new Response(form)
  const answer = await app.post('/loads', Buffer.from(await body.arrayBuffer()), {
    'content-type': body.headers.get('content-type') ?? '',
  })
  assert.equal(answer.status, 202, answer.text)
  return app.loaded(answer.body.id)
}

function counts(load: Load): Record<string, number | string | null> {
  const { status, error, rows_read, rows_loaded, rows_rejected } = load
  return { status, error, rows_read, rows_loaded, rows_rejected }
}

async function refused(app: Running, load: Load): Promise<Pick<Reject, 'line' | 'column' | 'value'>[]> {
  const answer = await app.get(`/loads/${load.id}/rejects`)
  return answer.body.items.map(({ line, column, value, reason }: Reject) => {
    assert.ok(reason.length > 5)
    return { line, column, value }
  })
}

/** Count, mean, extremes, interpolated median and the sample's standard deviation, in plain arithmetic. */
function statistics(values: number[]) {
  const count = values.length
  const mean = values.reduce((sum, value) => sum + value, 0) / count
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  const sorted = values.toSorted((a, b) => a - b)
  const middle = (at: number): number => sorted[at] ?? Number.NaN
  const median = count % 2 === 1 ? middle((count - 1) / 2) : (middle(count / 2 - 1) + middle(count / 2)) / 2
  return {
    count,
    mean,
    min: middle(0),
    max: middle(count - 1),
    median,
    std_dev: Math.sqrt(squares / (count - 1)),
  }
}

function assertClose(actual: unknown, expected: number, what: string): void {
  const difference = Math.abs(Number(actual) - expected)
  assert.ok(
    difference <= 1e-9 * Math.max(1, Math.abs(expected)),
    `${what}: ${String(actual)} is not ${expected}`,
  )
}

/** Compares the statistics of every signal, over everything and over a range. */
async function assertStatistics(app: Running, readings: Reading[], range: [string, string]): Promise<void> {
  const [from, to] = range.map((text) => Date.parse(text)) as [number, number] // two texts give two numbers
  for (const [id, all] of Object.entries(Object.groupBy(readings, ({ signal_id }) => signal_id))) {
    const cases: [string, Reading[]][] = [
      [`/signals/${id}/stats`, all ?? []],
      [
        `/signals/${id}/stats?from=${encodeURIComponent(range[0])}&to=${encodeURIComponent(range[1])}`,
        (all ?? []).filter(({ at }) => at >= from && at < to),
      ],
    ]
    for (const [path, of] of cases) {
      const answer = await app.get(path)
      const stats: SignalStats = answer.body
      const expected = statistics(of.map(({ value }) => value))
      for (const [name, value] of Object.entries(expected)) {
        assertClose(stats[name as keyof typeof expected], value, `${name} of ${path}`) // keys of `expected`
      }
      const times = of.map(({ at }) => at)
      assert.equal(Date.parse(stats.first_at ?? ''), Math.min(...times))
      assert.equal(Date.parse(stats.last_at ?? ''), Math.max(...times))
    }
  }
}

test('every mapping of an example is one by the contract, and its README names every file', () => {
  for (const name of NAMES) {
    const readme = read(`${name}/README.md`).toString()
    for (const file of readdirSync(new URL(`${name}/mappings/`, EXAMPLES))) {
      const faults = Value.Errors(Mapping, readJson(`${name}/mappings/${file}`))
      assert.deepEqual(faults, [], `${name}/mappings/${file}`)
      assert.ok(readme.includes(`mapping=<mappings/${file}'`), `${name}/README.md lacks mappings/${file}`)
    }
    for (const file of readdirSync(new URL(`${name}/data/`, EXAMPLES))) {
      assert.ok(readme.includes(`file=@data/${file} `), `${name}/README.md lacks data/${file}`)
      assert.ok(read(`${name}/data/${file}`).length < 2_000_000)
    }
  }
  assert.ok(Value.Check(NewDataset, readJson('columns/dataset.json')))
  assert.ok(Value.Check(NewDataset, readJson('metrics-board/dataset.json')))
})

for (const [engine, open] of Object.entries(ENGINES)) {
  describe(`examples on ${engine}`, () => {
    test('columns: formulas over whole numbers are exact, row by row', async (t) => {
      const app = await startApp(t, open)
      await app.post('/datasets', readJson('columns/dataset.json'))

      const csv = await load(app, 'dataset:stats', ['columns', 'rows.csv', 'rows-csv.json'])
      const json = await load(app, 'dataset:stats', ['columns', 'rows.json', 'rows-json.json'])

      assert.deepEqual(counts(csv), done(1004, 4))
      assert.deepEqual(counts(json), done(50, 0))
      assert.deepEqual(await refused(app, csv), [
        { line: 102, column: 'column_3', value: 'three' },
        { line: 402, column: null, value: null },
        { line: 652, column: 'column_3', value: '4.5' },
        { line: 902, column: 'column_3', value: null },
      ])
      await assertFormulas(app, exampleRows())
    })

    test('metrics board: its queries run as they are written, and each oddity has its note', async (t) => {
      const app = await startApp(t, open)
      await app.post('/datasets', readJson('metrics-board/dataset.json'))
      const csv = await load(app, 'dataset:metrics', ['metrics-board', 'metric_data.csv', 'metric-data.json'])
      const queries = read('metrics-board/board/queries.csv').toString()
      const board = readJson('metrics-board/board/metrics.json')

      const imported = await app.post('/dashboards/import', { name: 'Pumping station', board, queries })

      assert.deepEqual(counts(csv), done(136, 2))
      assert.equal(imported.status, 201, imported.text)
      const ids = ['pump-energy', 'alarms-by-type', 'parts', 'level', 'approvals']
      assert.deepEqual(imported.body.metrics, ids)
      for (const oddity of [
        'query_id',
        'there twice with different queries',
        '7b60f2d9-gone',
        'static is null',
      ]) {
        assert.ok(
          imported.body.notes.some((note: string) => note.includes(oddity)),
          oddity,
        )
      }
      const many = await app.post('/metrics/query', { metrics: ids })
      const answers = many.body.items.map(({ data }: { data: MetricData }) => data.rows)
      assert.deepEqual(answers, boardAnswers())
      const level = await app.get('/metrics/level/data?from=2026-06-05&to=2026-06-08')
      assert.deepEqual(
        level.body.rows.map(([day]: [string]) => day),
        ['2026-06-05', '2026-06-06', '2026-06-07'],
      )
      const { panels } = (await app.get(`/dashboards/${imported.body.dashboard_id}`)).body
      assert.equal(panels.length, 5)
    })

    test('power grid: every reading finds its signal by component and type', async (t) => {
      const app = await startApp(t, open)

      const substations = await load(app, 'assets', ['power-grid', 'substations.csv', 'substations.json'])
      const components = await load(app, 'assets', ['power-grid', 'components.json', 'components.json'])
      const signals = await load(app, 'signals', ['power-grid', 'signals.csv', 'signals.json'])
      const csv = await load(app, 'measurements', [
        'power-grid',
        'measurements.csv.gz',
        'measurements-csv.json',
      ])
      const json = await load(app, 'measurements', [
        'power-grid',
        'measurements.json',
        'measurements-json.json',
      ])

      assert.deepEqual([substations, components, signals].map(counts), [done(3, 0), done(10, 0), done(30, 0)])
      assert.deepEqual(counts(csv), { ...done(3 * 288 * 30 + 7, 5), rows_loaded: 3 * 288 * 30 })
      assert.deepEqual([csv.rows_unchanged, csv.rows_updated], [1, 1])
      assert.deepEqual(counts(json), done(96 * 30 + 2, 2))
      assert.deepEqual(await refused(app, csv), [
        { line: 5002, column: 'component', value: 'harbour-t9' },
        { line: 9002, column: 'timestamp', value: '2026-06-31T00:00:00+02:00' },
        { line: 14_002, column: 'value', value: 'inf' },
        { line: 17_002, column: 'type', value: 'pressure' },
        { line: 21_002, column: 'value', value: '' },
      ])
      assert.deepEqual(await refused(app, json), [
        { line: 1001, column: 'value', value: '' },
        { line: 2001, column: 'timestamp', value: '2026-06-04 late' },
      ])
      await assertComponents(app)
      await assertStatistics(app, powerGridReadings(), [
        '2026-06-02T00:00:00+02:00',
        '2026-06-03T06:00:00+02:00',
      ])
    })

    test('substations: byte-order mark, bars and decimal commas are read as they come', async (t) => {
      const app = await startApp(t, open)

      const assets = await load(app, 'assets', ['substations', 'assets.json', 'assets.json'])
      const signals = await load(app, 'signals', ['substations', 'signal.json', 'signals.json'])
      const csv = await load(app, 'measurements', ['substations', 'measurements.csv', 'measurements.json'])

      const readings = substationReadings()
      assert.deepEqual([assets, signals].map(counts), [done(3, 0), done(5, 0)])
      assert.deepEqual(counts(csv), done(readings.length + 5, 5))
      assert.deepEqual(await refused(app, csv), [
        { line: 602, column: 'SignalId', value: '599999' },
        { line: 1802, column: 'MeasurementValue', value: 'n.v.' },
        { line: 3002, column: 'Ts', value: '2021-12-32 00:00:00.000' },
        { line: 4202, column: 'MeasurementValue', value: '' },
        { line: 5402, column: 'MeasurementValue', value: '1.098,31' },
      ])
      const site = await app.get('/assets/12')
      assert.deepEqual(
        [site.body.name, site.body.type, site.body.latitude, site.body.longitude],
        ['UW Kiesgrund', 'site', 47.2890711325, 8.6175340928],
      )
      await assertStatistics(app, readings, ['2021-12-25T00:00:00+01:00', '2021-12-27T12:00:00+01:00'])
    })
  })
}

function done(rows_read: number, rows_rejected: number) {
  return { status: 'done', error: null, rows_read, rows_loaded: rows_read - rows_rejected, rows_rejected }
}

type FiveNumbers = [number, number, number, number, number]

/** Rows of both files in order: five whole numbers each; the four others are refused. */
function exampleRows(): FiveNumbers[] {
  const csv = read('columns/data/rows.csv').toString().trimEnd().split('\n').slice(1)
  const fromCsv = csv
    .filter((line) => /^(-?\d+,){4}-?\d+$/.test(line))
    .map((line) => line.split(',').map(Number) as FiveNumbers) // the pattern has five
  const json = readJson('columns/data/rows.json') as { rows: Record<string, number>[] } // our own file
  return [...fromCsv, ...json.rows.map((row) => [row.c1, row.c2, row.c3, row.c4, row.c5] as FiveNumbers)]
}

async function assertFormulas(app: Running, rows: FiveNumbers[]): Promise<void> {
  assert.deepEqual(await firstThree(app, 'column_1 + column_2'), [3, 13, 23])
  assert.deepEqual(await firstThree(app, 'column_1 * column_3 * column_5'), [15, 480, 2145])
  const cases: [string, (row: FiveNumbers) => number | null][] = [
    ['column_1 + column_2', ([a, b]) => a + b],
    ['column_1 * column_3 * column_5', ([a, , c, , e]) => a * c * e],
    [
      'column_1 - column_2 / column_3 * column_4 + column_5',
      ([a, b, c, d, e]) => (c === 0 ? null : a - (b / c) * d + e),
    ],
    ['(column_1 - (column_2 + column_3)) * -column_4', ([a, b, c, d]) => (a - (b + c)) * -d],
  ]
  for (const [expression, compute] of cases) {
    const definition = { kind: 'formula', dataset: 'stats', expression }
    const answer = await app.post('/metrics/preview', { definition, limit: 1000 })
    assert.equal(answer.status, 200, answer.text)
    const data: MetricData = answer.body
    const expected = rows.map(compute)
    assert.deepEqual(data.rows.length, 1000)
    data.rows.forEach((row, index) => {
      const value = expected[index]
      if (value === null || value === undefined)
        assert.equal(row.at(-1), null, `row ${index} of ${expression}`)
      else assertClose(row.at(-1), value, `row ${index} of ${expression}`)
    })
  }
  for (const expression of ['column_1 +', 'not column_1', 'columns_1']) {
    const answer = await app.post('/metrics/preview', {
      definition: { kind: 'formula', dataset: 'stats', expression },
    })
    assert.equal(answer.status, 422, answer.text)
    assert.equal(typeof answer.body.position, 'number')
  }
}

async function firstThree(app: Running, expression: string): Promise<unknown[]> {
  const definition = { kind: 'formula', dataset: 'stats', expression }
  const answer = await app.post('/metrics/preview', { definition, limit: 3 })
  return answer.body.rows.map((row: unknown[]) => row.at(-1))
}

async function assertComponents(app: Running): Promise<void> {
  const { components } = readJson('power-grid/data/components.json') as {
    components: { component: string; type: string; name: string; substation: string; attributes: object }[]
  } // our own file
  for (const { component, type, name, substation, attributes } of components) {
    const { body } = await app.get(`/assets/${component}`)
    assert.deepEqual(
      [body.type, body.name, body.parent_id, body.attributes],
      [type, name, substation, attributes],
    )
  }
}

/** The last reading of each signal and time. */
function powerGridReadings(): Reading[] {
  const csv = gunzipSync(read('power-grid/data/measurements.csv.gz'))
    .toString()
    .trimEnd()
    .split('\n')
    .slice(1)
  const json = readJson('power-grid/data/measurements.json') as {
    measurements: { timestamp: string; component: string; type: string; value: number | null }[]
  } // our own file
  const rows = [
    ...csv.map((line) => line.split(',')),
    ...json.measurements.map((row) => [row.timestamp, row.component, row.type, String(row.value ?? '')]),
  ]
  const readings = rows.flatMap(([timestamp = '', component = '', type = '', value = '']) => {
    const isKnown = component !== 'harbour-t9' && type !== 'pressure'
    const isTime = /^2026-06-0[1-4]T/.test(timestamp)
    if (!isKnown || !isTime || !/^-?\d/.test(value)) return []
    return [{ signal_id: `${component}.${type}`, at: Date.parse(timestamp), value: Number(value) }]
  })
  return [...new Map(readings.map((reading) => [`${reading.signal_id} ${reading.at}`, reading])).values()]
}

/** Zurich was one hour ahead of UTC all through these days. */
function substationReadings(): Reading[] {
  const text = read('substations/data/measurements.csv').toString()
  assert.equal(text.charCodeAt(0), 0xfeff)
  return text
    .trimEnd()
    .split('\r\n')
    .slice(1)
    .flatMap((line) => {
      const [time = '', signal_id = '', value = ''] = line.split('|')
      const at = Date.parse(`${time.replace(' ', 'T')}+01:00`)
      if (signal_id === '599999' || Number.isNaN(at) || !/^-?\d+,\d+$/.test(value)) return []
      return [{ signal_id, at, value: Number(value.replace(',', '.')) }]
    })
}

/** What the five queries of the metrics board answer, row by row. */
function boardAnswers(): unknown[][] {
  const rows = read('metrics-board/data/metric_data.csv')
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => line.split(','))
    .filter((fields) => fields.length === 7)
  const of = (id: string) => rows.filter(([first]) => first === id)
  const countBy = (values: string[]) =>
    [...Map.groupBy(values, (value) => value)].map(([value, all]): [string, number] => [value, all.length])
  const inJune = (day = '') => day >= '2026-06-01' && day <= '2026-06-30'
  const alarms = countBy(of('alarms-by-type').flatMap(([, day, , kind = '']) => (inJune(day) ? [kind] : [])))
  const parts = of('parts')
    .map((fields) => Number(fields[4]))
    .filter((count) => count > 0)
  const total = parts.reduce((sum, count) => sum + count, 0)
  return [
    of('pump-energy').map(([, day, energy]) => [day, Number(energy)]),
    alarms.toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)),
    [[total, Math.round((total / parts.length) * 100) / 100]],
    of('level').flatMap(([, day = '', , , , level]) =>
      inJune(day) && day <= '2026-06-20' ? [[day, Number(level)]] : [],
    ),
    countBy(of('approvals').flatMap(([, day = '', , , , , kind]) => (kind === 'Need approval' ? [day] : []))),
  ]
}
