// What a preview says is what a load then does: each file is looked at, and loaded with the mapping that was guessed.

import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import type { LoadPreview } from '../../../contract/loads.ts'
import { ENGINES, type Running, startApp } from '../../../tests/harness.ts'
import { CSV, FORM, form, load, mappingOf } from '../../../tests/sent-files.ts'

const OPAQUE = { 'content-type': 'application/octet-stream' }
const REFUSED = 'a load would be refused: '
const EXAMPLES = new URL('../../../examples/', import.meta.url)

async function preview(app: Running, name: string, file: string | Buffer, query = ''): Promise<LoadPreview> {
  const answer = await app.post(`/loads/preview?file_name=${encodeURIComponent(name)}${query}`, file, OPAQUE)
  assert.equal(answer.status, 200, answer.text)
  const { rows_read, accepted, rejected_count } = answer.body
  assert.equal(rows_read, accepted + rejected_count)
  return answer.body
}

/** Looks at a file, loads it as it was guessed, and holds the two against each other. */
async function previewAndLoad(app: Running, name: string, file: string | Buffer): Promise<LoadPreview> {
  const seen = await preview(app, name, file)
  const { target, mapping, whole } = seen
  const query = `target=${target}&file_name=${encodeURIComponent(name)}&${mappingOf(mapping)}`
  const loaded = await load(app, query, file, OPAQUE)
  const refusal = seen.notes.find((note) => note.startsWith(REFUSED))?.slice(REFUSED.length)
  if (refusal !== undefined) {
    assert.deepEqual([loaded.status, loaded.error, seen.rows_read], ['failed', refusal, 0])
    return seen
  }
  assert.equal(loaded.status, 'done', `${name}: ${loaded.error}`)
  assert.ok(whole)
  assert.deepEqual(
    [name, loaded.rows_read, loaded.rows_rejected],
    [name, seen.rows_read, seen.rejected_count],
    JSON.stringify(seen),
  )
  const { body } = await app.get(`/loads/${loaded.id}/rejects`)
  const told = (rows: LoadPreview['rejected']) =>
    rows.map(({ line, column, value, rule, reason }) => ({ line, column, value, rule, reason }))
  assert.deepEqual(told(seen.rejected), told(body.items).slice(0, 100))
  return seen
}

const staged = ({ folder }: Running) => {
  const path = join(folder, 'staging')
  return existsSync(path) ? readdirSync(path) : []
}
const fieldsOf = ({ columns }: LoadPreview) =>
  Object.fromEntries(columns.map(({ name, target }) => [name, target]))

const BOARD = `id,query
a,"-- spent
SELECT day, sum(x) FROM t GROUP BY day"
b,"SELECT 1"
`
const PLANS = `<?xml version="1.0"?><eventList version="1.0"><output>
<base_event base_event_id="291" sell_mode="online" title="Concert"><event event_start_date="2021-06-30T21:00:00" event_id="291">
<zone zone_id="40" capacity="243" price="20.00"/><zone zone_id="38" capacity="100" price="15.00"/></event></base_event>
<base_event base_event_id="322" sell_mode="offline" title="Theatre"><event event_start_date="2021-02-10T20:00:00" event_id="1642">
<zone zone_id="311" capacity="2" price="55.00"/></event></base_event></output></eventList>`
const WIDE = `date,HUFL,HULL,OT
2016-07-01 00:00:00,5.827,2.009,30.531
2016-07-01 01:00:00,5.693,2.076,27.787
2016-07-01 02:00:00,,1.741,27.787
2016-07-01 03:00:00,5.09,broken,25.044
2016-07-01 04:00:00,5.358,1.942,21.948
2016-07-01 05:00:00,5.626,2.143,21.174
`
const SPARSE = `id,date,cost,alert_type,parts
a,2025-07-01,1000,,
a,2025-07-02,1010,,
b,2025-06-01,,critical,
b,2025-06-02,,warning,
c,2025-07-01,,,12
`

