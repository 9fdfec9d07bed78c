import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { unzipSync, zipSync } from 'fflate'
import type { Mapping } from '../../contract/mapping.ts'
import { fieldsOf, readBytes } from '../../tests/read-records.ts'
import { type WrittenWorkbook, writeXlsx, xml } from '../../tests/write-xlsx.ts'
import { FileRefused } from './job.ts'
import { columnPlace } from './xlsx-cells.ts'

const refused = (message: RegExp) => (error: Error) => {
  assert.ok(error instanceof FileRefused, String(error))
  assert.match(error.message, message)
  return true
}

const read = (bytes: Uint8Array, mapping: Mapping = {}, inflatedBytes = 1e9) =>
  readBytes(bytes, { format: 'xlsx', mapping, inflatedBytes })
const readWritten = (workbook: WrittenWorkbook, mapping: Mapping = {}) => read(writeXlsx(workbook), mapping)

const inline = (text: string) => `<c t="inlineStr"><is><t>${text}</t></is></c>`
const row = (...cells: string[]) => `<row>${cells.join('')}</row>`

/** What the cells of the second row are as texts, below a header of as many columns. */
async function textsOf(cells: string[], more: Partial<WrittenWorkbook> = {}, mapping: Mapping = {}) {
  const header = row(...cells.map((_, index) => inline(`c${index}`)))
  return (await readWritten({ rows: header + row(...cells), ...more }, mapping)).records[0]?.fields
}

test('a workbook that another tool wrote is read', async () => {
  const bytes = readFileSync(new URL('../../tests/files/readings-by-sheetjs.xlsx', import.meta.url))
  const found = await read(bytes)

  assert.deepEqual(found.names, ['Signal', 'Time', 'Value', 'Note'])
  assert.deepEqual(fieldsOf(found), [
    ['s1', '2026-01-31T12:00:00', '110.25', 'first'],
    ['s1', '2026-01-31T12:15:00', '-0.1', 'a "quoted", text'],
    ['s2', '2026-02-01', '1e+21', 'true'],
    ['Straße', '06:00:00', '#N/A', '2'],
  ])
  assert.deepEqual(fieldsOf(await read(bytes, { sheet: 'Other' })), [['1']])
  await assert.rejects(
    read(bytes, { sheet: 'None' }),
    refused(/no sheet "None"; its sheets are "Readings", "Other"/),
  )
})

