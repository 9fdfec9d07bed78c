import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Mapping } from '../../contract/mapping.ts'
import { fieldsOf, readBytes } from '../../tests/read-records.ts'
import { FileRefused } from './job.ts'
import { fieldText } from './record.ts'
import { createXmlScanner, guessRecordPath } from './xml-records.ts'

const refused = (message: RegExp) => (error: Error) => {
  assert.ok(error instanceof FileRefused, String(error))
  assert.match(error.message, message)
  return true
}

const read = (text: string | Buffer, mapping: Mapping = {}, fields: string[] = []) =>
  readBytes(Buffer.from(text), { format: 'xml', mapping, fields })

/** The texts at some paths, of each record. */
const readAt = async (text: string, records: string, paths: string[]) =>
  fieldsOf(await read(text, { records }, paths))

const PLANS = `<?xml version="1.0" encoding="UTF-8"?>
<list xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" version="1.0" xsi:place="here">
  <output>
    <plan id="7" title="Night &amp; day">
      <city>Sevilla</city>
      <showing id="1" starts="2026-06-30T21:00:00">
        <zone id="40" price="20.00"/>
        <zone id="38" price="15.00"><name> Grada <![CDATA[<2>]]> </name></zone>
      </showing>
    </plan>
    <plan id="8"><showing id="1"><zone id="40" price="30.00"><name/></zone></showing></plan>
  </output>
</list>`

describe('paths', () => {
  test('are relative to the record: children, attributes, and what is around it', async () => {
    const paths = ['@id', 'price', 'name', '../@id', '../../@title', '../../city', '../../../../@version']

    assert.deepEqual(await readAt(PLANS, 'output/plan/showing/zone', paths), [
      ['40', '20.00', null, '1', 'Night & day', 'Sevilla', '1.0'],
      ['38', '15.00', 'Grada <2>', '1', 'Night & day', 'Sevilla', '1.0'],
      ['40', '30.00', '', '1', null, null, '1.0'],
    ])
  })

  test('of records are the end of their whole path, or all of it from the root on', async () => {
    const countOf = async (records: string) => (await readAt(PLANS, records, [])).length

    assert.equal(await countOf('zone'), 3)
    assert.equal(await countOf('/list/output/plan'), 2)
    await assert.rejects(countOf('/output/plan'), refused(/no element at \/output\/plan/))
    await assert.rejects(countOf('//'), refused(/must name an element/))
  })

  test('meet names with any prefix, unless they have one themselves', async () => {
    const text = `<a:rows xmlns:a="urn:a"><a:row a:id="1" b:id="2"><a:v>3</a:v><b:v>4</b:v></a:row></a:rows>`

    assert.deepEqual(await readAt(text, 'rows/row', ['a:v', 'b:v', '@b:id', 'a:id']), [['3', '4', '2', '1']])
    assert.deepEqual(await readAt(text.replaceAll('b:', 'a2:'), 'a:row', ['c:v', '@c:id']), [[null, null]])
    await assert.rejects(readAt(text, 'c:row', []), refused(/no element/))
  })

  test('take the text of an element itself, and all of those that repeat', async () => {
    const text = '<rows><row>own<tag>x</tag><tag>y</tag><one>1</one> text</row></rows>'

    assert.deepEqual(await readAt(text, 'row', ['.', 'tag', 'one', '__proto__', 'constructor']), [
      ['own text', '["x","y"]', '1', null, null],
    ])
  })

  test('find an element before an attribute of its name', async () => {
    assert.deepEqual(await readAt('<r><row v="1"><v>2</v></row><row v="3"/></r>', 'row', ['v', '@v']), [
      ['2', '1'],
      ['3', '3'],
    ])
  })
})

test('an element inside a record is no record of its own', async () => {
  const text = '<r><row><id>1</id><row><id>2</id></row></row></r>'

  assert.deepEqual(await readAt(text, 'row', ['id', 'row/id']), [['1', '2']])
})

