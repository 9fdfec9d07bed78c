import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { RecordScanner } from './csv-records.ts'
import { FileRefused } from './job.ts'
import { createJsonScanner, createNdjsonScanner } from './json-records.ts'
import { type FileRecord, fieldText, MOST_RECORD_BYTES, rawText } from './record.ts'

interface Found {
  line: number
  fields: (string | null)[]
  broken: string
}

const QUOTE = 34

function collector() {
  const found: Found[] = []
  const raws: string[] = []
  const take = (record: FileRecord) => {
    const fields = Array.from({ length: record.count }, (_, index) => fieldText(record, index, QUOTE))
    found.push({ line: record.line, fields, broken: record.broken })
    raws.push(rawText(record))
  }
  return { found, raws, take }
}

function push(scanner: RecordScanner, chunks: Uint8Array[]): void {
  for (const chunk of chunks) scanner.push(chunk)
  scanner.end()
}

/** The records of an array of JSON at `path`, each with the fields at `fields`. */
function scan(text: string, { path = '', fields = ['a', 'b'], places = [] as number[] } = {}): Found[] {
  const { found, take } = collector()
  push(createJsonScanner(path, { paths: fields }, take), cut(Buffer.from(text), places))
  return found
}

function scanLines(text: string, places: number[] = []): Found[] {
  const { found, take } = collector()
  push(createNdjsonScanner({ paths: ['a', 'b'] }, take), cut(Buffer.from(text), places))
  return found
}

/** The bytes in pieces that end at the given places. */
function cut(bytes: Uint8Array, places: number[]): Uint8Array[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b)
  return [0, ...ends].map((start, index) => bytes.subarray(start, ends[index] ?? bytes.length))
}

const plain = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }).map((text) => text.toWellFormed()),
  fc.constantFrom('"', '\\', '[', ']', '{', '}', ',', ':', '\\"', ']}', 'rows'),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
)
const nested = fc.oneof(
  plain,
  fc.array(plain, { maxLength: 3 }),
  fc.dictionary(fc.constantFrom('a', 'rows', ']', 'x"y'), plain, { maxKeys: 3 }),
)
const record = fc.record({ a: nested, b: nested, c: nested }, { requiredKeys: [] })
const places = fc.array(fc.nat(), { maxLength: 5 })
const indent = fc.constantFrom('', ' ', '\n\t')

/** A field as the loader should see it. */
function textOf(value: unknown): string | null {
  if (value === undefined || value === null) return null
  return typeof value === 'string' ? value : JSON.stringify(value)
}

const expectedOf = (records: { a?: unknown; b?: unknown }[]): Found[] =>
  records.map(({ a, b }, index) => ({ line: index + 1, fields: [textOf(a), textOf(b)], broken: '' }))

