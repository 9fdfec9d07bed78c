import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Compile } from 'typebox/compile'
import { Id } from '../../../contract/basics.ts'
import { isPoint, LINE_LIMIT, type Point, parseLines } from './line-protocol.ts'
import { fieldHead, metricHead, seriesId } from './series-id.ts'

const parse = (text: string, unit = 'ns') => [...parseLines(text, unit)]

/** The one point of a text. */
function point(text: string, unit?: string): Point {
  const [first, ...others] = parse(text, unit)
  assert.deepEqual(others, [])
  assert.ok(first !== undefined && isPoint(first), JSON.stringify(first))
  return first
}

function reason(text: string, unit?: string): string {
  const [first] = parse(text, unit)
  assert.ok(first !== undefined && !isPoint(first), JSON.stringify(first))
  return first.reason
}

const value = (text: string) => point(`m v=${text}`).fields[0]?.value

describe('a line of line protocol', () => {
  test('has a measurement, tags, fields and a time', () => {
    assert.deepEqual(point('cpu,host=a,cpu=cpu0 usage_idle=93.5,usage_user=2i 1769860800000000000'), {
      line: 1,
      measurement: 'cpu',
      tags: [
        ['cpu', 'cpu0'],
        ['host', 'a'],
      ],
      fields: [
        { key: 'usage_idle', value: 93.5 },
        { key: 'usage_user', value: 2 },
      ],
      instant: 1_769_860_800_000_000,
    })
    assert.deepEqual(point('m v=1').instant, null)
  })

  test('has fields of each type: numbers, whole numbers, booleans as 1 and 0, text as no value', () => {
    const cases: [string, number | null][] = [
      ['1', 1],
      ['-1.5', -1.5],
      ['+1.', 1],
      ['.5', 0.5],
      ['1e3', 1000],
      ['-1.234456E-78', -1.234456e-78],
      ['0i', 0],
      ['-9223372036854775808i', -(2 ** 63)],
      ['9223372036854775807i', 2 ** 63],
      ['18446744073709551615u', 2 ** 64],
      ...['t', 'T', 'true', 'True', 'TRUE'].map((text): [string, number] => [text, 1]),
      ...['f', 'F', 'false', 'False', 'FALSE'].map((text): [string, number] => [text, 0]),
      ['""', null],
      ['"12"', null],
      [String.raw`"a \"quoted\" \\ word, and = more"`, null],
      ['"two\nlines"', null],
    ]
    for (const [text, expected] of cases) assert.equal(value(text), expected, text)
  })

  test('may have escaped commas, spaces and equals signs; other backslashes stand for themselves', () => {
    const { measurement, tags, fields } = point(
      String.raw`my\ disk\,s,tag\=k=va\ l\,u\=e,path=C:\Windows\\x fi\ eld\,\==1,\a=2`,
    )

    assert.equal(measurement, 'my disk,s')
    assert.deepEqual(tags, [
      ['path', String.raw`C:\Windows\\x`],
      ['tag=k', 'va l,u=e'],
    ])
    assert.deepEqual(
      fields.map(({ key }) => key),
      ['fi eld,=', String.raw`\a`],
    )
  })

  test('has a time in the unit asked for, cut to microseconds downwards', () => {
    const cases: [string, string, number][] = [
      ['1769860800000000999', 'ns', 1_769_860_800_000_000],
      ['1769860800000000999', 'n', 1_769_860_800_000_000],
      ['1769860800000001', 'us', 1_769_860_800_000_001],
      ['1769860800001', 'ms', 1_769_860_800_001_000],
      ['1769860800', 's', 1_769_860_800_000_000],
      ['29497680', 'm', 1_769_860_800_000_000],
      ['491628', 'h', 1_769_860_800_000_000],
      ['0', 'ns', 0],
      ['999', 'ns', 0],
      ['-1', 'ns', -1],
      ['-1000', 'ns', -1],
      ['-1001', 'ns', -2],
    ]
    for (const [text, unit, expected] of cases)
      assert.equal(point(`m v=1 ${text}`, unit).instant, expected, text)
  })

  test('is refused with what is wrong, and where', () => {
    const cases: [string, RegExp][] = [
      ['m', /no field/],
      ['m ', /no field/],
      ['m,host=a', /no field/],
      [',host=a v=1', /measurement has no name/],
      ['m,host v=1', /tag "host" has no value/],
      ['m,host= v=1', /tag "host" has no value/],
      ['m,=a v=1', /tag has no name/],
      ['m,a=b=c v=1', /tag "a" has an equals sign/],
      ['m,a=1,b=2,a=3 v=1', /tag "a" is there twice/],
      ['m v', /field "v" has no value/],
      ['m v=', /field "v" has no value/],
      ['m v=,w=1', /field "v" must be a number/],
      ['m =1', /field has no name/],
      ['m v=1,', /field has no name/],
      ['m v=abc', /field "v" must be a number/],
      ['m v=NaN', /must be a number/],
      ['m v=+Inf', /must be a number/],
      ['m v=1e999', /must be a number/],
      ['m v=0x10', /must be a number/],
      ['m v=1,5', /field "5" has no value/],
      ['m v=1.5i', /must be a number/],
      ['m v=-1u', /must be a number/],
      ['m v=9223372036854775808i', /more than 64 bits/],
      ['m v=18446744073709551616u', /more than 64 bits/],
      ['m v="open', /no closing quote/],
      ['m v="a"b', /behind the text/],
      ['m v=1 noon', /must be a whole number/],
      ['m v=1 1.5', /must be a whole number/],
      ['m v=1 1 1', /must be a whole number/],
      ['m v=1 9223372036854775807', /outside of the years/],
      [`m v=1 ${'9'.repeat(40)}`, /must be a whole number/],
      [`m v="${'x'.repeat(LINE_LIMIT)}"`, /more than 65536 characters/],
      ['{"value":1}', /no field|has no name|must be/],
    ]
    for (const [text, expected] of cases) assert.match(reason(text), expected, text.slice(0, 80))
    assert.match(reason('m v=1 1769860800000', 's'), /does its unit agree with `precision`/)
  })

  test('ends at a line break of any system; comments and empty lines are passed over, and counted', () => {
    const text = '\n# a comment "with a quote\r\n  m v=1 0\r\n\r\n\tm v="x\ny",w=2 0 \nbad\nm v=3 0'

    const found = parse(text).map((one) =>
      isPoint(one) ? [one.line, ...one.fields.map((field) => field.value)] : one.line,
    )

    assert.deepEqual(found, [[3, 1], [5, null, 2], 7, [8, 3]])
  })

  test('with a text that is never closed spoils no other line', () => {
    const found = parse('m v="open\nm v=2 0\nm v=3 0')

    assert.deepEqual(
      found.map((one) => (isPoint(one) ? one.fields[0]?.value : one.reason)),
      ['the text of the field "v" has no closing quote', 2, 3],
    )
  })
})

