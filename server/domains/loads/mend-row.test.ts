import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Reject, RejectReplay } from '../../../contract/rejects.ts'
import { createMender, type RefusedFile } from './mend-row.ts'
import { openCsvRow, openJsonRow, quoted, splitCsvRow, unquoted } from './row-text.ts'

const DIALECT = { delimiter: ';', quote: "'" }
const CSV: RefusedFile = {
  format: 'csv',
  header: 'id;when;value',
  mapping: DIALECT,
}

const refusal = (raw: string, more: Partial<Reject> = {}): Reject => ({
  line: 2,
  column: 'value',
  value: null,
  rule: 'type',
  reason: 'it is not a number',
  raw,
  state: 'open',
  mended_raw: null,
  mended_load_id: null,
  ...more,
})

const mend = (file: RefusedFile, refusals: Reject[], request: RejectReplay = {}) =>
  createMender(file, request).mend(refusals)

describe('a row of CSV', () => {
  test('is cut into its cells and written back as it stood, whatever is in them', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', ';', "'", '\n', '\r', ' ', '"'), maxLength: 6 })
    fc.assert(
      fc.property(
        fc.array(cell, { minLength: 1, maxLength: 4 }),
        fc.nat({ max: 3 }),
        cell,
        (cells, at, text) => {
          const raw = cells.map((one) => quoted(one, DIALECT)).join(';')
          const parts = splitCsvRow(raw, DIALECT) ?? []
          assert.deepEqual(
            parts.map((part) => unquoted(part, DIALECT)),
            cells,
          )
          const row = openCsvRow(raw, undefined, DIALECT)
          const changed = row?.with(new Map([[String(at + 1), text]])) ?? ''
          assert.deepEqual(
            splitCsvRow(changed, DIALECT)?.map((part) => unquoted(part, DIALECT)),
            cells.with(Math.min(at, cells.length - 1), at < cells.length ? text : (cells.at(-1) ?? '')),
          )
        },
      ),
    )
  })

  test('is none where a quote stays open or a line ends', () => {
    for (const raw of ["a;'b", "'a''", 'a\nb', "'a'\n'b'"]) assert.equal(splitCsvRow(raw, DIALECT), undefined)
    for (const raw of ['', ';', "'a\nb';c", "a'b;c", "'a'x;b"]) assert.ok(splitCsvRow(raw, DIALECT), raw)
  })
})

describe('a JSON object', () => {
  test('keeps its digits and what is not replaced', () => {
    const raw =
      '{"at": 1767225600123456789, "data": {"value": "n/a", "n": 1.50}, "data.unit": null, "list": [1e400]}'
    const row = openJsonRow(raw)

    assert.equal(row?.textOf('at'), '1767225600123456789')
    assert.equal(row?.textOf('data.value'), 'n/a')
    assert.equal(row?.textOf('data.unit'), null)
    assert.equal(row?.textOf('data.none'), null)
    assert.equal(
      row?.with(
        new Map([
          ['data.value', '3'],
          ['data.unit', 'kV'],
          ['__proto__', 'x'],
        ]),
      ),
      '{"at":1767225600123456789,"data":{"value":"3","n":1.50},"data.unit":"kV","list":[1e400],"__proto__":"x"}',
    )
    for (const other of ['[1]', 'null', '"a"', '{"a":', '']) assert.equal(openJsonRow(other), undefined)
  })
})

