// SQL that nobody should get through, as a metric and as a preview: each text is refused with a reason, nothing of it
// runs, and what passes every check still ends at the limits of time, rows and memory.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { sql } from '../server/engine/sql.ts'
import { ENGINES, type Running, startApp } from './harness.ts'

const BAD: Record<string, string[]> = JSON.parse(
  readFileSync(new URL('bad-sql.json', import.meta.url), 'utf8'),
)
const COLUMNS = [
  { name: 'id', type: 'text' },
  { name: 'day', type: 'date' },
  { name: 'obsolescence', type: 'number' },
  { name: 'parts_flagged', type: 'integer' },
]
/** Beyond the limit itself: starting, answering, and other tests on the same cores. */
const SLACK_MS = 3000

async function givenMetrics(app: Running, rows: number): Promise<void> {
  assert.equal((await app.post('/datasets', { name: 'metrics', columns: COLUMNS })).status, 201)
  const some = Array.from({ length: rows }, (_, index) => ({ id: `m${index}`, parts_flagged: index + 1 }))
  assert.equal((await app.post('/datasets/metrics/rows', some)).status, 200)
}

const preview = (app: Running, text: string, more: object = {}) =>
  app.post('/metrics/preview', { definition: { kind: 'sql', sql: text }, ...more })

/** What must be as it was: every table's rows and the number of the last write. */
async function contents(app: Running) {
  const { warehouse } = app.app
  const [counts] = await warehouse.query(sql`
    select (select count(*) from dataset.metrics) as rows, (select count(*) from batch) as batches,
      (select count(*) from dataset) as datasets`)
  return { ...counts, version: await warehouse.version() }
}

