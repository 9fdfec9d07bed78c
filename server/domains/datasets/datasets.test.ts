import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Cell } from '../../../contract/datasets.ts'
import { ENGINES, type Running, startApp } from '../../../tests/harness.ts'
import { sql } from '../../engine/sql.ts'

const STATS = {
  name: 'stats',
  columns: ['column_1', 'column_2', 'column_3'].map((column) => ({ name: column, type: 'integer' })),
}
const PLANTS = {
  name: 'plants',
  description: 'What grows',
  columns: [
    { name: 'Code', type: 'text', required: true, pattern: '[A-Z]+\\d' },
    { name: 'height', type: 'number', unit: 'm', min: 0 },
    { name: 'alive', type: 'boolean' },
    { name: 'seen_at', type: 'timestamp' },
    { name: 'order', type: 'date' },
    { name: 'legs', type: 'integer' },
  ],
  unique_key: ['Code'],
}
const OAK = {
  Code: 'A1',
  height: 12.5,
  alive: true,
  seen_at: '2026-01-31T12:00:00Z',
  order: '2026-01-31',
  legs: 9007199254740991,
}
const NOTHING = { height: null, alive: null, seen_at: null, order: null, legs: null }

async function rowsOf(app: Running, name: string): Promise<Record<string, Cell>[]> {
  return (await app.get(`/datasets/${name}/rows?limit=1000`)).body.items
}

