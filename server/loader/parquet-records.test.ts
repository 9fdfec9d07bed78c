import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import fc from 'fast-check'
import type { Mapping } from '../../contract/mapping.ts'
import { fieldsOf, readBytes } from '../../tests/read-records.ts'
import { FileRefused } from './job.ts'

const refused = (message: RegExp) => (error: Error) => {
  assert.ok(error instanceof FileRefused, String(error))
  assert.match(error.message, message)
  return true
}

const read = (bytes: Uint8Array, mapping: Mapping = {}, inflatedBytes = 1e9) =>
  readBytes(bytes, { format: 'parquet', mapping, inflatedBytes })

test('a file that another tool wrote is read', async () => {
  const bytes = readFileSync(new URL('../../tests/files/readings-by-hyparquet.parquet', import.meta.url))
  const found = await read(bytes)

  assert.deepEqual(found.names, [
    'signal_id',
    'measured_at',
    'value',
    'quality',
    'count',
    'good',
    'tags',
    'ratio',
  ])
  assert.deepEqual(fieldsOf(found), [
    ['s1', '2026-01-31T12:00:00Z', '110.25', '1', '1', 'true', '{"a":[1,2]}', '0.1'],
    ['s1', '2026-01-31T12:15:00.25Z', '-0.1', '2', '2', 'false', '{"a":[]}', '0.2'],
    ['s2', '2026-02-01T00:00:00Z', '1e+21', '3', '9007199254740993', 'true', null, '0.3'],
    ['Straße', '2026-02-01T06:00:00Z', null, null, null, null, '{"b":"x"}', '0.4'],
  ])
})

describe('files written by DuckDB', () => {
  const state = {} as { folder: string; connection: DuckDBConnection }
  before(async () => {
    state.folder = await mkdtemp(join(tmpdir(), 'tidemark-parquet-'))
    state.connection = await (await DuckDBInstance.create(':memory:')).connect()
  })
  after(() => rm(state.folder, { recursive: true }))

  /** The bytes of a file with the rows of a query. */
  async function written(query: string, options = ''): Promise<Buffer> {
    const path = join(state.folder, 'written.parquet')
    await state.connection.run(`copy (${query}) to '${path}' (format parquet${options})`)
    return readFile(path)
  }

  test('each type is text that tells its value', async () => {
    const cases: [string, string | null][] = [
      [`1::tinyint`, '1'],
      [`9223372036854775807::bigint`, '9223372036854775807'],
      [`18446744073709551615::ubigint`, '18446744073709551615'],
      [`110::double`, '110'],
      [`1e-7::double`, '1e-7'],
      [`0.1::float`, '0.1'],
      [`12.340::decimal(10, 3)`, '12.340'],
      [`12345678901234567890.5::decimal(30, 1)`, '12345678901234567890.5'],
      [`'nan'::double`, 'NaN'],
      [`'-inf'::double`, '-Infinity'],
      [`true`, 'true'],
      [`'a "b", c'`, 'a "b", c'],
      [`''`, ''],
      [`null::text`, null],
      [`timestamp '2026-01-31 12:00:00.123456'`, '2026-01-31T12:00:00.123456'],
      [`timestamp '2026-01-31'`, '2026-01-31T00:00:00'],
      [`timestamptz '2026-01-31 12:00:00+02'`, '2026-01-31T10:00:00Z'],
      [`timestamp_ns '2026-01-31 12:00:00.000000001'`, '2026-01-31T12:00:00.000000001'],
      [`date '2026-01-31'`, '2026-01-31'],
      [`time '12:30:00'`, '12:30:00'],
      [`encode('ä')`, 'ä'],
      [`'\\xAB'::blob`, '\\xAB'],
      [`[1, null, 2]`, '[1,null,2]'],
      [`{'a': 1, 'b': ['x']}`, '{"a":1,"b":["x"]}'],
      [`map {'k': 1.5::double}`, '{"k":1.5}'],
      [`'00000000-0000-0000-0000-000000000001'::uuid`, '00000000-0000-0000-0000-000000000001'],
    ]
    const bytes = await written(
      `select ${cases.map(([value], index) => `${value} as "c ""${index}"`).join(', ')}`,
    )
    const found = await read(bytes)

    assert.deepEqual(
      found.names,
      cases.map((_, index) => `c "${index}`),
    )
    assert.deepEqual(fieldsOf(found), [cases.map(([, text]) => text)])
    const decimals = await read(bytes, { decimal: ',' })
    assert.deepEqual(decimals.records[0]?.fields.slice(3, 8), [
      '110',
      '1e-7',
      '0,1',
      '12,340',
      '12345678901234567890,5',
    ])
  })

  test('rows come in order, from all row groups, in any compression, packed or not', async () => {
    for (const codec of ['snappy', 'gzip', 'zstd', 'uncompressed']) {
      const query = `select range::integer as n, 'row ' || range as name from range(5000)`
      const bytes = await written(query, `, compression ${codec}, row_group_size 2048`)
      for (const packed of [bytes, gzipSync(bytes), zstdCompressSync(bytes)]) {
        const { records } = await read(packed)

        assert.equal(records.length, 5000)
        assert.deepEqual([records[4999]?.line, records[4999]?.fields], [5000, ['4999', 'row 4999']])
      }
    }
  })

  test('a refused row is JSON that the same mapping reads from NDJSON', async () => {
    const { records } = await read(await written(`select 1.5::double as v, null::text as w, 'x' as "a.b"`), {
      decimal: ',',
    })

    assert.equal(records[0]?.raw, '{"v":"1,5","w":null,"a.b":"x"}')
    const again = await readBytes(Buffer.from(records[0]?.raw ?? ''), {
      format: 'ndjson',
      fields: ['v', 'w', 'a.b'],
    })
    assert.deepEqual(again.records[0]?.fields, records[0]?.fields)
  })

  test('a row that is too long is refused alone; too many columns or bytes refuse the file', async () => {
    const long = await written(`select repeat('x', n) as a from (values (600000), (1100000), (1)) t(n)`)
    const wide = await written(
      `select ${Array.from({ length: 5001 }, (_, index) => `1 as c${index}`).join(', ')}`,
    )
    const many = await written(`select 'a text that is one for all of them' as a from range(1000000)`)

    assert.deepEqual(
      (await read(long)).records.map(({ broken }) => broken),
      ['', 'it is longer than 1048576 bytes', ''],
    )
    await assert.rejects(read(wide), refused(/more than 5000 columns/))
    await assert.rejects(read(many, {}, 5e6), refused(/larger than 5 MB when inflated/))
  })

  test('a damaged file is refused with a sentence that names no path, or read as what it says', async () => {
    const bytes = await written(
      `select range as n, 'row ' || range as name, range * 1.5::double as v, [range] as l, timestamp '2026-01-01' + interval (range) minute as t from range(200)`,
    )
    const isRefused = (error: unknown) => {
      assert.ok(error instanceof FileRefused, String(error))
      assert.doesNotMatch(error.message, /tidemark-read|\/tmp/)
    }
    const byte = fc.integer({ min: 0, max: 255 })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(bytes.length - 1), byte), { minLength: 1, maxLength: 4 }),
        async (flips) => {
          const damaged = Buffer.from(bytes)
          for (const [at, value] of flips) damaged[at] = value
          await read(damaged).catch(isRefused)
        },
      ),
      { numRuns: 40 },
    )
    for (const end of [0, 3, 4, 100, bytes.length - 1])
      await assert.rejects(read(bytes.subarray(0, end)), refused(/Parquet file cannot be read/))
  })
})