describe('what is sent for a refused row', () => {
  test('is the row as it came, with texts replaced, or written anew', () => {
    const raw = "'s;1' ;2026-01-31;n/a"

    assert.deepEqual(mend(CSV, [refusal(raw)]), { sent: raw, raw: null })
    const replaced = "'s;1' ;2026-01-31;0"
    assert.deepEqual(mend(CSV, [refusal(raw)], { replace: [{ column: 'value', from: 'n/a', to: '0' }] }), {
      sent: replaced,
      raw: replaced,
    })
    assert.equal(
      mend(CSV, [refusal(raw)], { replace: [{ column: 'value', from: 'N/A', to: '0' }] })?.raw,
      null,
    )
    assert.equal(
      mend(CSV, [refusal(raw)], { replace: [{ column: 'id', to: "it's" }] })?.raw,
      "'it''s';2026-01-31;n/a",
    )
    assert.deepEqual(mend(CSV, [refusal(raw)], { rows: [{ line: 2, raw: 's;t;1' }] }), {
      sent: 's;t;1',
      raw: 's;t;1',
    })
  })

  test('is nothing where the row is not all there: it has to be written anew', () => {
    const xlsx: RefusedFile = { ...CSV, format: 'xlsx', header: null }
    const cases: [RefusedFile, Reject][] = [
      [CSV, refusal("s;t;'1")],
      [CSV, refusal('x'.repeat(65_536))],
      [CSV, refusal('s;t;\ufffd', { rule: 'encoding', column: null })],
      [{ ...CSV, format: 'json' }, refusal('[1]', { rule: 'structure' })],
      [xlsx, refusal('{"id":"s"}', { rule: 'structure', column: null })],
    ]
    for (const [file, refused] of cases) {
      assert.equal(mend(file, [refused]), undefined, refused.raw.slice(0, 20))
      const raw = file.format === 'csv' ? 's;t;1' : '{"id":"s"}'
      assert.ok(mend(file, [refused], { rows: [{ line: 2, raw }] }), refused.raw.slice(0, 20))
    }
  })

  test('is a line of JSON for records, and a line of CSV for tables', () => {
    const json: RefusedFile = { ...CSV, format: 'json', header: null }
    assert.equal(
      mend(json, [refusal('{\n  "id": "a",\r\n "value": 1.0 }')])?.sent,
      '{   "id": "a",  "value": 1.0 }',
    )

    const mender = createMender(
      { ...CSV, format: 'xlsx', header: null },
      { replace: [{ column: 'b', to: 'x,"y' }] },
    )
    const refusals = [refusal('{"a":"1;2","b":null,"c":""}')]
    assert.deepEqual(mender.mend(refusals), { sent: '1;2,"x,""y",', raw: '{"a":"1;2","b":"x,\\"y","c":""}' })
    assert.equal(mender.header(), 'a,b,c')
    const mapping = { delimiter: ',', quote: '"', format: 'csv', tz: 'UTC', decimal: ',' }
    assert.deepEqual(mender.mapping({ tz: 'UTC', decimal: ',', sheet: 'x' }), mapping)
  })

  test('of a wide row is what was refused and what was changed', () => {
    const wide: RefusedFile = {
      ...CSV,
      header: 'at;unit;u;v;w',
      mapping: { ...CSV.mapping, time: 'at', wide: ['u', 'v', 'w'] },
    }
    const raw = '2026-01-31;kV;1;x;3'
    const v = refusal(raw, { column: 'v' })

    assert.deepEqual(mend(wide, [v]), { sent: '2026-01-31;kV;;x;', raw: null })
    assert.deepEqual(mend(wide, [v], { rows: [{ line: 2, raw: '2026-01-31;kV;1;2;4' }] }), {
      sent: '2026-01-31;kV;;2;4',
      raw: '2026-01-31;kV;1;2;4',
    })
    assert.equal(mend(wide, [v, refusal(raw, { column: 'w' })])?.sent, '2026-01-31;kV;;x;3')
    assert.equal(mend(wide, [refusal(raw, { column: 'at' })])?.sent, raw)
    const all: RefusedFile = { ...wide, mapping: { ...wide.mapping, wide: '*', columns: { v: 'signal-v' } } }
    assert.equal(mend(all, [v])?.sent, '2026-01-31;;;x;')
  })

  test('is refused before anything is sent where a row or a column is none of the file', () => {
    const faults = (file: RefusedFile, request: RejectReplay) => {
      try {
        createMender(file, request)
      } catch (error) {
        return (error as { faults: { path: string }[] }).faults.map(({ path }) => path)
      }
      return []
    }
    const rows = ['a;b', 'a\nb', ' ', "'a", 'a\u0000'].map((raw, index) => ({ line: index + 2, raw }))

    assert.deepEqual(faults(CSV, { rows }), ['/rows/1/raw', '/rows/2/raw', '/rows/3/raw', '/rows/4/raw'])
    assert.deepEqual(
      faults(CSV, {
        replace: [
          { column: 'none', to: '' },
          { column: 'value', to: '' },
        ],
      }),
      ['/replace/0/column'],
    )
  })
})