test('without a path, records are the element that comes most often and has parts', async () => {
  const guess = (text: string) => guessRecordPath([Buffer.from(text)] as never, 1e6)
  const cases: [string, string | undefined][] = [
    [PLANS, '/list/output/plan/showing/zone'],
    ['<r><row><a>1</a><b>2</b></row><row><a>1</a><b>2</b></row></r>', '/r/row'],
    ['<r><row><a/><t>1</t><t>2</t><t>3</t></row><row/></r>', '/r/row'],
    ['<r><v>1</v><v>2</v></r>', '/r/v'],
    ['<r><row><v>1</v></row></r>', '/r/row'],
    ['<r/>', undefined],
  ]
  for (const [text, path] of cases) assert.equal(await guess(text), path, text)
  assert.deepEqual(fieldsOf(await read(PLANS, {}, ['id'])), [['40'], ['38'], ['40']])
  await assert.rejects(read('<r/>'), refused(/name the path of its rows/))
})

test('a refused record is shown as JSON that the same mapping reads from NDJSON', async () => {
  const mapping = { records: 'zone', columns: { price: 'value', '../@id': 'showing', name: 'name' } }
  const found = await read(PLANS, mapping)

  const again = await readBytes(Buffer.from(found.records.map(({ raw }) => raw).join('\n')), {
    format: 'ndjson',
    mapping,
  })

  assert.deepEqual(fieldsOf(again), fieldsOf(found))
  assert.deepEqual(JSON.parse(found.records[0]?.raw ?? ''), {
    price: '20.00',
    '../@id': '1',
    '@id': '40',
    '../../../../@version': '1.0',
    '../../../../@xsi:place': 'here',
    '../../@id': '7',
    '../../@title': 'Night & day',
    '../@starts': '2026-06-30T21:00:00',
  })
})

