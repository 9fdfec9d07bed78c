// Files made to break whoever reads them, sent as anybody could send them: each ends with a reason, nothing of it is
// stored, and whoever comes behind it waits no longer than for any other.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { ENGINES, startApp } from './harness.ts'
import { CSV, counts, load, mappingOf, rejects } from './sent-files.ts'
import { writeXlsx } from './write-xlsx.ts'

const DELAY_MS = 5000
const OPAQUE = { 'content-type': 'application/octet-stream' }
const XML = { 'content-type': 'application/xml' }
const PARQUET = readFileSync(new URL('files/readings-by-hyparquet.parquet', import.meta.url))
const SHEET = readFileSync(new URL('files/readings-by-sheetjs.xlsx', import.meta.url))
const LARGE = `${'x'.repeat(1000)},2\n`.repeat(40_000)
const LAUGHS = `<?xml version="1.0"?><!DOCTYPE z [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "${'&a;'.repeat(10)}"><!ENTITY c "${'&b;'.repeat(10)}">]><z>&c;</z>`
const OUTSIDE = '<!DOCTYPE z [<!ENTITY x SYSTEM "file:///etc/passwd">]><rows><row><v>&x;</v></row></rows>'

const cellOf = (text: string) => `<c t="str"><v>${text}</v></c>`

/** Name, type, bytes, and why the file is refused. */
const REFUSED: [string, Record<string, string>, string | Uint8Array, RegExp][] = [
  [
    'line.csv',
    CSV,
    Buffer.concat([Buffer.from('a,b\n'), Buffer.alloc(24_000_000, 'x')]),
    /line 2 is longer than 1048576 bytes/,
  ],
  [
    'quote.csv',
    CSV,
    Buffer.concat([Buffer.from('a,b\n"'), Buffer.alloc(4_000_000, 'x')]),
    /a quote may not be closed/,
  ],
  ['wide.csv', CSV, `${'c,'.repeat(200_000)}c\n1\n`, /more than 5000 columns/],
  [
    'bomb.csv.gz',
    { 'content-type': 'application/gzip' },
    gzipSync(`a,b\n${LARGE}`),
    /larger than 32 MB when inflated/,
  ],
  ['bomb.csv.zst', OPAQUE, zstdCompressSync(`a,b\n${LARGE}`), /larger than 32 MB when inflated/],
  ['twice.csv.gz', CSV, gzipSync(gzipSync('a,b\n1,2\n')), /packed twice/],
  ['cut.csv.zst', CSV, zstdCompressSync('a,b\n1,2\n').subarray(0, 12), /not whole zstd/],
  ['laughs.xml', XML, LAUGHS, /has a DOCTYPE/],
  ['outside.xml', XML, OUTSIDE, /has a DOCTYPE/],
  [
    'amp.xml',
    XML,
    `<rows><row><v>${'&amp;'.repeat(2_000_000)}</v></row></rows>`,
    /longer than 1048576 bytes/,
  ],
  ['deep.xml', XML, '<a>'.repeat(100_000), /deeper than 64 elements/],
  ['cut.xml', OPAQUE, '<rows><row><v>1</v></row><row>', /not well-formed XML/],
  [
    'bomb.xlsx',
    OPAQUE,
    writeXlsx({
      rows: `<row>${cellOf('a')}</row>${`<row>${cellOf('x'.repeat(1000))}</row>`.repeat(32_000)}`,
    }),
    /larger than 32 MB when inflated/,
  ],
  ['cut.xlsx', OPAQUE, SHEET.subarray(0, 2000), /no XLSX/],
  ['cut.parquet', OPAQUE, PARQUET.subarray(0, 500), /Parquet file cannot be read/],
  ['text.parquet', OPAQUE, 'a,b\n1,2\n', /Parquet file cannot be read/],
]

