// The tests of one engine share one service, each with signals and datasets of its own: starting one for each would
// take most of the time.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import type { Load } from '../../../contract/loads.ts'
import { ENGINES, type Running, startApp } from '../../../tests/harness.ts'
import {
  CSV,
  counts,
  FORM,
  form,
  HEADER,
  JSON_TYPE,
  load,
  mappingOf,
  rejects,
} from '../../../tests/sent-files.ts'

/** The loader processes that this process has started. */
function loaderPids(): number[] {
  const parent = `${process.pid}`
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isLoader(name, parent))
    .map(Number)
}

function isLoader(pid: string, parent: string): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state, parentPid] = status.slice(status.lastIndexOf(')') + 2).split(' ')
    return (
      state !== 'Z' &&
      parentPid === parent &&
      readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('loader-process.ts')
    )
  } catch {
    // It has ended meanwhile.
    return false
  }
}

/** Sends a file whose loader is stopped before it gets the file, so that the load runs until something ends it. */
async function stuckLoad(app: Running, file: string): Promise<{ id: string; pids: number[] }> {
  const body = new PassThrough()
  const answer = app.post('/loads?target=measurements', body, CSV)
  body.write(file)
  await until(async () => loaderPids().length > 0)
  const pids = loaderPids()
  for (const pid of pids) process.kill(pid, 'SIGSTOP')
  body.end()
  const { id } = (await answer).body
  await until(async () => (await app.get(`/loads/${id}`)).body.status === 'running')
  return { id, pids }
}

/** Kills every loader there is until the load has ended. */
async function killLoaders(app: Running, id: string): Promise<void> {
  await until(async () => {
    for (const pid of loaderPids()) process.kill(pid, 'SIGKILL')
    return (await app.get(`/loads/${id}`)).body.status !== 'running'
  })
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(2)
}