const NAMES = ['a', 'b.c', '__proto__', 'größe', 'constructor']
const texts = fc.string({ unit: 'grapheme', maxLength: 8 }).map((text) => text.trim())
const escaped = (text: string) =>
  text.replace(/[&<>"\r\n\t]/gu, (character) => `&#${character.codePointAt(0)};`)

test('what was written is read back, wherever the bytes are cut', () => {
  const records = fc.array(fc.array(texts, { minLength: NAMES.length, maxLength: NAMES.length }), {
    minLength: 1,
    maxLength: 4,
  })
  const asXml = fc
    .string({ unit: 'grapheme', maxLength: 8 })
    .filter((text) => !/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(text))
  fc.assert(
    fc.property(records, asXml, fc.array(fc.nat(), { maxLength: 6 }), (rows, comment, places) => {
      const cells = (row: string[]) =>
        row.map((text, index) => `<${NAMES[index]}>${escaped(text)}</${NAMES[index]}>`)
      const xml = `<rows><!--${comment.replaceAll('-', '')}-->${rows.map((row) => `<row>${cells(row).join('\n')}</row>`).join('')}</rows>`
      const bytes = Buffer.from(xml)
      const ends = [...places.map((place) => place % bytes.length), bytes.length].sort((a, b) => a - b)
      const found: (string | null)[][] = []
      const scanner = createXmlScanner({ records: 'row', fields: NAMES }, (record) => {
        found.push(NAMES.map((_, index) => fieldText(record, index, 0)))
      })

      for (const [index, end] of ends.entries()) scanner.push(bytes.subarray(ends[index - 1] ?? 0, end))
      scanner.end()

      assert.deepEqual(found, rows)
    }),
    { numRuns: 200 },
  )
})

describe('hostile XML', () => {
  test('a DOCTYPE is refused, whatever it declares', async () => {
    const laughs = '<!DOCTYPE z [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;">]><z>&b;</z>'
    const outside = '<!DOCTYPE z [<!ENTITY x SYSTEM "file:///etc/passwd">]><rows><row><v>&x;</v></row></rows>'

    for (const text of [laughs, outside, '<!DOCTYPE html><r><row/></r>'])
      await assert.rejects(read(text, { records: 'row' }), refused(/has a DOCTYPE/))
  })

  test('what is not well-formed is refused with its place', async () => {
    for (const text of [
      '<r><row>',
      '<r><row></r>',
      '<r>&unknown;</r>',
      '<r/><r/>',
      'a,b',
      '<r><row a="1" a="2"/></r>',
      '',
    ])
      await assert.rejects(
        read(text, { records: 'row' }),
        refused(/not well-formed XML: line \d+, column \d+: /),
        text,
      )
  })

  test('texts, tags, comments and depths without end are refused early', async () => {
    const start = '<rows><row><v>'
    const endless: [string, RegExp][] = [
      [`${start}${'&amp;'.repeat(2_000_000)}`, /longer than 1048576 bytes/],
      [`${start}${'x'.repeat(3_000_000)}`, /longer than 1048576 bytes/],
      [`<rows><row v="${'x'.repeat(3_000_000)}`, /longer than 1048576 bytes/],
      [`<rows><!-- ${'x'.repeat(3_000_000)}`, /longer than 1048576 bytes/],
      [`<${'r'.repeat(3_000_000)}`, /longer than 1048576 bytes/],
      [`<!DOCTYPE ${'r'.repeat(3_000_000)}`, /longer than 1048576 bytes/],
      ['<a>'.repeat(100_000), /deeper than 64 elements/],
    ]
    for (const [text, reason] of endless)
      await assert.rejects(read(text, { records: 'row' }), refused(reason), text.slice(0, 20))
  })

  test('a record that is too long or has too many fields is refused alone', async () => {
    const long = `<v>${'x'.repeat(600_000)}</v>`
    const blanks = `<w/>${' '.repeat(400_000)}`.repeat(3)
    const many = Array.from({ length: 5002 }, (_, index) => `<f${index}/>`).join('')
    const { records } = await read(
      `<r><row>${long}${long}</row><row><v>1</v></row><row>${many}</row><row>${blanks}<v>1</v></row></r>`,
      { records: 'row' },
      ['v'],
    )

    assert.deepEqual(
      records.map(({ fields }) => fields),
      [[null], ['1'], [null], [null]],
    )
    for (const index of [0, 2, 3])
      assert.match(records[index]?.broken ?? '', /longer than 1048576 bytes or has more/)
  })

  test('names of objects change no object', async () => {
    const text = '<rows><row><__proto__><isManager>1</isManager></__proto__></row></rows>'
    const { records } = await read(text, {}, ['__proto__/isManager'])

    assert.deepEqual(records[0]?.fields, ['1'])
    assert.equal(records[0]?.raw, '{"__proto__/isManager":"1"}')
    assert.equal(({} as { isManager?: unknown }).isManager, undefined)
  })
})

test('the encoding is that of the byte-order mark, the mapping, or the declaration', async () => {
  const text = (encoding: string) => `<?xml version="1.0" encoding="${encoding}"?><r><v>Größe</v></r>`
  const mapping = { records: 'v' }
  const found = [
    await read(Buffer.from(text('ISO-8859-1'), 'latin1'), mapping, ['.']),
    await read(Buffer.from(`\ufeff${text('UTF-16')}`, 'utf16le'), mapping, ['.']),
    await read(Buffer.from(text('utf-8')), mapping, ['.']),
    await read(Buffer.from(text('utf-8'), 'latin1'), { ...mapping, encoding: 'latin1' }, ['.']),
  ]
  for (const each of found) assert.deepEqual(fieldsOf(each), [['Größe']])

  const other = await read(Buffer.from(text('utf-8'), 'latin1'), mapping, ['.'])
  assert.deepEqual(
    other.records.map(({ clean }) => clean),
    [false],
  )
  await assert.rejects(read(text('koi8-r')), refused(/is in "koi8-r", which is not read/))
})