const escaped = (text: string, special: RegExp) => text.replaceAll(special, '\\$&')
const written = ({ measurement, tags, fields, instant }: Point) =>
  [
    [
      escaped(measurement, /[, ]/g),
      ...tags.map((tag) => tag.map((part) => escaped(part, /[,= ]/g)).join('=')),
    ].join(','),
    fields
      .map(({ key, value: number }) => `${escaped(key, /[,= ]/g)}=${number ?? String.raw`"a \"b\\\" c"`}`)
      .join(','),
    instant === null ? '' : `${instant}000`,
  ].join(' ')

/** What line protocol can carry: no line break, and no backslash at the end. */
const name = fc
  .string({ minLength: 1, maxLength: 12, unit: fc.constantFrom(...'ab.,;= \\"#%~/ü\u0001€😀'.split('')) })
  .filter((text) => text.isWellFormed() && !text.endsWith('\\'))
const PLAIN = { noNullPrototype: true }
const aPoint = fc.record(
  {
    line: fc.constant(1),
    measurement: name.filter((text) => !/^[#\t\r ]/.test(text)),
    tags: fc.uniqueArray(fc.tuple(name, name), { maxLength: 4, selector: ([key]) => key }),
    fields: fc.array(
      fc.record(
        {
          key: name,
          value: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0)),
        },
        PLAIN,
      ),
      { minLength: 1, maxLength: 4 },
    ),
    instant: fc.option(fc.integer({ min: -2_000_000_000_000_000, max: 7_000_000_000_000_000 })),
  },
  PLAIN,
)