for (const [name, open] of Object.entries(ENGINES)) {
  test(`hostile files on ${name}`, async (t) => {
    const app = await startApp(t, open, { settings: { UPLOAD_LIMIT_MB: '32' } })
    const rowsOf = async (dataset: string) => (await app.get(`/datasets/${dataset}/rows`)).body.items
    const columns = ['a', 'b'].map((column) => ({ name: column, type: 'text' }))
    await app.post('/datasets', { name: 'hostile', columns })
    const query = (file: string) => `target=dataset:hostile&file_name=${file}`

    await t.test('end with a reason, and hold nobody up', async () => {
      for (const [file, headers, bytes, reason] of REFUSED) {
        const before = performance.now()
        const [ended, behind] = await Promise.all([
          load(app, query(file), bytes, headers),
          load(app, query('good.csv'), 'a,b\nfine,\n').then((good) => ({
            good,
            ms: performance.now() - before,
          })),
        ])

        assert.deepEqual([ended.status, ended.rows_read], ['failed', 0], file)
        assert.match(ended.error ?? '', reason, file)
        assert.doesNotMatch(ended.error ?? '', /tidemark-|\/tmp/)
        assert.deepEqual(counts(behind.good), [1, 0, 0, 0])
        assert.ok(behind.ms < DELAY_MS, `the file behind ${file} took ${Math.round(behind.ms)} ms`)
      }
      assert.equal((await rowsOf('hostile')).filter(({ a }: { a: string }) => a !== 'fine').length, 0)
      assert.deepEqual(readdirSync(join(app.folder, 'staging')), [])
    })

    await t.test(
      'with rows of other widths keep those that fit, and tell the lines of the others',
      async () => {
        const file = 'ts,metric,value\n2026-01-01,a,1\n2026-01-02,a\n2026-01-03,a,3,extra\n2026-01-04,a,4\n'

        const ended = await load(app, 'target=dataset:ragged', file)

        assert.deepEqual(counts(ended), [2, 0, 0, 2])
        assert.deepEqual(await rejects(app, ended), [
          [3, null, null, 'it has 2 fields, the others have 3'],
          [4, null, null, 'it has 4 fields, the others have 3'],
        ])
      },
    )

    await t.test('in other encodings are decoded or refused, never stored as nonsense', async () => {
      const latin = Buffer.from('bmFtZSx2Cul06SwxCg==', 'base64')
      const wide = Buffer.from('//5hACwAYgAKADEALAAyAAoA', 'base64')

      const refused = await load(app, 'target=dataset:latin', latin)
      const named = await load(app, `target=dataset:latin&${mappingOf({ encoding: 'latin1' })}`, latin)
      const marked = await load(app, query('u.csv'), wide)
      const turned = await load(app, query('u.csv'), Buffer.from(wide).swap16())

      assert.deepEqual(counts(refused), [0, 0, 0, 1])
      assert.equal((await app.get(`/loads/${refused.id}/rejects`)).body.items[0].rule, 'encoding')
      for (const ended of [named, marked, turned]) assert.deepEqual(counts(ended), [1, 0, 0, 0])
      assert.equal((await rowsOf('latin'))[0].name, 'été')
    })

    await t.test('with names of objects change no object', async () => {
      const file = '<rows><row><__proto__><isManager>1</isManager></__proto__><a>1</a></row></rows>'

      const ended = await load(app, query('p.xml'), file, XML)

      assert.deepEqual(counts(ended), [1, 0, 0, 0])
      assert.equal(({} as { isManager?: unknown }).isManager, undefined)
    })

    await t.test('of Parquet with changed bytes are read or refused, and crash nothing', async () => {
      for (const seed of [1, 2, 3, 4, 5, 6]) {
        const damaged = Buffer.from(PARQUET)
        for (let flip = 1; flip <= 4; flip++) {
          const at = (seed * 7919 * flip) % damaged.length
          damaged[at] = (damaged[at] ?? 0) ^ (1 << (seed % 8))
        }

        const ended = await load(app, `target=dataset:damaged${seed}&file_name=c.parquet`, damaged, OPAQUE)

        assert.ok(
          ended.status === 'done' || /Parquet|cannot be|type/.test(ended.error ?? ''),
          ended.error ?? '',
        )
      }
      assert.equal((await app.get('//healthz')).status, 200)
    })

    await t.test('that are no files of rows are refused at the door', async () => {
      const cases: [Record<string, string>, string | Uint8Array][] = [
        [{ 'content-type': 'image/png' }, 'x'],
        [OPAQUE, Buffer.from('\u0089PNG\r\n\u001a\n\u0000\u0000', 'latin1')],
        [{ ...CSV, 'content-encoding': 'gzip, zstd' }, gzipSync(zstdCompressSync('a,b\n'))],
      ]
      for (const [headers, body] of cases) {
        const answer = await app.post('/loads?target=dataset:hostile', body, headers)
        assert.equal(answer.status, 415, answer.text)
      }
    })
  })

  test(`files of each format on ${name}`, async (t) => {
    const app = await startApp(t, open)
    const signals = ['s1', 's2', 'Straße']
    for (const id of signals) await app.givenSignal({ id })
    const ended = await load(app, 'target=measurements&file_name=r.parquet', PARQUET, OPAQUE)
    const tz = mappingOf({ columns: { Signal: 'signal_id', Time: 'measured_at', Value: 'value' } })
    const sheet = await load(app, `target=measurements&file_name=r.xlsx&${tz}`, SHEET, OPAQUE)

    assert.deepEqual(counts(ended), [3, 0, 0, 1])
    assert.deepEqual(await rejects(app, ended), [[4, 'value', '', 'the value is missing']])
    // Noon and midnight stand in both files.
    assert.deepEqual(counts(sheet), [1, 0, 2, 1])
    assert.equal((await rejects(app, sheet))[0]?.[2], '06:00:00')
  })
}