for (const [name, open] of Object.entries(ENGINES)) {
  describe(`datasets on ${name}`, () => {
    test('a dataset is made, listed, counted and deleted', async (t) => {
      const app = await startApp(t, open)

      const made = await app.post('/datasets', PLANTS)
      assert.equal(made.status, 201)
      assert.deepEqual(made.body, { ...PLANTS, rows: 0, created_at: made.body.created_at })
      await app.post('/datasets', STATS)
      await app.post('/datasets/stats/rows', [{ column_1: 1 }, { column_1: 1 }])

      const { items } = (await app.get('/datasets')).body
      assert.deepEqual(
        items.map((dataset: { name: string; rows: number }) => [dataset.name, dataset.rows]),
        [
          ['plants', 0],
          ['stats', 2],
        ],
      )
      assert.equal((await app.post('/datasets', STATS)).status, 409)
      assert.equal((await app.delete('/datasets/stats')).status, 204)
      assert.equal((await app.get('/datasets/stats')).status, 404)
      assert.equal((await app.get('/datasets/stats/rows')).status, 404)
      assert.equal((await app.post('/datasets', STATS)).status, 201)
      assert.deepEqual(await rowsOf(app, 'stats'), [])
    })

    test('names of the public views, wrong keys and wrong rules are refused', async (t) => {
      const app = await startApp(t, open)
      const pathsFor = async (dataset: object) => {
        const { status, body } = await app.post('/datasets', { ...STATS, ...dataset })
        assert.equal(status, 422)
        return body.errors.map(({ path }: { path: string }) => path)
      }

      assert.deepEqual(await pathsFor({ name: 'measurements' }), ['/name'])
      assert.deepEqual(await pathsFor({ unique_key: ['other'] }), ['/unique_key/0'])
      assert.deepEqual(await pathsFor({ columns: [{ name: 'a', type: 'text', pattern: '(' }] }), [
        '/columns/0/pattern',
      ])
      assert.deepEqual(await pathsFor({ columns: [{ name: 'ctid', type: 'text' }] }), ['/columns/0/name'])
    })

    test('names that SQL reserves are names here', async (t) => {
      const app = await startApp(t, open)

      await app.post('/datasets', {
        name: 'select',
        columns: [
          { name: 'from', type: 'text' },
          { name: 'constructor', type: 'text' },
        ],
      })
      await app.post('/datasets/select/rows', [{ from: 'a "quoted", word\n' }])

      assert.deepEqual(await rowsOf(app, 'select'), [{ from: 'a "quoted", word\n', constructor: null }])
    })

    test('rows come back as they were sent, in the order in which they came', async (t) => {
      const app = await startApp(t, open)
      await app.post('/datasets', PLANTS)

      const sent = await app.post('/datasets/plants/rows', [OAK, { Code: 'B2' }])
      assert.deepEqual(sent.body, { accepted: 2, updated: 0, unchanged: 0, rejected: [] })

      assert.deepEqual(await rowsOf(app, 'plants'), [OAK, { Code: 'B2', ...NOTHING }])
      const first = (await app.get('/datasets/plants/rows?limit=1')).body
      assert.deepEqual(first.items, [OAK])
      const second = (await app.get(`/datasets/plants/rows?limit=1&cursor=${first.next}`)).body
      assert.deepEqual([second.items[0].Code, second.next], ['B2', null])
    })

    test('with a unique key the same row is unchanged and another content replaces it', async (t) => {
      const app = await startApp(t, open)
      await app.post('/datasets', PLANTS)
      await app.post('/datasets/plants/rows', [OAK, { Code: 'B2' }])

      const answer = await app.post('/datasets/plants/rows', [
        OAK,
        { Code: 'B2', legs: 1 },
        { Code: 'C3' },
        { Code: 'C3' },
        { Code: 'C3', legs: 3 },
      ])

      assert.deepEqual(answer.body, { accepted: 1, updated: 2, unchanged: 2, rejected: [] })
      assert.deepEqual(await rowsOf(app, 'plants'), [
        OAK,
        { Code: 'B2', ...NOTHING, legs: 1 },
        { Code: 'C3', ...NOTHING, legs: 3 },
      ])
    })

    test('a key of all columns has nothing to update', async (t) => {
      const app = await startApp(t, open)
      await app.post('/datasets', {
        ...STATS,
        name: 'pairs',
        unique_key: ['column_1', 'column_2', 'column_3'],
      })
      const row = { column_1: 1, column_2: 2, column_3: 3 }

      const answer = await app.post('/datasets/pairs/rows', [row, row])

      assert.deepEqual(answer.body, { accepted: 1, updated: 0, unchanged: 1, rejected: [] })
    })

    test('a bad row is named with its reason; with atomic it refuses all', async (t) => {
      const app = await startApp(t, open)
      await app.post('/datasets', PLANTS)
      const rows = [
        { Code: 'A1' },
        { Code: 'a1' },
        { Code: 'B1', height: '3' },
        { height: 3 },
        { Code: 'C1', wings: 2 },
      ]

      const atomic = await app.post('/datasets/plants/rows?atomic=true', rows)
      assert.equal(atomic.status, 422)
      assert.deepEqual(
        atomic.body.errors.map(({ path }: { path: string }) => path),
        ['/1/Code', '/2/height', '/3/Code', '/4/wings'],
      )
      assert.deepEqual(await rowsOf(app, 'plants'), [])

      const lenient = await app.post('/datasets/plants/rows', rows)
      assert.deepEqual(lenient.body, {
        accepted: 1,
        updated: 0,
        unchanged: 0,
        rejected: [
          { index: 1, reason: 'Code must match the pattern [A-Z]+\\d' },
          { index: 2, reason: 'height must be a number' },
          { index: 3, reason: 'Code is required' },
          { index: 4, reason: 'wings is not a column of this dataset' },
        ],
      })
    })

    test('all rows come as CSV and NDJSON; formulas of a spreadsheet are made harmless in CSV', async (t) => {
      const app = await startApp(t, open)
      await app.post('/datasets', PLANTS)
      await app.post('/datasets', {
        name: 'notes',
        columns: [
          { name: 'note', type: 'text' },
          { name: 'n', type: 'integer' },
        ],
      })
      await app.post('/datasets/plants/rows', [OAK, { Code: 'B2' }])
      await app.post('/datasets/notes/rows', [{ note: '=cmd()', n: -1 }, { note: 'a,"b"' }])

      const csv = await app.get('/datasets/plants/rows?format=csv')
      assert.match(String(csv.headers['content-type']), /^text\/csv/)
      assert.equal(
        csv.text,
        'Code,height,alive,seen_at,order,legs\nA1,12.5,true,2026-01-31T12:00:00Z,2026-01-31,9007199254740991\nB2,,,,,\n',
      )
      assert.equal(
        (await app.get('/datasets/notes/rows?format=csv')).text,
        'note,n\n\'=cmd(),-1\n"a,""b""",\n',
      )
      const ndjson = await app.get('/datasets/plants/rows?format=ndjson')
      assert.deepEqual(
        ndjson.text
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line)),
        await rowsOf(app, 'plants'),
      )
    })

    test('a dataset is emptied', async (t) => {
      const app = await startApp(t, open)
      await app.post('/datasets', STATS)
      await app.post('/datasets/stats/rows', [{ column_1: 1 }, { column_1: 2 }])

      assert.deepEqual((await app.delete('/datasets/stats/rows')).body, { deleted: 2 })
      assert.deepEqual(await rowsOf(app, 'stats'), [])
    })

    test('however rows are cut into requests, the dataset and the sums are the same', async (t) => {
      const app = await startApp(t, open)
      const run = { number: 0 }
      const row = fc.record(
        { column_1: fc.integer({ min: 0, max: 3 }), column_2: fc.constantFrom(1, 2, null) },
        { noNullPrototype: true },
      )
      const batches = fc.array(fc.array(row, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 4 })

      await fc.assert(
        fc.asyncProperty(batches, async (cut) => {
          const dataset = `d${++run.number}`
          await app.post('/datasets', { ...STATS, name: dataset, unique_key: ['column_1'] })
          const sums = { accepted: 0, updated: 0, unchanged: 0 }
          for (const batch of cut) {
            const { body } = await app.post(`/datasets/${dataset}/rows`, batch)
            for (const key of ['accepted', 'updated', 'unchanged'] as const) sums[key] += body[key]
          }

          const expected = oneAfterTheOther(cut.flat())
          assert.deepEqual(sums, expected.sums)
          const stored = (await rowsOf(app, dataset)).map(({ column_1, column_2 }) => ({
            column_1,
            column_2,
          }))
          assert.deepEqual(stored, expected.rows)
        }),
        { numRuns: 15 },
      )
    })

    test('staged rows of a file are merged in the order of their lines, under the key of their load', async (t) => {
      const app = await startApp(t, open)
      await app.post('/datasets', { ...STATS, unique_key: ['column_1'] })
      await app.post('/datasets/stats/rows', [{ column_1: 1, column_2: 1 }])

      const staged = await app.app.datasets.stagedColumns('stats')
      const columns = staged.map(({ name, type }) => sql`${sql.identifier(name)} ${sql.trusted(type)}`)
      const counts = await app.app.warehouse.write('a-load', async (tx) => {
        await tx.run(sql`
          create temporary table staged_row (${sql.join(columns)})`)
        await tx.run(sql`
          insert into staged_row
          values (2, 9, null, 5), (1, 1, null, 2), (2, 8, null, 4), (1, 7, null, 3)`)
        const merged = await app.app.datasets.mergeStaged(tx, 'stats', 12)
        await tx.run(sql`drop table staged_row`)
        return merged
      })

      assert.deepEqual(counts, { loaded: 1, updated: 2, unchanged: 1, repeated: 0, superseded: 2 })
      const stored = await app.app.warehouse.query(sql`
        select column_1, column_2, _row, _load
        from dataset.stats
        order by _row`)
      assert.deepEqual(stored, [
        { column_1: 1, column_2: 7, _row: 1, _load: 12 },
        { column_1: 2, column_2: 9, _row: 2, _load: 12 },
      ])
    })

    test('users read, devices add, managers make and delete', async (t) => {
      const app = await startApp(t, open)
      await app.post('/datasets', STATS)
      const user = app.as('user')

      assert.equal((await user.get('/datasets/stats/rows')).status, 200)
      assert.equal((await user.post('/datasets/stats/rows', [{ column_1: 1 }])).status, 403)
      assert.equal((await user.delete('/datasets/stats/rows')).status, 403)
      assert.equal((await user.post('/datasets', STATS)).status, 403)
    })
  })
}

/** What rows do that come one after the other, worked out row by row. */
function oneAfterTheOther(rows: { column_1: number; column_2: number | null }[]) {
  const sums = { accepted: 0, updated: 0, unchanged: 0 }
  const stored = new Map<number, { column_1: number; column_2: number | null }>()
  for (const row of rows) {
    const before = stored.get(row.column_1)
    if (!before) sums.accepted++
    else if (before.column_2 === row.column_2) sums.unchanged++
    else sums.updated++
    stored.set(row.column_1, row)
  }
  return { sums, rows: [...stored.values()] }
}