const byKey = (tags: [string, string][]) => tags.toSorted(([a], [b]) => (a < b ? -1 : 1))

describe('line protocol', () => {
  test('is read as it was written, whatever stands beside it', () => {
    fc.assert(
      fc.property(fc.array(aPoint, { minLength: 1, maxLength: 4 }), (points) => {
        const read = parse(points.map(written).join('\n'))

        assert.deepEqual(
          read,
          points.map((one, index) => ({ ...one, tags: byKey(one.tags), line: index + 1 })),
        )
      }),
    )
  })

  test('of any kind gives points and reasons, and never fails', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'m,= \\"#\n\r1i-\0ü'.split('')), maxLength: 60 }),
        (text) => {
          for (const one of parse(text)) assert.ok(isPoint(one) ? one.fields.length > 0 : one.reason !== '')
        },
      ),
      { numRuns: 2000 },
    )
  })
})

describe('the id of a series', () => {
  const tag = (count: number): [string, string][] => [['k', 'x'.repeat(count)]]

  test('is measurement, field and sorted tags, with what an id may not hold in hexadecimal', () => {
    assert.equal(
      seriesId(fieldHead('disk', 'used_percent'), [
        ['path', '/mnt/a b'],
        ['host', 'web-1.example.com'],
      ]),
      'disk.used_percent;host=web-1.example.com;path=%2Fmnt%2Fa b',
    )
    assert.equal(
      seriesId(fieldHead('a.b', 'c.d'), [['k=', 'v,;%~\u0000\u202e']]),
      'a%2Eb.c.d;k%3D=v%2C%3B%25%7E%00%E2%80%AE',
    )
    assert.equal(seriesId(metricHead('up'), [['job', 'x']]), 'up;job=x')
  })

  test('that would be too long ends with a hash of the whole', () => {
    assert.equal(seriesId('m.v', tag(194)), `m.v;k=${'x'.repeat(194)}`)
    assert.equal(seriesId('m.v', tag(195)).length, 200)
    assert.match(seriesId('m.v', tag(195)), /^m\.v;k=x+~[0-9a-f]{32}$/)
    assert.notEqual(seriesId('m.v', tag(195)), seriesId('m.v', tag(196)))
    assert.ok(seriesId('m.v', [['k', '😀'.repeat(150)]]).isWellFormed())
  })

  test('is one that signals may have, and another for each series', () => {
    const isId = Compile(Id)
    const series = fc.record({
      measurement: name,
      field: name,
      tags: fc.uniqueArray(fc.tuple(name, name), { maxLength: 3, selector: ([key]) => key }),
    })
    const idOf = ({
      measurement,
      field,
      tags,
    }: {
      measurement: string
      field: string
      tags: [string, string][]
    }) => seriesId(fieldHead(measurement, field), tags)
    fc.assert(
      fc.property(series, series, (a, b) => {
        assert.ok(isId.Check(idOf(a)), idOf(a))
        const same =
          JSON.stringify([a.measurement, a.field, byKey(a.tags)]) ===
          JSON.stringify([b.measurement, b.field, byKey(b.tags)])
        assert.equal(idOf(a) === idOf(b), same)
        assert.equal(idOf({ ...a, tags: a.tags.toReversed() }), idOf(a))
        assert.notEqual(seriesId(metricHead(a.measurement), a.tags), idOf(b))
      }),
      { numRuns: 500 },
    )
  })
})