describe('cells', () => {
  test('are texts: shared, of one piece or several, and inline', async () => {
    const texts = [
      '<t>one</t>',
      '<r><t>t</t></r><r><t xml:space="preserve">w o</t></r><rPh><t>spoken</t></rPh>',
      '<t>a_x000D_b</t>',
    ]

    assert.deepEqual(
      await textsOf(
        [
          '<c t="s"><v>1</v></c>',
          '<c t="s"><v>2</v></c>',
          inline(' &lt;b&gt; '),
          '<c t="str"><f>A1</f><v>x</v></c>',
        ],
        { texts },
      ),
      ['tw o', 'a\rb', ' <b> ', 'x'],
    )
    await assert.rejects(textsOf(['<c t="s"><v>9</v></c>'], { texts }), refused(/row 2 names a text/))
  })

  test('are numbers with the fewest digits and the decimal mark of the mapping, truths and errors', async () => {
    const cells = [
      '<c><v>0.1</v></c>',
      '<c><v>1.5000E3</v></c>',
      '<c t="n"><v>0.29999999999999999</v></c>',
      '<c t="b"><v>1</v></c>',
      '<c t="b"><v>0</v></c>',
      '<c t="e"><v>#DIV/0!</v></c>',
    ]

    assert.deepEqual(await textsOf(cells), ['0.1', '1500', '0.3', 'true', 'false', '#DIV/0!'])
    assert.deepEqual((await textsOf(cells, {}, { decimal: ',' }))?.slice(0, 3), ['0,1', '1500', '0,3'])
  })

  test('are dates and times by their format', async () => {
    const cases: [string, string, string][] = [
      ['yyyy-mm-dd', '46053', '2026-01-31'],
      ['dd/mm/yyyy', '46053.5', '2026-01-31T12:00:00'],
      ['dd.mm.yyyy hh:mm', '46053', '2026-01-31T00:00:00'],
      ['hh:mm:ss.000', '46053.000000011574', '2026-01-31T00:00:00.001'],
      ['h:mm AM/PM', '0.75', '18:00:00'],
      ['mmm-yy', '46053', '2026-01-31'],
      ['[$-409]d\\-mmm', '46053', '2026-01-31'],
      ['yyyy', '1', '1900-01-01'],
      ['yyyy', '59', '1900-02-28'],
      ['yyyy', '60', '1900-02-29'],
      ['yyyy', '61', '1900-03-01'],
      ['yyyy', '-1', '-1'],
      ['yyyy', '1e9', '1000000000'],
      ['[h]:mm', '1.5', '1.5'],
      ['General', '46053', '46053'],
      ['#,##0.00 "days"', '46053', '46053'],
      ['0.00;[Red]-0.00', '1', '1'],
      ['0\\d', '1', '1'],
    ]
    const formats = cases.map(([code]) => code)
    const cells = cases.map(([, value], index) => `<c s="${index + 1}"><v>${value}</v></c>`)

    assert.deepEqual(
      await textsOf(cells, { formats }),
      cases.map(([, , text]) => text),
    )
    assert.deepEqual(await textsOf(['<c s="1"><v>44591</v></c>'], { formats, from1904: true }), [
      '2026-01-31',
    ])
    const styles = '<styleSheet><cellXfs><xf numFmtId="22"/><xf numFmtId="46"/></cellXfs></styleSheet>'
    const builtIn = [
      '<c s="0"><v>46053.5</v></c>',
      '<c s="1"><v>1.5</v></c>',
      '<c t="d"><v>2026-01-31T12:00:00</v></c>',
    ]
    assert.deepEqual(await textsOf(builtIn, { parts: { 'xl/styles.xml': styles } }), [
      '2026-01-31T12:00:00',
      '1.5',
      '2026-01-31T12:00:00',
    ])
  })

  test('stand where their names say', async () => {
    const rows =
      '<row r="3"><c r="B3" t="str"><v>b</v></c><c r="D3" t="str"><v>d</v></c></row><row r="5"/><row r="7"><c r="D7"><v>4</v></c></row><row><c><v>1</v></c><c r="E8"><v>5</v></c></row>'
    const { names, records } = await readWritten({ rows })

    assert.deepEqual(names, ['', 'b', '', 'd'])
    assert.deepEqual(
      records.map(({ line, fields, broken }) => [line, fields, broken]),
      [
        [7, [null, null, null, '4'], ''],
        [8, ['1', null, null, null, '5'], 'it has 5 fields, the others have 4'],
      ],
    )
    assert.deepEqual(['A1', 'Z9', 'AA10', 'XFD1048576', 'a1', '1', ''].map(columnPlace), [
      0,
      25,
      26,
      16383,
      undefined,
      undefined,
      undefined,
    ])
  })
})

test('rows can be skipped, and columns be named by their places', async () => {
  const rows =
    row(inline('Report of'), inline('January')) +
    row(inline('a'), inline('b')) +
    row('<c><v>1</v></c>', '<c><v>2</v></c>')

  const skipped = await readWritten({ rows }, { skip_lines: 1 })
  assert.deepEqual([skipped.names, fieldsOf(skipped)], [['a', 'b'], [['1', '2']]])
  const unnamed = await readWritten({ rows }, { skip_lines: 2, header: false })
  assert.deepEqual([unnamed.names, fieldsOf(unnamed)], [['1', '2'], [['1', '2']]])
})

test('what was written is read back, and a refused row as NDJSON by the same mapping', async () => {
  const text = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 8 })
    .filter((each) => !/_x[0-9a-f]{4}_/i.test(each))
  const cell = fc.oneof(text, fc.double({ noDefaultInfinity: true, noNaN: true }), fc.boolean())
  const table = fc.array(fc.tuple(cell, cell, text), { minLength: 1, maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(table, async (cells) => {
      const shared = [...new Set(cells.map(([, , last]) => last))]
      const written = (value: string | number | boolean) =>
        typeof value === 'string'
          ? inline(xml(value))
          : `<c t="${typeof value === 'number' ? 'n' : 'b'}"><v>${Number(value)}</v></c>`
      const rows = cells.map(([a, b, last]) =>
        row(written(a), written(b), `<c t="s"><v>${shared.indexOf(last)}</v></c>`),
      )
      const header = row(inline('a'), inline('b'), inline('c'))
      const found = await readWritten({
        rows: header + rows.join(''),
        texts: shared.map((each) => `<t>${xml(each)}</t>`),
      })

      assert.deepEqual(
        fieldsOf(found),
        cells.map((line) => line.map((value) => (Object.is(value, -0) ? '0' : String(value)))),
      )
      const raw = Buffer.from(found.records.map((record) => record.raw).join('\n'))
      assert.deepEqual(
        fieldsOf(await readBytes(raw, { format: 'ndjson', fields: ['a', 'b', 'c'] })),
        fieldsOf(found),
      )
    }),
    { numRuns: 50 },
  )
})