for (const [engine, open] of Object.entries(ENGINES)) {
  describe(`hostile SQL on ${engine}`, () => {
    for (const [kind, texts] of Object.entries(BAD)) {
      test(`${kind}: ${texts.length} texts are refused when they are saved and when they are run`, async (t) => {
        const app = await startApp(t, open)
        await givenMetrics(app, 3)
        const before = await contents(app)

        for (const text of texts) {
          const saved = await app.post('/metrics', { name: 'M', definition: { kind: 'sql', sql: text } })
          const run = await preview(app, text)

          for (const answer of [saved, run]) {
            assert.equal(answer.status, 422, `${text}: ${answer.text.slice(0, 300)}`)
            assert.match(answer.body.type, /#(sql_invalid|invalid)$/, text)
            assert.doesNotMatch(answer.text, /tidemark-|\.duckdb|node_modules|public_data|\bc0\b|root:/, text)
          }
        }
        assert.deepEqual(await contents(app), before)
        assert.deepEqual((await app.get('/metrics')).body.items, [])
      })
    }

    test('behind the gate the engine refuses what is not for users, too', async (t) => {
      const app = await startApp(t, open)
      await givenMetrics(app, 3)
      const before = await contents(app)
      const texts = [
        'select * from batch',
        'select * from measurement',
        'select * from warehouse.batch',
        'select * from main.batch',
        'delete from dataset.metrics',
        'insert into dataset.metrics (id) values (1)',
        'drop table dataset.metrics',
        'create table dataset.x (a int)',
        "copy dataset.metrics to '/tmp/tidemark-hostile'",
        "select * from read_text('/etc/passwd')",
        "select pg_read_file('/etc/passwd')",
      ]

      for (const text of texts) {
        await assert.rejects(app.app.warehouse.untrusted(sql.trusted(text), { rows: 10 }), Error, text)
      }

      assert.deepEqual(await contents(app), before)
    })

    test('a join without end is stopped at the time limit, and others are answered meanwhile and after', async (t) => {
      const limitMs = 1000
      const app = await startApp(t, open, { settings: { QUERY_TIMEOUT_MS: String(limitMs) } })
      await givenMetrics(app, 2000)
      const text = `select sum(a.parts_flagged * b.parts_flagged + c.parts_flagged) as total
        from metrics a, metrics b, metrics c`

      const start = performance.now()
      const endless = preview(app, text)
      const beside = await preview(app, 'select count(*) as total from metrics')
      const answer = await endless

      assert.equal(answer.status, 504, answer.text)
      assert.ok(performance.now() - start < limitMs + 1000 + SLACK_MS)
      assert.deepEqual(beside.body.rows, [[2000]])
      const after = await preview(app, 'select max(parts_flagged) as most from metrics')
      assert.deepEqual(after.body.rows, [[2000]])
    })

    test('a text that grows without end meets the limits of time or memory, and the next question is answered', async (t) => {
      const app = await startApp(t, open, { settings: { QUERY_TIMEOUT_MS: '2000', QUERY_MEMORY_MB: '128' } })
      await givenMetrics(app, 2000)
      const text = `select length(string_agg(a.id || b.id || c.id || 'and so on, for as long as it goes', ','))
        from metrics a, metrics b, metrics c`

      const answer = await preview(app, text)

      assert.ok([422, 503, 504].includes(answer.status), answer.text)
      const after = await preview(app, 'select count(*) from metrics')
      assert.deepEqual(after.body.rows, [[2000]])
    })

    test('more rows than QUERY_ROW_CAP are refused and never cut; fewer can be asked for', async (t) => {
      const app = await startApp(t, open, { settings: { QUERY_ROW_CAP: '10' } })
      await givenMetrics(app, 11)

      const all = await preview(app, 'select id from metrics')
      const some = await preview(app, 'select id from metrics order by parts_flagged', { limit: 4 })
      const ten = await preview(app, 'select id from metrics where parts_flagged <= 10')

      assert.equal(all.status, 422)
      assert.match(all.body.type, /#range_too_large$/)
      assert.deepEqual(some.body.rows, [['m0'], ['m1'], ['m2'], ['m3']])
      assert.equal(some.body.truncated, true)
      assert.equal(ten.body.rows.length, 10)
      assert.equal(ten.body.truncated, false)
    })

    test('a query is refused for its length, its words, its levels and its tables', async (t) => {
      const app = await startApp(t, open)
      await givenMetrics(app, 1)
      const long = `select ${' '.repeat(10_000)}1`
      const words = `select ${'1,'.repeat(1500)}1`
      const levels = `select ${'abs('.repeat(300)}1${')'.repeat(300)}`
      const tables = `select 1 from ${Array.from({ length: 40 }, (_, index) => `metrics m${index}`).join(', ')}`
      const sides = `select ${'not '.repeat(900)}true`

      for (const text of [words, levels, tables, sides]) {
        const answer = await preview(app, text)
        assert.equal(answer.status, 422, answer.text.slice(0, 200))
        assert.match(answer.body.type, /#sql_invalid$/)
      }
      assert.equal((await preview(app, long)).status, 422)
      assert.equal((await preview(app, 'select 1 as one')).status, 200)
    })

    test('hostile formulas are refused with the place, and a division by zero is null', async (t) => {
      const app = await startApp(t, open)
      await givenMetrics(app, 1)
      const formula = (expression: string) =>
        app.post('/metrics/preview', { definition: { kind: 'formula', dataset: 'metrics', expression } })

      const byZero = await formula('parts_flagged / 0')

      assert.deepEqual([byZero.status, byZero.body.rows, byZero.body.division_by_zero], [200, [[null]], 1])
      const texts = [
        'b + 1',
        'a = b + 1, b = a + 1',
        '__proto__.x',
        'constructor',
        'parts_flagged; 1',
        "'x'",
        '$1',
      ]
      for (const text of [
        ...texts,
        'eval(1)',
        'parts_flagged --',
        'select 1',
        'process.exit(1)',
        '(1'.repeat(150),
      ]) {
        const answer = await formula(text)
        assert.equal(answer.status, 422, text)
        assert.match(answer.body.type, /#formula_invalid$/, text)
      }
    })
  })
}