for (const [engine, open] of Object.entries(ENGINES)) {
  test(`previews on ${engine}`, async (t) => {
    const app = await startApp(t, open, { settings: { UPLOAD_LIMIT_MB: '20' } })
    const read = (path: string) => readFileSync(new URL(path, EXAMPLES))

    await t.test('the files of a substation are understood one after the other', async () => {
      const assets = await previewAndLoad(app, 'assets.json', read('substations/data/assets.json'))
      const signals = await previewAndLoad(app, 'signal.json', read('substations/data/signal.json'))
      const readings = await previewAndLoad(
        app,
        'measurements.csv',
        read('substations/data/measurements.csv'),
      )

      assert.deepEqual(
        [assets.target, signals.target, readings.target, readings.format],
        ['assets', 'signals', 'measurements', 'csv'],
      )
      assert.deepEqual(fieldsOf(assets), {
        AssetID: 'id',
        Latitude: 'latitude',
        Longitude: 'longitude',
        descri: 'name',
      })
      assert.deepEqual(fieldsOf(signals), {
        SignalGId: null,
        SignalId: 'id',
        SignalName: 'name',
        AssetId: 'asset_id',
        Unit: 'unit',
      })
      assert.deepEqual(readings.mapping, {
        format: 'csv',
        delimiter: '|',
        decimal: ',',
        columns: { Ts: 'measured_at', SignalId: 'signal_id', MeasurementValue: 'value' },
        tz: 'UTC',
      })
      assert.ok(readings.confidence > 0.75, String(readings.confidence))
      assert.deepEqual(readings.sample[0], {
        line: 2,
        signal_id: '510391',
        measured_at: '2021-12-24T00:00:00.369Z',
        value: 20.1172,
        unit: readings.sample[0]?.unit,
      })
      assert.equal(assets.sample[0]?.name, 'UW Sonnfeld')
      assert.match(readings.notes.join(), /zone of the workspace/)
    })

    await t.test('so are those of a power grid, packed or not', async () => {
      for (const [name, target] of [
        ['substations.csv', 'assets'],
        ['components.json', 'assets'],
        ['signals.csv', 'signals'],
        ['measurements.csv.gz', 'measurements'],
        ['measurements.json', 'measurements'],
      ] as const) {
        const seen = await previewAndLoad(app, name, read(`power-grid/data/${name}`))
        assert.deepEqual([seen.target, seen.mapping.create_signals], [target, undefined], name)
        assert.equal(seen.compression, name.endsWith('.gz') ? 'gzip' : null)
      }
    })

    await t.test('a wide file makes its signals on an asset that is called like it', async () => {
      const seen = await previewAndLoad(app, 'ETTh1.csv', WIDE)

      assert.deepEqual(seen.mapping, {
        format: 'csv',
        delimiter: ',',
        time: 'date',
        wide: '*',
        create_signals: true,
        create_assets: true,
        tz: 'UTC',
      })
      assert.deepEqual([seen.accepted, seen.rejected_count], [16, 1])
      assert.deepEqual(
        seen.rejected.map(({ line, column, rule }) => [line, column, rule]),
        [[5, 'HULL', 'type']],
      )
      const { body } = await app.get('/signals?asset_id=ETTh1')
      assert.deepEqual(body.items.map((signal: { id: string }) => signal.id).sort(), ['HUFL', 'HULL', 'OT'])
      const again = await previewAndLoad(app, 'later.csv', WIDE)
      assert.equal(again.mapping.create_signals, undefined)
      assert.ok(again.confidence > seen.confidence)
    })

    await t.test(
      'any other table is a dataset, called like its file, and found again by its columns',
      async () => {
        for (const [name, file, target] of [
          ['queries.csv', BOARD, 'dataset:queries'],
          ['metric data.csv', SPARSE, 'dataset:metric_data'],
          ['response1.xml', PLANS, 'dataset:response1'],
          ['numbers.json', read('columns/data/rows.json'), 'dataset:numbers'],
          ['measurements.ndjson', '{"a":1,"b":"x"}\n{"a":2}\n', 'dataset:measurements_2'],
        ] as const) {
          const seen = await previewAndLoad(app, name, file)
          assert.equal(seen.target, target)
        }
        const again = await preview(app, 'new name.csv', BOARD)
        assert.equal(again.target, 'dataset:queries')
        assert.ok(again.confidence > 0.8)
      },
    )

    await t.test('what the request says overrides every guess', async () => {
      const query = `&target=dataset:readings&${mappingOf({ columns: { date: 'day' }, decimal: '.' })}`
      const seen = await preview(app, 'w.csv', WIDE, query)

      assert.equal(seen.target, 'dataset:readings')
      assert.deepEqual([seen.mapping.columns, seen.mapping.wide], [{ date: 'day' }, undefined])
      assert.deepEqual(fieldsOf(seen), { date: 'day', HUFL: null, HULL: null, OT: null })
      assert.deepEqual(seen.sample[0], { line: 2, day: '2016-07-01T00:00:00Z' })
    })

    await t.test('a named mapping stands in place of guesses, and says the target', async () => {
      await app.post('/mappings', {
        name: 'board',
        target: 'dataset:board',
        mapping: { columns: { id: 'name' } },
      })
      const seen = await preview(app, 'q.csv', BOARD, `&${mappingOf({ template: 'board' })}`)

      assert.deepEqual(
        [seen.target, seen.mapping.template, seen.mapping.columns],
        ['dataset:board', 'board', { id: 'name' }],
      )
    })

    await t.test('a mapping that no load could use is answered with the reason', async () => {
      const query = `&target=measurements&${mappingOf({ columns: { nothing: 'value' } })}`
      const seen = await preview(app, 'w.csv', WIDE, query)

      assert.deepEqual([seen.rows_read, seen.confidence], [0, 0])
      assert.match(seen.notes[0] ?? '', /a load would be refused: .*nothing/)
    })

    await t.test(
      'of a long file, or of the part of it that was sent, the first rows are checked',
      async () => {
        const rows = Array.from(
          { length: 200_000 },
          (_, row) => `${new Date(1.6e12 + row * 1000).toISOString()},${row}.5,x${row % 9}`,
        )
        const file = Buffer.from(`at,value,remark\n${rows.join('\n')}`)
        const long = await preview(app, 'long.csv', file)
        assert.equal(long.whole, false)
        assert.ok(long.rows_read > 50_000 && long.rows_read < 200_000)
        // What is packed comes out in blocks.
        for (const part of [
          file.subarray(0, 5000),
          gzipSync(file).subarray(0, 50_000),
          zstdCompressSync(file).subarray(0, 100_000),
        ]) {
          const seen = await preview(app, 'long.csv', part, '&partial=true')
          assert.equal(seen.whole, false)
          assert.equal(seen.rejected_count, 0)
          assert.ok(seen.rows_read > 50)
        }
        const json = JSON.stringify(rows.slice(0, 1000).map((row) => ({ row, made: true })))
        const cut = await preview(app, 'long.json', json.slice(0, 3000), '&partial=true')
        assert.deepEqual([cut.rejected_count, cut.whole], [0, false])
        assert.ok(cut.rows_read > 30)
      },
    )

    await t.test('a form does as well as a body', async () => {
      const parts = [
        { name: 'partial', body: 'true' },
        { name: 'target', body: 'measurements' },
        { name: 'file', file: 'w.csv', body: WIDE },
      ]
      const answer = await app.post('/loads/preview', form(parts), FORM)

      assert.equal(answer.status, 200, answer.text)
      assert.deepEqual([answer.body.whole, answer.body.target], [false, 'measurements'])
    })

    await t.test('what cannot be a load is refused, and nothing is left behind', async () => {
      const before = (await app.get('/loads?limit=1')).body.items[0]?.id
      const cases: [string, string | Buffer, string, number][] = [
        ['empty.csv', '', '', 422],
        ['noise.bin', Buffer.from([1, 2, 3, 4, 5, 6, 7, 8]), '', 422],
        ['cut.csv.gz', gzipSync(WIDE).subarray(0, 40), '', 422],
        ['cut.csv.zst', zstdCompressSync(WIDE).subarray(0, 40), '&partial=true', 422],
        ['none.json', '{"a":1}', '', 422],
        ['w.csv', WIDE, `&${mappingOf({ template: 'not-there' })}`, 422],
        ['w.csv', WIDE, '&target=nothing', 422],
        ['large.csv', 'x'.repeat(20_100_000), '', 413],
      ]
      for (const [name, file, query, status] of cases) {
        const answer = await app.post(`/loads/preview?file_name=${name}${query}`, file, OPAQUE)
        assert.equal(answer.status, status, `${name}: ${answer.text}`)
      }
      assert.equal((await app.post('/loads/preview', WIDE, { 'content-type': 'image/png' })).status, 415)
      assert.equal((await app.as('user').post('/loads/preview', WIDE, CSV)).status, 403)
      assert.equal((await app.get('/loads?limit=1')).body.items[0]?.id, before)
      assert.deepEqual(staged(app), [])
    })

    await t.test('more than a few at once are told to come again', async () => {
      const answers = await Promise.all(
        Array.from({ length: 7 }, () => app.post('/loads/preview?file_name=w.csv', WIDE, OPAQUE)),
      )

      const statuses = new Set(answers.map(({ status }) => status))
      assert.deepEqual(statuses, new Set([200, 503]))
      assert.ok(
        answers.every(({ status, headers }) => status === 200 || headers['retry-after'] !== undefined),
      )
      assert.equal((await app.post('/loads/preview?file_name=w.csv', WIDE, OPAQUE)).status, 200)
      assert.deepEqual(staged(app), [])
    })

    await t.test('of any file, a load accepts and refuses what the preview says', async () => {
      const state = { file: 0 }
      const cell = fc.oneof(
        {
          weight: 8,
          arbitrary: fc.integer({ min: -99_999, max: 99_999 }).map((number) => String(number / 100)),
        },
        { weight: 1, arbitrary: fc.constantFrom('', 'none', '1e999', '2021-01-01', '"open') },
      )
      const row = fc.tuple(fc.integer({ min: 0, max: 1e6 }), fc.array(cell, { minLength: 1, maxLength: 4 }))
      const rows = fc.array(row, { minLength: 1, maxLength: 40 })
      await fc.assert(
        fc.asyncProperty(
          rows,
          fc.constantFrom(',', ';', '\t'),
          fc.boolean(),
          async (table, delimiter, isNamed) => {
            const lines = table.map(([second, cells]) =>
              [new Date(1.6e12 + second * 1000).toISOString(), ...cells].join(delimiter),
            )
            const header = isNamed ? [['time', 'p1', 'p2'].join(delimiter)] : []
            const name = `${engine} any ${state.file++}.csv`

            await previewAndLoad(app, name, [...header, ...lines].join('\n'))
          },
        ),
        { numRuns: 8 },
      )
    })
  })
}