describe('hostile workbooks', () => {
  const rows = row(inline('a')) + row(inline('b'))
  const whole = writeXlsx({ rows })

  test('what is no workbook is refused with a sentence', async () => {
    const cases: [Uint8Array, RegExp][] = [
      [Buffer.from('a,b\n'), /no XLSX: save it as .xlsx, without a password/],
      [Buffer.alloc(0), /no XLSX/],
      [zipSync({ 'a.txt': Buffer.from('a') }), /a ZIP without a workbook/],
      [whole.subarray(0, whole.length - 30), /no XLSX/],
      [Buffer.from(whole).fill(0, whole.length - 200, whole.length - 100), /cannot be read/],
      [
        writeXlsx({ rows, parts: { 'xl/worksheets/sheet1.xml': undefined } }),
        /lacks the part "xl\/worksheets\/sheet1.xml"/,
      ],
      [writeXlsx({ rows, parts: { 'xl/worksheets/sheet1.xml': '<worksheet>' } }), /not well-formed XML/],
      [
        writeXlsx({ rows, parts: { 'xl/workbook.xml': '<!DOCTYPE x [<!ENTITY a "b">]><workbook/>' } }),
        /DOCTYPE/,
      ],
      [writeXlsx({ rows, parts: { 'xl/workbook.xml': '<workbook/>' } }), /has no sheet ""/],
      [
        zipSync({
          ...unzipSync(whole),
          'xl/sharedStrings.xml': Buffer.from('<sst><si><t>\u00e9</t></si></sst>', 'latin1'),
        }),
        /sharedStrings.xml is not UTF-8/,
      ],
    ]
    for (const [bytes, reason] of cases) await assert.rejects(read(bytes), refused(reason))
  })

  test('cut or changed anywhere, it is read, or refused with a sentence', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(whole.length - 1),
        fc.integer({ min: 0, max: 255 }),
        fc.boolean(),
        async (at, byte, cut) => {
          const bytes = cut
            ? whole.subarray(0, at)
            : Uint8Array.from(whole, (each, index) => (index === at ? byte : each))
          await read(bytes).catch((error: unknown) => assert.ok(error instanceof FileRefused, String(error)))
        },
      ),
      { numRuns: 150 },
    )
  })

  test('too much of anything is refused before it is held', async () => {
    const large = 'x'.repeat(1_100_000)
    const texts = Array.from({ length: 60 }, () => `<t>${'y'.repeat(900_000)}</t>`)
    const cases: [Uint8Array, RegExp, number?][] = [
      [writeXlsx({ rows: row(inline(large)) }), /longer than 1048576 bytes/],
      [
        writeXlsx({ rows: row('<c r="ALL1"><v>1</v></c>', '<c r="XFD1"><v>1</v></c>') }),
        /row 1 has more than 5000 columns/,
      ],
      [writeXlsx({ rows, texts }), /more than 100 MB of texts/, 2e9],
      [writeXlsx({ rows: row(inline('a')).repeat(100_000) }), /larger than 1 MB when inflated/, 1e6],
      [
        zipSync(
          Object.fromEntries(Array.from({ length: 10_001 }, (_, index) => [`p${index}`, new Uint8Array(0)])),
        ),
        /more than 10000 parts/,
      ],
    ]
    for (const [bytes, reason, limit] of cases) await assert.rejects(read(bytes, {}, limit), refused(reason))
  })

  test('a row that is too long is refused alone', async () => {
    const half = inline('x'.repeat(600_000))
    const { records } = await readWritten({
      rows: row(inline('a'), inline('b')) + row(half, half) + row(inline('1'), inline('2')),
    })

    assert.deepEqual(
      records.map(({ line, broken }) => [line, broken]),
      [
        [2, 'it is longer than 1048576 bytes'],
        [3, ''],
      ],
    )
  })
})

test('a packed workbook is unpacked first', async () => {
  assert.deepEqual(fieldsOf(await read(gzipSync(writeXlsx({ rows: row(inline('a')) + row(inline('1')) })))), [
    ['1'],
  ])
})
