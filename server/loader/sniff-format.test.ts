import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { endingOf, readHead, sniffCompression, sniffFormat } from './sniff-format.ts'

test('a format is told by its first bytes, then by the name, then by how its text begins', () => {
  const cases: [string, string, string | undefined][] = [
    ['PAR1\u0015\u0004', 'x.csv', 'parquet'],
    ['PK\u0003\u0004\u0014', '', 'xlsx'],
    ['a,b\n1,2\n', '', 'csv'],
    ['a\tb\n', 'x.TSV', 'csv'],
    ['<p>,b\n', 'x.csv', 'csv'],
    ['\n <rows/>', '', 'xml'],
    ['<rows/>', 'x.xml.gz', 'xml'],
    ['a,b\n', 'x.parquet', 'parquet'],
    ['[{"a":1}]', '', 'json'],
    ['{"rows":[1]}', '', 'json'],
    ['{\n"a":1}', '', 'json'],
    ['{"a":1}', '', 'ndjson'],
    ['{"a":1}', 'x.json', 'json'],
    ['{"a":[1]}', 'x.ndjson', 'ndjson'],
    ['{"a":1}\n{"a":2}\n', 'x.json', 'ndjson'],
    ['', 'x.jsonl.zst', 'ndjson'],
    ['', '', 'csv'],
    ['\u0089PNG\r\n\u001a\n', '', undefined],
  ]
  for (const [text, name, format] of cases) {
    assert.equal(sniffFormat(Buffer.from(text, 'latin1'), name), format, `${JSON.stringify(text)} ${name}`)
  }
})

test('text is looked at in UTF-8 and UTF-16 of either order, with a byte-order mark', () => {
  for (const text of ['<zähler/>', '[1]', '{"ключ":1}\n{"ключ":2}', 'ä;b\n1;2']) {
    const expected = sniffFormat(Buffer.from(text), '')
    const wide = Buffer.from(`\ufeff${text}`, 'utf16le')

    assert.equal(sniffFormat(Buffer.from(`\ufeff${text}`), ''), expected, text)
    assert.equal(sniffFormat(wide, ''), expected, text)
    assert.equal(sniffFormat(Buffer.from(wide).swap16(), ''), expected, text)
  }
})

test('gzip and zstd are told by their first bytes', () => {
  assert.equal(sniffCompression(gzipSync('a')), 'gzip')
  assert.equal(sniffCompression(zstdCompressSync('a')), 'zstd')
  assert.equal(sniffCompression(Buffer.from('a,b')), undefined)
  assert.equal(sniffCompression(Buffer.alloc(0)), undefined)
})

test('the ending of a name is that below its packing', () => {
  assert.deepEqual(['a.CSV', 'a.csv.gz', 'a.b.json.zst', 'csv', '', 'a.gz'].map(endingOf), [
    'csv',
    'csv',
    'json',
    '',
    '',
    '',
  ])
})

test('the head of a packed file is unpacked, and no more of it', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-head-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 'file')
  const text = Buffer.from('a,b\n'.repeat(1_000_000))
  for (const [bytes, compression] of [
    [text, undefined],
    [gzipSync(text), 'gzip'],
    [zstdCompressSync(text), 'zstd'],
  ] as const) {
    await writeFile(path, bytes)

    const found = await readHead(path)

    assert.equal(found.compression, compression)
    assert.equal(found.head.length, 65_536)
    assert.equal(Buffer.from(found.head.subarray(0, 8)).toString(), 'a,b\na,b\n')
  }
  await writeFile(path, gzipSync(text).fill(0, 10, 200))
  assert.deepEqual(await readHead(path), { compression: 'gzip', head: new Uint8Array(0) })
})
