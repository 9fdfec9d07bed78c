// The tests of one engine share one service, each with signals and datasets of its own: starting one for each would
// take most of the time.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import type { Load } from '../../../contract/loads.ts'
import { type Answer, ENGINES, type Running, startApp } from '../../../tests/harness.ts'

const CSV = { 'content-type': 'text/csv' }
const JSON_TYPE = { 'content-type': 'application/json' }
const HEADER = 'signal_id,measured_at,value\n'

interface Part {
  name: string
  body: string | Uint8Array
  file?: string
  type?: string
}

const BOUNDARY = 'boundary-of-the-test'
const FORM = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` }

/** A multipart form; `cut` leaves out so many bytes of its end. */
function form(parts: Part[], cut = 0): Buffer {
  const pieces = parts.flatMap(({ name, body, file, type = 'text/csv' }) => [
    `--${BOUNDARY}\r\ncontent-disposition: form-data; name="${name}"`,
    file === undefined ? '\r\n\r\n' : `; filename="${file}"\r\ncontent-type: ${type}\r\n\r\n`,
    body,
    '\r\n',
  ])
  const whole = Buffer.concat([...pieces, `--${BOUNDARY}--\r\n`].map((piece) => Buffer.from(piece)))
  return whole.subarray(0, whole.length - cut)
}

const mappingOf = (mapping: object) => `mapping=${encodeURIComponent(JSON.stringify(mapping))}`

/** Sends a file and waits until its load has ended; `file` is the body, or what `post` takes. */
async function load(
  app: Running,
  query: string,
  file: unknown,
  headers: Record<string, string> = CSV,
): Promise<Load> {
  const answer = await app.post(`/loads?${query}`, file, headers)
  assert.equal(answer.status, 202, answer.text)
  assert.equal(answer.headers.location, `/api/v1/loads/${answer.body.id}`)
  const ended = await app.loaded(answer.body.id)
  const { rows_read, rows_loaded, rows_updated, rows_unchanged, rows_rejected } = ended
  assert.equal(rows_read, rows_loaded + rows_updated + rows_unchanged + rows_rejected)
  assert.equal(ended.progress === 1, ended.status === 'done')
  assert.equal(ended.error === null, ended.status === 'done')
  return ended
}

/** Loaded, updated, unchanged, rejected. */
function counts(ended: Load): number[] {
  assert.equal(ended.status, 'done', ended.error ?? '')
  return [ended.rows_loaded, ended.rows_updated, ended.rows_unchanged, ended.rows_rejected]
}

async function rejects(app: Running, { id }: Load): Promise<unknown[][]> {
  const { body } = await app.get(`/loads/${id}/rejects`)
  return body.items.map(({ line, column, value, reason }: Record<string, unknown>) => [
    line,
    column,
    value,
    reason,
  ])
}

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

/** Waits for a loader other than those in `known`. */
async function nextLoader(known: Set<number>): Promise<number> {
  for (let turn = 0; turn < 4000; turn++) {
    const pid = loaderPids().find((each) => !known.has(each))
    if (pid !== undefined) return pid
    await delay(1)
  }
  throw new Error('no loader was started')
}

/** Sends a file whose loader is stopped before it gets the file, so that the load runs until something ends it. */
async function stuckLoad(
  app: Running,
  file: string,
): Promise<{ id: string; pid: number; known: Set<number> }> {
  const body = new PassThrough()
  const answer = app.post('/loads?target=measurements', body, CSV)
  body.write(file)
  const pid = await nextLoader(new Set())
  const known = new Set(loaderPids())
  process.kill(pid, 'SIGSTOP')
  body.end()
  const { id } = (await answer).body
  await until(async () => (await app.get(`/loads/${id}`)).body.status === 'running')
  return { id, pid, known }
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

    await t.test(
      'a form that is not whole, or says too late where its file goes, leaves nothing behind',
      async () => {
        const file = { name: 'file', file: 'm.csv', body: `${HEADER}${'x'.repeat(5000)}` }
        const target = { name: 'target', body: 'measurements' }
        const kept = () => readdirSync(join(app.folder, 'loads')).length
        const before = kept()
        const cases: [string, Buffer, number, RegExp][] = [
          ['cut before the last boundary', form([target, file], BOUNDARY.length + 8), 400, /breaks off/],
          ['cut within the file', form([target, file], 2000), 400, /breaks off/],
          ['cut within a field', form([{ ...target, body: 'x'.repeat(100) }], 80), 400, /breaks off/],
          ['target behind the file', form([file, target]), 422, /target=assets/],
          [
            'mapping behind the file',
            form([target, file, { name: 'mapping', body: '{}' }]),
            422,
            /before the file/,
          ],
          ['two files', form([target, file, file]), 422, /several files/],
          ['no file', form([target]), 422, /no file/],
          [
            'an unknown field',
            form([target, { name: 'owner', body: 'me' }, file]),
            422,
            /fields of the form/,
          ],
          [
            'a wrong mapping',
            form([target, { name: 'mapping', body: '{"delimiter":""}' }, file]),
            422,
            /mapping/,
          ],
          [
            'a long field',
            form([target, { name: 'mapping', body: ' '.repeat(300_000) }, file]),
            413,
            /too long/,
          ],
        ]
        for (const [what, body, status, detail] of cases) {
          const answer = await app.post('/loads', body, FORM)
          assert.equal(answer.status, status, `${what}: ${answer.text}`)
          assert.match(answer.body.detail, detail, what)
        }
        assert.equal(kept(), before)
        const empty = await app.post('/loads?target=measurements', '', FORM)
        assert.ok([400, 422].includes(empty.status), empty.text)
      },
    )

    await t.test('what cannot be a load is refused at the door, and nothing of it is kept', async () => {
      const kept = readdirSync(join(app.folder, 'loads')).length
      const query = '/loads?target=measurements'
      const large = `${HEADER}${'x'.repeat(2_100_000)}`
      const cases: [string, unknown, Record<string, string>, number][] = [
        [query, '<a/>', { 'content-type': 'application/xml' }, 415],
        [query, 'PAR1', { 'content-type': 'application/vnd.apache.parquet' }, 415],
        [query, 'x', { 'content-type': 'application/gzip' }, 415],
        [query, gzipSync(HEADER), { ...CSV, 'content-encoding': 'gzip, gzip' }, 415],
        [query, HEADER, { ...CSV, 'content-encoding': 'br' }, 415],
        [query, large, CSV, 413],
        [
          '/loads',
          form([
            { name: 'target', body: 'measurements' },
            { name: 'f', file: 'm.csv', body: large },
          ]),
          FORM,
          413,
        ],
        [query, '', CSV, 422],
        ['/loads', HEADER, CSV, 422],
        ['/loads?target=everything', HEADER, CSV, 422],
        ['/loads?target=dataset:No', HEADER, CSV, 422],
        [`${query}&mapping=%7B`, HEADER, CSV, 422],
        [`${query}&${mappingOf({ delimiter: ';;' })}`, HEADER, CSV, 422],
        [`${query}&${mappingOf({ unknown: 1 })}`, HEADER, CSV, 422],
        [`${query}&more=1`, HEADER, CSV, 422],
      ]
      for (const [path, body, headers, status] of cases) {
        const answer = await app.post(path, body, headers)
        assert.equal(answer.status, status, `${path} ${headers['content-type']}: ${answer.text}`)
      }
      assert.equal(readdirSync(join(app.folder, 'loads')).length, kept)
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

    await t.test('bytes of another encoding are refused or decoded, never stored as nonsense', async () => {
      await app.post('/datasets', {
        name: 'encoded',
        columns: [
          { name: 'name', type: 'text' },
          { name: 'v', type: 'integer' },
        ],
      })
      const latin = Buffer.from('name,v\nJos\u00e9,1\nAda,2\n', 'latin1')
      const query = 'target=dataset:encoded'

      const plain = await load(app, query, latin)
      const named = await load(app, `${query}&${mappingOf({ encoding: 'latin1' })}`, latin)
      const wide = await load(app, query, Buffer.from('\ufeffname,v\nZo\u00eb,3\n', 'utf16le'))

      assert.deepEqual(counts(plain), [1, 0, 0, 1])
      assert.match(String((await rejects(app, plain))[0]?.[3]), /not UTF-8/)
      assert.deepEqual(counts(named), [2, 0, 0, 0])
      assert.deepEqual(counts(wide), [1, 0, 0, 0])
      const names = (await datasetRows('encoded')).map(({ name: text }: { name: string }) => text)
      assert.deepEqual(names.toSorted(), ['Ada', 'Ada', 'José', 'Zoë'])
    })

    await t.test('a name that could fool anyone is shown harmless and is no path', async () => {
      const body = form([
        { name: 'target', body: 'measurements' },
        { name: 'file', file: '../../a\u0000b\u202evsc.exe', body: HEADER },
      ])

      const { status, body: answer, text } = await app.post('/loads', body, FORM)

      assert.ok([202, 400].includes(status), text)
      if (status === 202) {
        assert.doesNotMatch(answer.file_name, /[\u0000-\u001f\u202e]/)
        assert.ok(readdirSync(join(app.folder, 'loads')).includes(answer.id))
        await app.loaded(answer.id)
      }
    })

    await t.test('a page of script in a file stays text wherever it is shown', async () => {
      const file = '<script>alert(1)</script>,value\n1,2\n'

      const ended = await load(app, 'target=measurements', file)
      const refused = await load(app, 'target=assets', `id,type,name\n${'<img src=x>'},site\n`)
      const { headers, text } = await app.get(`/loads/${refused.id}/rejects?format=csv`)

      assert.equal(ended.status, 'failed')
      assert.match(ended.error ?? '', /^no column gives /)
      assert.match(text, /<img src=x>/)
      assert.match(String(headers['content-disposition']), /^attachment/)
      assert.equal(headers['x-content-type-options'], 'nosniff')
      assert.match(String(headers['content-type']), /^text\/csv/)
    })

    await t.test('hostile files end with a reason, and nothing of them is stored', async () => {
      const signal = await givenSignal()
      const bomb = gzipSync(HEADER + `${signal.id},2026-01-31,1\n`.repeat(500_000))
      const files: [unknown, Record<string, string>, RegExp][] = [
        [`${'c,'.repeat(200_000)}c\n1\n`, CSV, /more than 5000 columns/],
        [`${HEADER}${'x'.repeat(1_500_000)},1\n`, CSV, /line 2 is longer than 1048576 bytes/],
        [`${HEADER}"${signal.id},2026-01-31,1\n${'x'.repeat(1_500_000)}`, CSV, /a quote may not be closed/],
        [bomb, { 'content-type': 'application/gzip' }, /larger than 2 MB when inflated/],
        ['['.repeat(100_000), JSON_TYPE, /deeper than 64 levels/],
        [`[{"signal_id":"${signal.id}"`, JSON_TYPE, /in the middle of its JSON/],
        ['{"rows":[]}', JSON_TYPE, /name the path of its rows/],
      ]
      const ended = await Promise.all(
        files.map(([file, headers]) => load(app, 'target=measurements&file_name=x.csv.gz', file, headers)),
      )

      for (const [index, { status, error, rows_read }] of ended.entries()) {
        assert.deepEqual([status, rows_read], ['failed', 0])
        assert.match(error ?? '', files[index]?.[2] ?? /never/)
      }
      assert.deepEqual(await stored(signal), [])
      assert.deepEqual(readdirSync(join(app.folder, 'staging')), [])
    })

    await t.test('U+0000 in a file is refused or shown, and stops nothing', async () => {
      const assets = await load(
        app,
        'target=assets',
        'id,type,name\nnul\u0000,site,a\u0000b\nnul-2,site,fine\n',
      )
      const readings = await load(app, 'target=measurements', `${HEADER}a\u0000,2026-01-31,1\u0000\n`)
      const rows = await load(app, 'target=dataset:zeros', 'label,v\nfine,1\na\u0000b,2\n')

      assert.deepEqual(counts(assets), [1, 0, 0, 1])
      assert.deepEqual(counts(readings), [0, 0, 0, 1])
      assert.deepEqual(counts(rows), [1, 0, 0, 1])
      const { body } = await app.get(`/loads/${readings.id}/rejects`)
      assert.equal(body.items[0].raw, 'a\ufffd,2026-01-31,1\ufffd')
    })

    await t.test('the same file with the same key is one load', async () => {
      const signal = await givenSignal()
      const file = `${HEADER}${signal.id},2026-01-31,1\n`
      const headers = { ...CSV, 'idempotency-key': `load-${signal.id}` }
      const send = (body: string, query = 'target=measurements') => app.post(`/loads?${query}`, body, headers)

      const answers = await Promise.all([send(file), send(file), send(file), send(file)])
      const [first] = answers
      await app.loaded(first?.body.id)
      answers.push(await send(file))

      for (const answer of answers) {
        assert.equal(answer.status, 202, answer.text)
        assert.equal(answer.body.id, first?.body.id)
      }
      assert.deepEqual(await stored(signal), [['2026-01-31T00:00:00Z', 1]])
      const others: Promise<Answer>[] = [
        send(`${file}\n`),
        send(file, 'target=assets'),
        send(file, `target=measurements&${mappingOf({ tz: 'Asia/Tokyo' })}`),
      ]
      for (const answer of await Promise.all(others)) assert.equal(answer.status, 409, answer.text)
      const { body } = await app.get('/loads?limit=1000')
      assert.equal(body.items.filter(({ id }: Load) => id === first?.body.id).length, 1)
      for (const bad of ['', 'x'.repeat(10_000), 'a b', 'ä']) {
        const answer = await app.post('/loads?target=measurements', file, { ...CSV, 'idempotency-key': bad })
        assert.ok([400, 431].includes(answer.status), `${bad.slice(0, 10)}: ${answer.text}`)
      }
    })

    await t.test('files that come at the same moment are all loaded', async () => {
      const signal = await givenSignal()
      const ended = await Promise.all(
        Array.from({ length: 8 }, (_, index) =>
          load(app, 'target=measurements', `${HEADER}${signal.id},2026-01-0${index + 1},${index}\n`),
        ),
      )

      for (const each of ended) assert.deepEqual(counts(each), [1, 0, 0, 0])
      assert.equal((await stored(signal)).length, 8)
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

    await t.test(
      'a file whose loader dies twice is set aside with a reason; one that dies once is loaded',
      async () => {
        const signal = await givenSignal()
        const twice = await stuckLoad(app, `${HEADER}${signal.id},2026-01-31,1\n`)
        process.kill(twice.pid, 'SIGKILL')
        process.kill(await nextLoader(twice.known), 'SIGKILL')
        const failed = await app.loaded(twice.id)

        assert.deepEqual([failed.status, failed.rows_read], ['failed', 0])
        assert.match(failed.error ?? '', /stopped its reader twice/)
        assert.deepEqual(await stored(signal), [])

        const once = await stuckLoad(app, `${HEADER}${signal.id},2026-02-01,2\n`)
        process.kill(once.pid, 'SIGKILL')
        assert.deepEqual(counts(await app.loaded(once.id)), [1, 0, 0, 0])
        assert.deepEqual(await stored(signal), [['2026-02-01T00:00:00Z', 2]])
      },
    )
  })
}