for (const [name, open] of Object.entries(ENGINES)) {
  test(`loads on ${name}`, async (t) => {
    const app = await startApp(t, open, { settings: { UPLOAD_LIMIT_MB: '2' } })
    const ids = { next: 1 }
    const givenSignal = () => app.givenSignal({ id: `s${ids.next++}` })
    const stored = async ({ id }: { id: string }) => {
      const { body } = await app.get(`/measurements?signal_id=${id}&limit=1000`)
      return body.items.map(({ measured_at, value }: { measured_at: string; value: number }) => [
        measured_at,
        value,
      ])
    }
    const datasetRows = async (dataset: string) => (await app.get(`/datasets/${dataset}/rows`)).body.items

    await t.test('a file goes to each target; sent again, nothing of it is new', async () => {
      const assets = 'id,type,name,latitude\nbus-1,substation,Bus,52.5\nsw-1,switch,Switch,\n'
      const signals = JSON.stringify([
        { id: 'bus-1-u', asset_id: 'bus-1', quantity: 'voltage', unit: 'kV' },
        { id: 'nowhere', asset_id: 'none', quantity: 'voltage' },
      ])
      const readings = `${HEADER}bus-1-u,2026-01-31T12:00:00Z,110\nbus-1-u,2026-01-31T12:05:00Z,111\n`
      const rows = '{"day":"2026-01-31","trips":3}\n{"day":"2026-02-01","trips":0}\n'

      assert.deepEqual(counts(await load(app, 'target=assets', assets)), [1, 0, 0, 1])
      const first = await load(app, 'target=signals', signals, JSON_TYPE)
      assert.deepEqual(counts(first), [1, 0, 0, 1])
      assert.deepEqual(await rejects(app, first), [[2, 'asset_id', 'none', 'no asset has this id']])
      assert.deepEqual(counts(await load(app, 'target=measurements', readings)), [2, 0, 0, 0])
      const dataset = await load(app, 'target=dataset:trips', rows, {
        'content-type': 'application/x-ndjson',
      })
      assert.deepEqual(counts(dataset), [2, 0, 0, 0])

      assert.deepEqual(counts(await load(app, 'target=assets', assets)), [0, 0, 1, 1])
      assert.deepEqual(counts(await load(app, 'target=signals', signals, JSON_TYPE)), [0, 0, 1, 1])
      assert.deepEqual(counts(await load(app, 'target=measurements', readings)), [0, 0, 2, 0])
      assert.deepEqual(await stored({ id: 'bus-1-u' }), [
        ['2026-01-31T12:00:00Z', 110],
        ['2026-01-31T12:05:00Z', 111],
      ])
      assert.equal((await datasetRows('trips')).length, 2)
    })

    await t.test(
      'files of substations come as they are: bars, a mark of bytes, commas, local times',
      async () => {
        const signal = await givenSignal()
        const file = [
          '\ufeffTs|SignalId|MeasurementValue',
          `2021-12-27 23:59:49.000|${signal.id}|110,25`,
          `2026-03-29 01:59:59|${signal.id}|1`,
          `2026-03-29 02:30:00|${signal.id}|2`,
          `2026-03-29 03:00:00|${signal.id}|3`,
          `2026-10-25 02:30:00|${signal.id}|-4,5`,
          `2026-10-25 03:00:00|${signal.id}|5`,
          '',
        ].join('\r\n')
        const mapping = mappingOf({
          delimiter: '|',
          decimal: ',',
          tz: 'Europe/Berlin',
          columns: { Ts: 'measured_at', SignalId: 'signal_id', MeasurementValue: 'value' },
        })

        const ended = await load(app, `target=measurements&${mapping}&file_name=m.csv`, file)

        assert.deepEqual(counts(ended), [6, 0, 0, 0])
        assert.equal(ended.file_name, 'm.csv')
        assert.equal(ended.mapping.delimiter, '|')
        assert.ok(Number(ended.rows_per_second) > 0 || ended.rows_per_second === null)
        assert.deepEqual(await stored(signal), [
          ['2021-12-27T22:59:49Z', 110.25],
          ['2026-03-29T00:59:59Z', 1],
          ['2026-03-29T01:00:00Z', 3],
          // Half past two never came on that day: it moves forward by the hour that was left out.
          ['2026-03-29T01:30:00Z', 2],
          // And came twice on this one: the earlier is meant.
          ['2026-10-25T00:30:00Z', -4.5],
          ['2026-10-25T02:00:00Z', 5],
        ])
      },
    )

    await t.test('times in a format of their own', async () => {
      const signal = await givenSignal()
      const mapping = mappingOf({ time_format: 'DD.MM.YYYY HH:mm', delimiter: ';' })
      const file = `signal_id;measured_at;value\n${signal.id};31.01.2026 12:05;1\n${signal.id};31.02.2026 12:05;2\n`

      const ended = await load(app, `target=measurements&${mapping}`, file)

      assert.deepEqual(await stored(signal), [['2026-01-31T12:05:00Z', 1]])
      assert.deepEqual(await rejects(app, ended), [
        [
          3,
          'measured_at',
          '31.02.2026 12:05',
          'it is not a time in the format DD.MM.YYYY HH:mm, between 1900 and 2200',
        ],
      ])
    })

    await t.test('gzip is taken as a file or as an encoding, and as a form', async () => {
      const signal = await givenSignal()
      const row = (second: number) => `${signal.id},2026-01-31T12:00:0${second}Z,${second}\n`
      const zipped = (second: number) => gzipSync(HEADER + row(second))
      const query = 'target=measurements'

      const [asFile, asEncoding, asForm] = await Promise.all([
        load(app, `${query}&file_name=m.csv.gz`, zipped(1), { 'content-type': 'application/gzip' }),
        load(app, query, zipped(2), { ...CSV, 'content-encoding': 'gzip' }),
        load(
          app,
          '',
          form([
            { name: 'target', body: 'measurements' },
            { name: 'mapping', body: '{"tz":"UTC"}' },
            { name: 'file', file: 'm.csv.gz', type: 'application/gzip', body: zipped(3) },
          ]),
          FORM,
        ),
      ])

      for (const ended of [asFile, asEncoding, asForm]) assert.deepEqual(counts(ended), [1, 0, 0, 0])
      assert.equal(asForm?.file_name, 'm.csv.gz')
      assert.deepEqual(asForm?.mapping, { tz: 'UTC' })
      assert.equal((await stored(signal)).length, 3)
      const broken = await load(app, `${query}&file_name=m.csv.gz`, zipped(4).subarray(0, 30), {
        'content-type': 'application/gzip',
      })
      assert.deepEqual([broken.status, broken.rows_read], ['failed', 0])
      assert.match(broken.error ?? '', /not whole gzip/)
    })

    await t.test('users may look, managers load, others do neither', async () => {
      const ended = await load(app, 'target=measurements', HEADER)
      const user = app.as('user')

      assert.equal((await user.post('/loads?target=measurements', HEADER, CSV)).status, 403)
      assert.equal((await user.delete(`/loads/${ended.id}`)).status, 403)
      assert.equal((await user.get(`/loads/${ended.id}`)).status, 200)
      assert.equal((await user.get(`/loads/${ended.id}/rejects`)).status, 200)
      assert.equal((await app.as('anyone').get('/loads')).status, 401)
      assert.equal((await app.get('/loads/none')).status, 404)
      assert.equal((await app.get('/loads/none/rejects')).status, 404)
      assert.equal((await app.delete('/loads/none')).status, 404)
      assert.equal((await app.delete(`/loads/${ended.id}`)).status, 409)
    })

    await t.test('ragged rows are refused by their lines, the others are stored', async () => {
      const file = 'ts,metric,value\n2026-01-01,a,1\n2026-01-02,a\n2026-01-03,a,3,extra\n2026-01-04,a,4\n'

      const ended = await load(app, 'target=dataset:ragged', file)

      assert.deepEqual(counts(ended), [2, 0, 0, 2])
      assert.deepEqual(await rejects(app, ended), [
        [3, null, null, 'it has 2 fields, the others have 3'],
        [4, null, null, 'it has 4 fields, the others have 3'],
      ])
      assert.equal((await datasetRows('ragged')).length, 2)
    })

    await t.test('loads are listed, newest first, by state and target, in pages', async () => {
      const all: Load[] = []
      for (let cursor = ''; ; ) {
        const { body } = await app.get(`/loads?limit=3${cursor}`)
        all.push(...body.items)
        if (body.next === null) break
        cursor = `&cursor=${body.next}`
      }
      const ages = all.map(({ created_at, id }) => `${created_at} ${id}`)
      assert.deepEqual(ages, ages.toSorted().toReversed())
      assert.equal(new Set(ages).size, ages.length)

      const failed = (await app.get('/loads?status=failed&limit=1000')).body.items
      assert.deepEqual(
        failed.map(({ id }: Load) => id),
        all.filter(({ status }) => status === 'failed').map(({ id }) => id),
      )
      const assets = (await app.get('/loads?target=assets&limit=1000')).body.items
      assert.ok(assets.length > 0 && assets.every(({ target }: Load) => target === 'assets'))
    })

    await t.test('refused rows come in pages, and as CSV that is mended and loaded again', async () => {
      const signal = await givenSignal()
      const mapping = mappingOf({ delimiter: ';', decimal: ',', skip_lines: 1, quote: `'` })
      const file = [
        'export of today',
        `signal_id;measured_at;value`,
        `${signal.id};2026-01-31T12:00:00Z;1,5`,
        `${signal.id};2026-01-31T12:00:01Z;'two; "2"'`,
        `'${signal.id}';never;3`,
        `${signal.id};2026-01-31T12:00:03Z;'four\n4'`,
        `${signal.id};2026-01-31T12:00:05Z`,
        '',
      ].join('\n')
      const query = `target=measurements&${mapping}`

      const ended = await load(app, query, file)
      assert.deepEqual(counts(ended), [1, 0, 0, 4])
      const found: unknown[] = []
      for (let cursor = ''; ; ) {
        const { body } = await app.get(`/loads/${ended.id}/rejects?limit=2${cursor}`)
        found.push(...body.items.map(({ line }: { line: number }) => line))
        if (body.next === null) break
        cursor = `&cursor=${body.next}`
      }
      assert.deepEqual(found, [4, 5, 6, 8])
      const { text } = await app.get(`/loads/${ended.id}/rejects?format=csv`)
      const mended = text
        .replace(`'two; "2"'`, '2')
        .replace('never', '2026-01-31T12:00:02Z')
        .replace(`'four\n4'`, '4')
        .replace('12:00:05Z;', '12:00:05Z;5;')
      const again = await load(app, query, mended)

      assert.deepEqual(counts(again), [4, 0, 0, 0], text)
      assert.deepEqual(await stored(signal), [
        ['2026-01-31T12:00:00Z', 1.5],
        ['2026-01-31T12:00:01Z', 2],
        ['2026-01-31T12:00:02Z', 3],
        ['2026-01-31T12:00:03Z', 4],
        ['2026-01-31T12:00:05Z', 5],
      ])
    })

    await t.test('a load is cancelled while it runs, and holds up no other', async () => {
      const [signal, other] = [await givenSignal(), await givenSignal()]
      const stuck = await stuckLoad(app, `${HEADER}${signal.id},2026-01-31,1\n`)

      const ended = await load(app, 'target=measurements', `${HEADER}${other.id},2026-01-31,1\n`)
      assert.deepEqual(counts(ended), [1, 0, 0, 0])
      assert.equal((await app.get(`/loads/${stuck.id}`)).body.status, 'running')
      const answer = await app.delete(`/loads/${stuck.id}`)
      assert.equal(answer.status, 200)
      const cancelled = await app.loaded(stuck.id)

      assert.deepEqual([cancelled.status, cancelled.rows_read], ['cancelled', 0])
      assert.match(cancelled.error ?? '', /cancelled while it ran/)
      assert.deepEqual(await stored(signal), [])
      assert.equal((await app.delete(`/loads/${stuck.id}`)).status, 409)
    })

    await t.test('readings of a signal that is deleted while they are read are refused', async () => {
      const [gone, other] = [await givenSignal(), await givenSignal()]
      const stuck = await stuckLoad(app, `${HEADER}${gone.id},2026-01-31,1\n${other.id},2026-01-31,2\n`)
      assert.equal((await app.delete(`/signals/${gone.id}`)).status, 200)
      for (const pid of stuck.pids) process.kill(pid, 'SIGCONT')
      const ended = await app.loaded(stuck.id)

      assert.deepEqual(counts(ended), [1, 0, 0, 1])
      assert.deepEqual(await rejects(app, ended), [[2, 'signal_id', gone.id, 'there is no such signal']])
      assert.deepEqual(await stored(other), [['2026-01-31T00:00:00Z', 2]])
    })

    await t.test(
      'a file whose loader dies twice is set aside with a reason; one that dies once is loaded',
      async () => {
        const signal = await givenSignal()
        const twice = await stuckLoad(app, `${HEADER}${signal.id},2026-01-31,1\n`)
        await killLoaders(app, twice.id)
        const failed = await app.loaded(twice.id)

        assert.deepEqual([failed.status, failed.rows_read], ['failed', 0])
        assert.match(failed.error ?? '', /stopped its reader twice/)
        assert.deepEqual(await stored(signal), [])

        const once = await stuckLoad(app, `${HEADER}${signal.id},2026-02-01,2\n`)
        for (const pid of once.pids) process.kill(pid, 'SIGKILL')
        assert.deepEqual(counts(await app.loaded(once.id)), [1, 0, 0, 0])
        assert.deepEqual(await stored(signal), [['2026-02-01T00:00:00Z', 2]])
      },
    )
  })
}
