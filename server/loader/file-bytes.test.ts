import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import type { Mapping } from '../../contract/mapping.ts'
import { fieldsOf, readBytes } from '../../tests/read-records.ts'
import { FileRefused } from './job.ts'

const refused = (message: RegExp) => (error: Error) => {
  assert.ok(error instanceof FileRefused, String(error))
  assert.match(error.message, message)
  return true
}

const csv = (bytes: Uint8Array, mapping: Mapping = {}) => readBytes(bytes, { format: 'csv', mapping })
const TEXT = 'name,v\nJosé,1\n"zwölf\nZeilen",2\n'
const ROWS = [
  ['José', '1'],
  ['zwölf\nZeilen', '2'],
]

const utf16le = (text: string) => Buffer.from(text, 'utf16le')
const utf16be = (text: string) => utf16le(text).swap16()

test('each encoding and packing gives the same rows', async () => {
  const packings = [(bytes: Buffer) => bytes, gzipSync, zstdCompressSync]
  const encodings: [Buffer, Mapping][] = [
    [Buffer.from(TEXT), {}],
    [Buffer.from(`\ufeff${TEXT}`), {}],
    [Buffer.from(`\ufeff${TEXT}`), { encoding: 'latin1' }],
    [utf16le(`\ufeff${TEXT}`), {}],
    [utf16be(`\ufeff${TEXT}`), { encoding: 'utf-8' }],
    [utf16le(TEXT), { encoding: 'utf-16le' }],
    [utf16be(TEXT), { encoding: 'utf-16be' }],
    [Buffer.from(TEXT, 'latin1'), { encoding: 'latin1' }],
  ]
  for (const [bytes, mapping] of encodings) {
    for (const pack of packings) {
      const found = await csv(pack(bytes), mapping)

      assert.deepEqual(found.names, ['name', 'v'])
      assert.deepEqual(fieldsOf(found), ROWS)
      assert.ok(found.records.every(({ clean }) => clean))
    }
  }
})

test('Latin-1 is read as Windows-1252, which has the euro sign', async () => {
  const found = await csv(Buffer.from([0x61, 0x0a, 0x80, 0x0a]), { encoding: 'latin1' })

  assert.deepEqual(fieldsOf(found), [['€']])
})

test('what is nothing in the encoding of its file is never clean text', async () => {
  const half = Buffer.concat([utf16le('\ufeffa,b\n1,2\n3,'), Buffer.from([0x00, 0xd8]), utf16le('\n')])
  const cases: [Buffer, Mapping, boolean[]][] = [
    [Buffer.from('a\nJos\u00e9\nAda\n', 'latin1'), {}, [false, true]],
    [half, {}, [true, false]],
    [Buffer.concat([utf16le('\ufeffa\n1\n2'), Buffer.from([0x31])]), {}, [true, false]],
    [Buffer.from('a\n\ufffd\n'), {}, [true]],
  ]
  for (const [bytes, mapping, clean] of cases) {
    const found = await csv(bytes, mapping)

    assert.deepEqual(
      found.records.map((record) => record.clean),
      clean,
    )
  }
})

test('gzip files behind one another are one; of zstd that is refused, as only the first would be read', async () => {
  const both = (pack: (text: string) => Buffer) => csv(Buffer.concat([pack('a\n1\n'), pack('2\n')]))

  assert.deepEqual(fieldsOf(await both(gzipSync)), [['1'], ['2']])
  await assert.rejects(both(zstdCompressSync), refused(/something stands behind the end/))
})

test('what is packed too far, twice, or not whole is refused', async () => {
  const large = `${'x'.repeat(100_000)}\n`.repeat(1000)
  for (const [pack, name] of [
    [gzipSync, 'gzip'],
    [zstdCompressSync, 'zstd'],
  ] as const) {
    const small = pack(TEXT.repeat(1000))
    const limited = { format: 'csv', inflatedBytes: 10_000_000 } as const

    await assert.rejects(readBytes(pack(large), limited), refused(/larger than 10 MB when inflated/))
    await assert.rejects(csv(pack(large)), refused(/more than 200 times its size/))
    await assert.rejects(csv(small.subarray(0, small.length >> 1)), refused(new RegExp(`not whole ${name}`)))
    await assert.rejects(csv(pack(small)), refused(/packed twice/))
  }
})

test('lines end with LF, CRLF or CR', async () => {
  const line = fc.array(fc.constantFrom('1', 'zwei', '"a ""b"" c"', '"3,3"'), { minLength: 2, maxLength: 2 })
  await fc.assert(
    fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 5 }), async (lines) => {
      const [lf, crlf, cr] = await Promise.all(
        ['\n', '\r\n', '\r'].map((end) => csv(Buffer.from(`a,b${end}${lines.join(end)}${end}`))),
      )

      assert.equal(lf?.records.length, lines.length)
      assert.deepEqual(crlf, lf)
      assert.deepEqual(cr, lf)
    }),
    { numRuns: 20 },
  )
})

test('a line without an end is refused before more of it is held than a record may have', async () => {
  const endless = (start: string) =>
    Buffer.concat([Buffer.from(`a,b\n${start}`), Buffer.alloc(24_000_000, 'x')])

  for (const start of ['', '"', '1,"']) {
    await assert.rejects(csv(endless(start)), refused(/line 2 is longer than 1048576 bytes/))
  }
  await assert.rejects(csv(Buffer.from(`${'c,'.repeat(200_000)}c\n`)), refused(/more than 5000 columns/))
})

test('rows with more or fewer fields than the header, or with an open quote, are told by their line', async () => {
  const found = await csv(Buffer.from('a,b\n1,2\n3\n"4\n5",6\n7,8,9\n10,"11\n'))

  assert.deepEqual(
    found.records.map(({ line, broken }) => [line, broken]),
    [
      [2, ''],
      [3, 'it has 1 field, the others have 2'],
      [4, ''],
      [6, 'it has 3 fields, the others have 2'],
      [7, 'a quote that opens a field is never closed'],
    ],
  )
})
