import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createCsvScanner } from './csv-records.ts'
import { FileRefused } from './job.ts'
import { type FileRecord, fieldText, MOST_FIELDS, MOST_RECORD_BYTES, rawText } from './record.ts'

interface Found {
  line: number
  fields: (string | null)[]
  broken: string
}

const COMMAS = { delimiter: ',', quote: '"' }

/** The records of a file that comes in the given chunks. */
function scan(chunks: Uint8Array[], { delimiter, quote } = COMMAS): Found[] {
  const found: Found[] = []
  const take = (record: FileRecord) => {
    const fields = Array.from({ length: record.count }, (_, index) =>
      fieldText(record, index, quote.charCodeAt(0)),
    )
    found.push({ line: record.line, fields, broken: record.broken })
  }
  const scanner = createCsvScanner({ delimiter: delimiter.charCodeAt(0), quote: quote.charCodeAt(0) }, take)
  for (const chunk of chunks) scanner.push(chunk)
  scanner.end()
  return found
}

const scanText = (text: string) => scan([Buffer.from(text)])
const fieldsOf = (text: string) => scanText(text).map(({ fields }) => fields)

/** The bytes in pieces that end at the given places. */
function cut(bytes: Uint8Array, places: number[]): Uint8Array[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b)
  return [0, ...ends].map((start, index) => bytes.subarray(start, ends[index] ?? bytes.length))
}

interface Written {
  text: string
  records: { line: number; fields: string[] }[]
}

interface Line {
  fields: string[]
  /** For each field, whether to quote it though it need not be. */
  quoted: boolean[]
  /** Empty lines in front. */
  gap: number
}

interface Style {
  delimiter: string
  quote: string
  lineEnd: string
  lastLineEnds: boolean
}

/** Writes records as a file; `records` says where each begins. */
function write(lines: Line[], { delimiter, quote, lineEnd, lastLineEnds }: Style): Written {
  const records: Written['records'] = []
  let text = ''
  for (const { fields, quoted, gap } of lines) {
    text += lineEnd.repeat(gap)
    records.push({ line: text.split('\n').length, fields })
    const cells = fields.map((field, index) => {
      const must =
        /[\r\n]/.test(field) ||
        field.includes(delimiter) ||
        field.startsWith(quote) ||
        (fields.length === 1 && field === '')
      return must || quoted[index] ? quote + field.replaceAll(quote, quote + quote) + quote : field
    })
    text += cells.join(delimiter) + lineEnd
  }
  return { text: lastLineEnds ? text : text.slice(0, text.length - lineEnd.length), records }
}

const field = fc.oneof(
  fc.string({ maxLength: 6 }),
  fc.string({ unit: 'binary', maxLength: 4 }).map((text) => text.toWellFormed()),
  fc
    .array(fc.constantFrom('"', `'`, ',', ';', '|', '\n', '\r', '\r\n', ' ', '0', '\u0000', 'é'), {
      maxLength: 5,
    })
    .map((parts) => parts.join('')),
)
const line: fc.Arbitrary<Line> = fc.record({
  fields: fc.array(field, { minLength: 1, maxLength: 4 }),
  quoted: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
  gap: fc.constantFrom(0, 0, 0, 1, 2),
})
const style: fc.Arbitrary<Style> = fc.record({
  delimiter: fc.constantFrom(',', ';', '|', '\t'),
  quote: fc.constantFrom('"', `'`),
  lineEnd: fc.constantFrom('\n', '\r\n'),
  lastLineEnds: fc.boolean(),
})

