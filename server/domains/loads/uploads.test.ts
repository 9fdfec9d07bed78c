// The tests of one engine share one service, each with signals and datasets of its own: starting one for each would
// take most of the time.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import type { Load } from '../../../contract/loads.ts'
import { type Answer, ENGINES, type Running, startApp } from '../../../tests/harness.ts'
import {
  BOUNDARY,
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

/** Names of the files that are kept of loads. */
function keptFiles({ folder }: Running): string[] {
  const path = join(folder, 'loads')
  return existsSync(path) ? readdirSync(path).sort() : []
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(2)
}

for (const [name, open] of Object.entries(ENGINES)) {
  test(`uploads on ${name}`, async (t) => {
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

    await t.test(
      'a form that is not whole, or says too late where its file goes, leaves nothing behind',
      async () => {
        const file = { name: 'file', file: 'm.csv', body: `${HEADER}${'x'.repeat(5000)}` }
        const target = { name: 'target', body: 'measurements' }
        const before = keptFiles(app)
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
        assert.deepEqual(keptFiles(app), before)
        const empty = await app.post('/loads?target=measurements', '', FORM)
        assert.ok([400, 422].includes(empty.status), empty.text)
      },
    )

    await t.test('what cannot be a load is refused at the door, and nothing of it is kept', async () => {
      const before = keptFiles(app)
      const query = '/loads?target=measurements'
      const large = `${HEADER}${'x'.repeat(2_100_000)}`
      const cases: [string, unknown, Record<string, string>, number][] = [
        [query, '<a/>', { 'content-type': 'text/html' }, 415],
        [query, 'PNG', { 'content-type': 'image/png' }, 415],
        [query, '\u0001', { 'content-type': 'application/gzip' }, 415],
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
      assert.deepEqual(keptFiles(app), before)
    })

    await t.test('a connection that breaks off within a file leaves nothing behind', async () => {
      const before = keptFiles(app)
      const token = await app.tokenOf('manager')
      const wires: [Record<string, string>, string | Buffer][] = [
        [CSV, HEADER],
        [FORM, form([{ name: 'file', file: 'm.csv', body: HEADER }], 20)],
      ]
      for (const [type, start] of wires) {
        const upload = request(`${app.url}/api/v1/loads?target=measurements`, {
          method: 'POST',
          headers: { ...type, authorization: `Bearer ${token}`, 'content-length': 1_000_000 },
        })
        const broken = once(upload, 'error')
        upload.write(start)
        await until(() => keptFiles(app).length > before.length)
        upload.destroy()
        await broken
        await until(() => keptFiles(app).length === before.length)
      }

      assert.equal((await load(app, 'target=measurements', HEADER)).status, 'done')
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

      const [plain, named, wide] = await Promise.all([
        load(app, query, latin),
        load(app, `${query}&${mappingOf({ encoding: 'latin1' })}`, latin),
        load(app, query, Buffer.from('\ufeffname,v\nZo\u00eb,3\n', 'utf16le')),
      ])

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
        assert.doesNotMatch(answer.file_name, /[\p{Cc}\u202e]/u)
        assert.ok(readdirSync(join(app.folder, 'loads')).includes(answer.id))
        await app.loaded(answer.id)
      }
    })

    await t.test('a page of script in a file stays text wherever it is shown', async () => {
      const file = '<script>alert(1)</script>,value\n1,2\n'

      const ended = await load(app, 'target=measurements', file)
      const refused = await load(app, 'target=assets', 'id,type,name\n<img src=x>,site\n')
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
      const [assets, readings, rows] = await Promise.all([
        load(app, 'target=assets', 'id,type,name\nnul\u0000,site,a\u0000b\nnul-2,site,fine\n'),
        load(app, 'target=measurements', `${HEADER}a\u0000,2026-01-31,1\u0000\n`),
        load(app, 'target=dataset:zeros', 'label,v\nfine,1\na\u0000b,2\n'),
      ])

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
        Array.from({ length: 6 }, (_, index) =>
          load(app, 'target=measurements', `${HEADER}${signal.id},2026-01-0${index + 1},${index}\n`),
        ),
      )

      for (const each of ended) assert.deepEqual(counts(each), [1, 0, 0, 0])
      assert.equal((await stored(signal)).length, 6)
    })
  })
}