describe('records of JSON', () => {
  test('the objects of an array come one by one, however it is written and cut', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 5 }), indent, places, (records, space, cuts) => {
        const text = JSON.stringify(records, null, space)
        assert.deepEqual(scan(text, { places: cuts }), expectedOf(records))
      }),
      { numRuns: 500 },
    )
  })

  test('the array is found at its path, whatever stands around it', () => {
    fc.assert(
      fc.property(
        fc.array(record, { maxLength: 4 }),
        fc.dictionary(fc.constantFrom('a', 'z', 'row', 'rows.x'), nested, { maxKeys: 3 }),
        fc.dictionary(fc.constantFrom('b', 'y', 'data'), nested, { maxKeys: 3 }),
        fc.tuple(indent, places),
        (records, before, around, [space, cuts]) => {
          const document = {
            ...around,
            data: { ...before, rows: records, after: [1, { rows: [2] }] },
            last: [[]],
          }
          const text = JSON.stringify(document, null, space)
          assert.deepEqual(scan(text, { path: 'data.rows', places: cuts }), expectedOf(records))
        },
      ),
      { numRuns: 500 },
    )
  })

  test('fields are taken by key, or by a path of keys', () => {
    const rows = [{ a: { b: 1 }, 'a.c': 'whole', a2: [1] }, { a: { c: 'path' } }, { a: 'text' }]
    const found = scan(JSON.stringify(rows), { fields: ['a.b', 'a.c', 'a2', '__proto__', 'toString'] })

    assert.deepEqual(
      found.map(({ fields }) => fields),
      [
        ['1', 'whole', '[1]', null, null],
        [null, 'path', null, null, null],
        [null, null, null, null, null],
      ],
    )
  })

  test('whole numbers of any length keep their every digit', () => {
    const [found] = scan('[{"a":1767225600000000001,"b":{"c":[12345678901234567890,1e20,0.25]}}]')

    assert.deepEqual(found?.fields, [
      '1767225600000000001',
      '{"c":[12345678901234567890,100000000000000000000,0.25]}',
    ])
  })

  test('what is no object is one refused record', () => {
    const found = scan('[{"a":1}, 2, "x", [3], null, {"a":4} {"a":5}, {"a":}, {"a":6}]')

    assert.deepEqual(
      found.map(({ line, broken, fields }) => [line, broken, fields[0]]),
      [
        [1, '', '1'],
        ...[2, 3, 4, 5, 6, 7].map((line) => [line, 'it is not a JSON object', null]),
        [8, '', '6'],
      ],
    )
  })

  test('a record is shown as it came', () => {
    const { raws, take } = collector()
    push(createJsonScanner('', { paths: ['a'] }, take), [Buffer.from('[ {"a": 1 },\n{"a" :"é"}]')])

    assert.deepEqual(raws, ['{"a": 1 }', '{"a" :"é"}'])
  })

  test('a file that ends early, or goes on behind its end, is refused', () => {
    const whole = '{"rows": [{"a": "x"}, {"a": [1, "]"]}], "more": {"b": []}}'
    assert.equal(scan(whole, { path: 'rows' }).length, 2)

    for (let length = 0; length < whole.length; length++) {
      assert.throws(() => scan(whole.slice(0, length), { path: 'rows' }), FileRefused, `cut at ${length}`)
    }
    for (const more of ['x', ',', ']', '{}', '[{"a":1}]', '"']) {
      assert.throws(() => scan(`${whole}${more}`, { path: 'rows' }), FileRefused, more)
      assert.throws(() => scan(`[{"a":1}]${more}`), FileRefused, more)
    }
    assert.equal(scan(`${whole} \r\n\t`, { path: 'rows' }).length, 2)
  })

  test('a second array at the path is refused, not passed over', () => {
    assert.throws(() => scan('{"rows":[{"a":1}],"rows":[{"a":2}]}', { path: 'rows' }), FileRefused)
  })

  test('a file without the array is refused with what would be right', () => {
    assert.throws(() => scan('{"rows":[]}'), /name the path of its rows in `records`/)
    assert.throws(() => scan('{"row":[]}', { path: 'rows' }), /there is no array at rows/)
    assert.throws(() => scan('{"rows":{"a":[]}}', { path: 'rows' }), /there is no array at rows/)
    for (const text of ['', '  ', '1', '"[]"', 'null']) assert.throws(() => scan(text), FileRefused)
    assert.deepEqual(scan('[]'), [])
  })

  test('brackets nested deeper than 64 levels are refused, however many there are', () => {
    assert.equal(scan(`[{"a":${'['.repeat(62)}${']'.repeat(62)}}]`).length, 1)
    assert.throws(() => scan(`[{"a":${'['.repeat(63)}${']'.repeat(63)}}]`), /deeper than 64 levels/)
    assert.throws(() => scan('['.repeat(100_000)), /deeper than 64 levels/)
    assert.throws(() => scan('{"a":'.repeat(100_000), { path: 'rows' }), /deeper than 64 levels/)
  })

  test('a record longer than a megabyte is refused wherever its chunks end', () => {
    const record = `{"a":"${'x'.repeat(MOST_RECORD_BYTES)}"}`

    for (const place of [0, 100, record.length + 1]) {
      assert.throws(() => scan(`[${record},{"a":1}]`, { places: [place] }), /is longer than 1048576 bytes/)
      assert.throws(() => scanLines(`${record}\n{"a":1}\n`, [place]), /is longer than 1048576 bytes/)
    }
  })

  test('a record longer than a megabyte is refused as soon as it is too long', () => {
    const chunk = Buffer.alloc(MOST_RECORD_BYTES / 4, 'x')
    const starts = [
      [createJsonScanner('', { paths: ['a'] }, () => {}), '[{"a":"'],
      [createNdjsonScanner({ paths: ['a'] }, () => {}), '{"a":"'],
    ] as const
    for (const [scanner, start] of starts) {
      let pushed = 0
      scanner.push(Buffer.from(start))
      assert.throws(() => {
        for (; pushed < 400; pushed++) scanner.push(chunk)
      }, /is longer than 1048576 bytes/)
      assert.ok(pushed <= 4)
    }
  })
})

describe('records of NDJSON', () => {
  test('one object a line, however the file is cut', () => {
    fc.assert(
      fc.property(
        fc.array(record, { maxLength: 5 }),
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        places,
        (records, lineEnd, last, cuts) => {
          const lines = records.map((each) => JSON.stringify(each))
          const text = lines.join(lineEnd) + (last ? lineEnd : '')
          assert.deepEqual(scanLines(text, cuts), expectedOf(records))
        },
      ),
      { numRuns: 300 },
    )
  })

  test('empty lines are passed over and counted', () => {
    const found = scanLines('\n{"a":1}\n\r\n \n{"a":2}\nnonsense\n[1]\n')

    assert.deepEqual(
      found.map(({ line, fields, broken }) => [line, fields[0], broken === '']),
      [
        [2, '1', true],
        [5, '2', true],
        [6, null, false],
        [7, null, false],
      ],
    )
  })
})