describe('records of CSV', () => {
  test('any table comes back the same, with its lines, however it is written and cut', () => {
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 6 }),
        style,
        fc.array(fc.nat(), { maxLength: 5 }),
        (lines, how, places) => {
          const { text, records } = write(lines, how)
          const expected = records.map((record) => ({ ...record, broken: '' }))
          const bytes = Buffer.from(text)
          assert.deepEqual(scan(cut(bytes, places), how), expected)
        },
      ),
      { numRuns: 500 },
    )
  })

  test('where a chunk ends changes nothing', () => {
    const text = 'a,"b ""c""",d\r\n\r\n"line\r\nend",é,\n"x" y,z\n"open, to the end\n'
    const whole = scanText(text)
    const bytes = Buffer.from(text)

    for (let place = 0; place <= bytes.length; place++) assert.deepEqual(scan(cut(bytes, [place])), whole)
    assert.deepEqual(scan([...bytes].map((byte) => Uint8Array.of(byte))), whole)
    assert.deepEqual(
      whole.map(({ line: at }) => at),
      [1, 3, 5, 6],
    )
  })

  test('records longer than a chunk are whole', () => {
    const long = 'x'.repeat(MOST_RECORD_BYTES - 100)
    const bytes = Buffer.from(`a,${long}\n"${long}",b\nc,d\n`)
    const chunks = Array.from({ length: Math.ceil(bytes.length / 65_536) }, (_, index) =>
      bytes.subarray(index * 65_536, (index + 1) * 65_536),
    )

    assert.deepEqual(
      scan(chunks).map(({ fields }) => fields),
      [
        ['a', long],
        [long, 'b'],
        ['c', 'd'],
      ],
    )
  })

  test('a file may lack its last line end, have both kinds, or be empty', () => {
    assert.deepEqual(fieldsOf('a,b\nc,d'), [
      ['a', 'b'],
      ['c', 'd'],
    ])
    assert.deepEqual(fieldsOf('a,b\r\nc,d\n'), [
      ['a', 'b'],
      ['c', 'd'],
    ])
    assert.deepEqual(fieldsOf('a,'), [['a', '']])
    assert.deepEqual(fieldsOf('"a"'), [['a']])
    assert.deepEqual(fieldsOf('""\n'), [['']])
    assert.deepEqual(fieldsOf(',\n'), [['', '']])
    for (const nothing of ['', '\n', '\r\n\r\n', '\n\n\n']) assert.deepEqual(fieldsOf(nothing), [])
  })

  test('a quote inside of a field that is not quoted is a letter like others', () => {
    assert.deepEqual(fieldsOf('a"b,5" pipe\n'), [['a"b', '5" pipe']])
  })

  test('text behind a closing quote spoils its record and no other', () => {
    assert.deepEqual(
      scanText('"a"b,c\n"d" ,e\n"f","g"\n').map(({ broken, fields }) => [broken === '', fields.length]),
      [
        [false, 2],
        [false, 2],
        [true, 2],
      ],
    )
  })

  test('a quote that is never closed spoils the rest of the file, as one record', () => {
    const found = scanText('a,b\nc,"d\ne,f\ng,h\n')

    assert.deepEqual(
      found.map(({ line: at, broken }) => [at, broken]),
      [
        [1, ''],
        [2, 'a quote that opens a field is never closed'],
      ],
    )
  })

  test('a record is shown as it came', () => {
    const raws: string[] = []
    const scanner = createCsvScanner({ delimiter: 44, quote: 34 }, (record) => raws.push(rawText(record)))
    scanner.push(Buffer.from('a,"b\r\nc"\r\n"x"y,z\r\nlast'))
    scanner.end()

    assert.deepEqual(raws, ['a,"b\r\nc"', '"x"y,z', 'last'])
  })

  test('as many columns as anyone needs are taken, more are refused', () => {
    const header = (columns: number) =>
      Buffer.from(`${Array.from({ length: columns }, () => 'c').join(',')}\n`)

    assert.equal(scan([header(MOST_FIELDS)])[0]?.fields.length, MOST_FIELDS)
    assert.throws(() => scan([header(MOST_FIELDS + 1)]), FileRefused)
    assert.throws(() => scan([header(200_000)]), /line 1 has more than 5000 columns/)
  })

  test('a line that is too long is refused wherever its chunks end', () => {
    const bytes = Buffer.from(`a,${'x'.repeat(MOST_RECORD_BYTES)}\nb,c\n`)

    for (const place of [0, 100, bytes.length - 1]) {
      assert.throws(() => scan(cut(bytes, [place])), /line 1 is longer than 1048576 bytes/)
    }
  })

  test('a line without end is refused as soon as it is too long, and held no further', () => {
    for (const start of ['a,b\n', 'a,b\n"']) {
      const chunk = Buffer.alloc(MOST_RECORD_BYTES / 4, 'x')
      let pushed = 0
      const scanner = createCsvScanner({ delimiter: 44, quote: 34 }, () => {})
      scanner.push(Buffer.from(start))
      assert.throws(() => {
        for (; pushed < 400; pushed++) scanner.push(chunk)
      }, /line 2 is longer than 1048576 bytes/)

      assert.ok(pushed <= 4)
    }
  })
})
