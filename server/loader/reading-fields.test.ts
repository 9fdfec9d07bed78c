import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { NumberMarks } from '../number-text.ts'
import { createInstantReader, createNumberReader, explainInstant, explainNumber } from './reading-fields.ts'

const encoder = new TextEncoder()

/** Reads a text that stands between others, so that reading beyond its ends would show. */
function between(text: string, read: (data: Uint8Array, start: number, end: number) => number): number {
  const data = encoder.encode(`9${text}9`)
  return read(data, 1, data.length - 1)
}

const point = createNumberReader({})
const comma = createNumberReader({ decimal: ',' })
const number = (text: string) => between(text, point)
const commaNumber = (text: string) => between(text, comma)

describe('numbers of a file', () => {
  test('every double comes back from its shortest text, and from longer ones', () => {
    const any = fc.double({ noNaN: true, noDefaultInfinity: true })
    fc.assert(
      fc.property(any, (value) => {
        for (const text of [String(value), value.toExponential(), value.toPrecision(21)]) {
          assert.equal(number(text), Number(text), text)
          assert.equal(commaNumber(text.replace('.', ',')), Number(text), text)
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('digits with a point anywhere are the nearest double, however many they are', () => {
    const digits = fc.string({
      unit: fc.constantFrom(...'0123456789'.split('')),
      minLength: 1,
      maxLength: 40,
    })
    fc.assert(
      fc.property(fc.constantFrom('', '-', '+'), digits, fc.nat(40), (sign, all, place) => {
        const whole = all.slice(0, place)
        const text = `${sign}${whole}${place < all.length ? `.${all.slice(place)}` : ''}`
        assert.equal(number(text), Number(text), text)
        assert.equal(commaNumber(text.replace('.', ',')), Number(text), text)
      }),
      { numRuns: 2000 },
    )
  })

  test('blanks around are passed over; a sign, a point at either end and an exponent are taken', () => {
    for (const text of ['  1', '1  ', ' 1 ', '1.', '01', '1e0', '+1', '.1e1', '1E+0', '100e-2']) {
      assert.equal(number(text), 1, text)
    }
    assert.ok(Object.is(number('-0'), -0))
  })

  test('anything else is no number', () => {
    const wrong = [
      '',
      ' ',
      '.',
      '-',
      '+',
      'e5',
      '1e',
      '1e+',
      '--1',
      '+-1',
      '1 2',
      '1,5',
      '1.2.3',
      '0x10',
      '1_000',
      'NaN',
      'nan',
      'Infinity',
      '-inf',
      '1e400',
      '-1e99999',
      '١',
      '1d',
      '1\t',
      '½',
      '1e5.5',
      '1\u0000',
    ]
    for (const text of wrong) assert.ok(Number.isNaN(number(text)), text)
    for (const text of ['1.5', '1.000,5', '1,2,3', ',', '1 000,5']) {
      assert.ok(Number.isNaN(commaNumber(text)), text)
    }
  })

  test('marks of thousands stand between groups of three digits, or not at all', () => {
    const cases: [NumberMarks, string, number][] = [
      [{ thousands: ',' }, '1,234,567.5', 1234567.5],
      [{ thousands: ',' }, '-1,234', -1234],
      [{ thousands: ',' }, '1234567.5', 1234567.5],
      [{ thousands: ',' }, '+12,345e-2', 123.45],
      [{ decimal: ',', thousands: '.' }, ' 1.234.567,25 ', 1234567.25],
      [{ decimal: ',', thousands: '.' }, '1234,5', 1234.5],
      [{ decimal: ',', thousands: ' ' }, '12 345,5', 12345.5],
      [{ decimal: ',', thousands: ' ' }, '12\u00a0345\u202f678,5', 12345678.5],
      [{ thousands: "'" }, "1'234'567.5", 1234567.5],
      [{ thousands: "'" }, '1\u2019234', 1234],
    ]
    for (const [marks, text, expected] of cases) {
      assert.equal(between(text, createNumberReader(marks)), expected, text)
    }
    for (const text of ['1,23', '12,3456', '1234,567', ',123', '1,,234', '1,234,', '1,234.5,6', '1.5,000']) {
      assert.ok(Number.isNaN(between(text, createNumberReader({ thousands: ',' }))), text)
    }
    assert.throws(() => createNumberReader({ decimal: ',', thousands: ',' }), /both ,; name two/)
  })

  test('every number comes back from the marks that a language writes it with', () => {
    const read = createNumberReader({ decimal: ',', thousands: '.' })
    fc.assert(
      fc.property(fc.integer({ min: -1e13, max: 1e13 }), (thousandths) => {
        const text = (thousandths / 1000).toLocaleString('de-DE', { minimumFractionDigits: 3 })
        assert.equal(between(text, read), thousandths / 1000, text)
      }),
      { numRuns: 1000 },
    )
  })

  test('the reason says what would be right', () => {
    const reasons: [string, NumberMarks, string][] = [
      ['NaN', {}, 'it is not a finite number'],
      ['-Infinity', {}, 'it is not a finite number'],
      ['1e400', {}, 'it is not a number that fits; at most 1.8e308'],
      ['1,5', {}, 'it is not a number like 110.25 (the decimal mark is a point)'],
      ['1.5', { decimal: ',' }, 'it is not a number like 110,25 (the decimal mark is a comma)'],
      [
        '1,5',
        { thousands: ',' },
        'it is not a number like 1,110.25 (the decimal mark is a point; between the marks of thousands stand three digits)',
      ],
    ]
    for (const [text, marks, reason] of reasons) {
      assert.deepEqual(explainNumber(text, marks), { rule: 'type', reason })
    }
    assert.deepEqual(explainNumber(' ', {}), { rule: 'required', reason: 'the value is missing' })
  })
})

/** Reads local times as if they were UTC. */
function reader(format: string): (text: string) => number {
  const read = createInstantReader(format, (local) => local)
  assert.ok(read, format)
  return (text) => between(text, read)
}

const iso = reader('iso')
const YEAR_1900 = Date.UTC(1900, 0, 1)
const YEAR_2201 = Date.UTC(2201, 0, 1)
const milliseconds = fc.integer({ min: YEAR_1900, max: YEAR_2201 - 1 })

describe('times of a file', () => {
  test('every instant comes back from RFC 3339, to the microsecond', () => {
    fc.assert(
      fc.property(milliseconds, fc.nat(999), (ms, micros) => {
        const text = new Date(ms).toISOString()
        assert.equal(iso(text), ms * 1000)
        assert.equal(iso(`${text.slice(0, -1)}${String(micros).padStart(3, '0')}Z`), ms * 1000 + micros)
        assert.equal(iso(text.slice(0, -1).replace('T', ' ')), ms * 1000)
        assert.equal(iso(text.slice(0, 19)), Math.floor(ms / 1000) * 1_000_000)
        assert.equal(iso(text.slice(0, 16)), Math.floor(ms / 60_000) * 60_000_000)
        assert.equal(iso(text.slice(0, 10)), Math.floor(ms / 86_400_000) * 86_400_000_000)
      }),
      { numRuns: 2000 },
    )
  })

  test('an offset is taken off, in each way of writing it', () => {
    fc.assert(
      fc.property(milliseconds, fc.integer({ min: -14 * 60, max: 14 * 60 }), (ms, minutes) => {
        const local = new Date(ms + minutes * 60_000).toISOString().slice(0, -1)
        fc.pre(/^(19|2[01])\d\d-/.test(local) || local.startsWith('2200'))
        const sign = minutes < 0 ? '-' : '+'
        const hours = String(Math.floor(Math.abs(minutes) / 60)).padStart(2, '0')
        const rest = String(Math.abs(minutes) % 60).padStart(2, '0')
        assert.equal(iso(`${local}${sign}${hours}:${rest}`), ms * 1000)
        assert.equal(iso(`${local} ${sign}${hours}${rest}`), ms * 1000)
        if (rest === '00') assert.equal(iso(`${local}${sign}${hours}`), ms * 1000)
      }),
      { numRuns: 1000 },
    )
  })

  test('every day of the calendar is one, and no other is', () => {
    for (const year of [1900, 1904, 1999, 2000, 2023, 2024, 2100, 2200]) {
      for (let month = 0; month <= 13; month++) {
        for (let day = 0; day <= 32; day++) {
          const text = `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
          const date = new Date(Date.UTC(year, month - 1, day))
          const exists = date.toISOString().startsWith(text)
          assert.equal(iso(text), exists ? date.getTime() * 1000 : Number.NaN, text)
        }
      }
    }
  })

  test('what is read after another is not mixed up with it', () => {
    assert.equal(iso('2026-02-28'), Date.UTC(2026, 1, 28) * 1000)
    assert.ok(Number.isNaN(iso('2026-02-29')))
    assert.ok(Number.isNaN(iso('2026/02/28')))
    assert.ok(Number.isNaN(iso('2026-02-29')))
    assert.equal(iso('2026-02-28'), Date.UTC(2026, 1, 28) * 1000)
  })

  test('small letters, a comma in seconds, and zeros beyond microseconds are taken', () => {
    const noon = Date.UTC(2026, 0, 31, 12) * 1000
    for (const text of ['2026-01-31t12:00:00z', ' 2026-01-31T12:00Z ', '2026-01-31 12:00:00,000000000 Z']) {
      assert.equal(iso(text), noon, text)
    }
    assert.equal(iso('2026-01-31T12:00:00.5'), noon + 500_000)
  })

  test('anything else is no time', () => {
    const wrong = [
      '',
      ' ',
      'now',
      '2026',
      '2026-01',
      '2026-1-31',
      '31.01.2026',
      '20260131',
      '2026-01-31T',
      '2026-01-31T1',
      '2026-01-31T12',
      '2026-01-31T12:3',
      '2026-01-31T24:00',
      '2026-01-31T12:60',
      '2026-01-31T12:00:60',
      '2026-01-31T12:00:',
      '2026-01-31T12:00:0',
      '2026-01-31T12:00:00.',
      '2026-01-31T12:00:00.0000001',
      '2026-01-31T12:00:00+',
      '2026-01-31T12:00:00+1',
      '2026-01-31T12:00:00+25:00',
      '2026-01-31Z',
      '2026-01-31T12:00:00Zx',
      '2026-01-31T12:00:00+02:0x',
      '1899-12-31',
      '2201-01-01',
      '999999-12-31',
      '2026-01-31T12:00:00+02:60',
      '-2026-01-31',
      '2026-01-31T-1:00',
      '２０２６-01-31',
      '2026-01-31\t12:00',
    ]
    for (const text of wrong) assert.ok(Number.isNaN(iso(text)), text)
  })

  test('numbers since 1970, in each unit', () => {
    const instants = fc.integer({ min: YEAR_1900 * 1000, max: YEAR_2201 * 1000 - 1 })
    const [s, ms, us, ns] = ['epoch_s', 'epoch_ms', 'epoch_us', 'epoch_ns'].map(reader)
    assert.ok(s && ms && us && ns)
    fc.assert(
      fc.property(instants, fc.nat(999), (instant, nanos) => {
        const seconds = Math.floor(instant / 1_000_000)
        const rest = String(instant - seconds * 1_000_000).padStart(6, '0')
        // A double holds microseconds of seconds until 2106.
        if (seconds >= 0 && seconds < 2 ** 32) assert.equal(s(`${seconds}.${rest}`), instant)
        assert.equal(s(String(seconds)), seconds * 1_000_000)
        assert.equal(ms(String(Math.floor(instant / 1000))), Math.floor(instant / 1000) * 1000)
        assert.equal(us(String(instant)), instant)
        assert.equal(ns(String(BigInt(instant) * 1000n + BigInt(nanos))), instant)
      }),
      { numRuns: 1000 },
    )
    for (const read of [s, ms, us, ns]) {
      for (const text of ['', 'x', '1e30', '99999999999999999999', '2026-01-31']) {
        assert.ok(Number.isNaN(read(text)), text)
      }
    }
  })

  test('patterns of parts, whatever stands between them', () => {
    const instant = Date.UTC(2021, 11, 27, 23, 59, 49) * 1000
    const cases: [string, string, number][] = [
      ['DD.MM.YYYY HH:mm:ss', '27.12.2021 23:59:49', instant],
      ['YYYY-MM-DD HH:mm:ss.SSS', '2021-12-27 23:59:49.120', instant + 120_000],
      ['YYYYMMDDHHmmss', '20211227235949', instant],
      ['MM/DD/YYYY', ' 12/27/2021 ', Date.UTC(2021, 11, 27) * 1000],
      ['[YYYY] (MM) *DD* HH', '[2021] (12) *27* 23', Date.UTC(2021, 11, 27, 23) * 1000],
      ['YYYY-MM-DDTHH:mm:ss.SSSSSS', '2021-12-27T23:59:49.000001', instant + 1],
      ['ss mm HH DD MM YYYY', '49 59 23 27 12 2021', instant],
      ['D.M.YYYY H:mm', '3.2.2021 7:05', Date.UTC(2021, 1, 3, 7, 5) * 1000],
      ['D.M.YYYY H:mm', '27.12.2021 23:59', Date.UTC(2021, 11, 27, 23, 59) * 1000],
      ['M/D/YYYY h:mm a', '1/2/2021 12:05 AM', Date.UTC(2021, 0, 2, 0, 5) * 1000],
      ['M/D/YYYY h:mm a', '1/2/2021 12:05 pm', Date.UTC(2021, 0, 2, 12, 5) * 1000],
      ['MM/DD/YYYY hh:mm:ss A', '12/27/2021 11:59:49 PM', instant],
      ['DD-MMM-YY', '27-Dec-21', Date.UTC(2021, 11, 27) * 1000],
      ['DD MMM YY', '27 DEC 69', Date.UTC(1969, 11, 27) * 1000],
      ['DD.MM.YY', '27.12.68', Date.UTC(2068, 11, 27) * 1000],
      ['DD.MM.YYYY HH:mm:ssZ', '28.12.2021 01:29:49+01:30', instant],
      ['DD.MM.YYYY HH:mm:ss Z', '27.12.2021 23:59:49 Z', instant],
      ['YYYY-MM-DD HH:mm:ss.SSSSSSSSS', '2021-12-27 23:59:49.123456000', instant + 123_456],
      ["DD.MM.YYYY 'um' HH'h'mm", '27.12.2021 um 23h59', Date.UTC(2021, 11, 27, 23, 59) * 1000],
    ]
    for (const [pattern, text, expected] of cases) assert.equal(reader(pattern)(text), expected, pattern)
  })

  test('a text that does not fit its pattern, or names no day, is no time', () => {
    const read = reader('DD.MM.YYYY HH:mm')
    const wrong = [
      '',
      '31.02.2026 00:00',
      '1.2.2026 00:00',
      '01.02.26 00:00',
      '01.02.2026 24:00',
      '01-02-2026 00:00',
    ]
    for (const text of [...wrong, '01.02.2026 00:00:00', '2026-01-31T00:00']) {
      assert.ok(Number.isNaN(read(text)), text)
    }
  })

  test('parts that fit no clock and no calendar are no time', () => {
    const cases: [string, string[]][] = [
      ['h:mm a D.M.YYYY', ['0:05 AM 1.1.2021', '13:05 PM 1.1.2021', '1:05 XM 1.1.2021', '1:05 A 1.1.2021']],
      ['DD MMM YYYY', ['27 Dez 2021', '27 De 2021', '31 Feb 2021', '27 December 2021']],
      ['D.M.YYYY', ['001.1.2021', '.1.2021', '1.1.21']],
      ['DD.MM.YYYY HH:mmZ', ['27.12.2021 23:59', '27.12.2021 23:59+1', '27.12.2021 23:59Zx']],
      ['YYYY-MM-DD ss.SSSSSSSSS', ['2021-12-27 49.123456001', '2021-12-27 49.123456']],
    ]
    for (const [pattern, texts] of cases) {
      for (const text of texts) assert.ok(Number.isNaN(reader(pattern)(text)), `${text} as ${pattern}`)
    }
  })

  test('every minute comes back from each pattern, as a plain reading of its parts has it', () => {
    const two = (number: number) => String(number).padStart(2, '0')
    const names = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
    const writers: [string, (at: Date) => string][] = [
      [
        'D.M.YYYY H:mm',
        (at) =>
          `${at.getUTCDate()}.${at.getUTCMonth() + 1}.${at.getUTCFullYear()} ${at.getUTCHours()}:${two(at.getUTCMinutes())}`,
      ],
      [
        'MM/DD/YYYY hh:mm a',
        (at) =>
          `${two(at.getUTCMonth() + 1)}/${two(at.getUTCDate())}/${at.getUTCFullYear()} ${two(at.getUTCHours() % 12 || 12)}:${two(at.getUTCMinutes())} ${at.getUTCHours() < 12 ? 'AM' : 'PM'}`,
      ],
      [
        'DD MMM YYYY, HHmm',
        (at) =>
          `${two(at.getUTCDate())} ${names[at.getUTCMonth()]} ${at.getUTCFullYear()}, ${two(at.getUTCHours())}${two(at.getUTCMinutes())}`,
      ],
    ]
    for (const [pattern, write] of writers) {
      const read = reader(pattern)
      fc.assert(
        fc.property(milliseconds, (ms) => {
          const minute = Math.floor(ms / 60_000) * 60_000
          assert.equal(read(write(new Date(minute))), minute * 1000)
        }),
        { numRuns: 300 },
      )
    }
  })

  test('a pattern without a day, or with a part twice, cannot be used', () => {
    for (const pattern of [
      '',
      'HH:mm',
      'YYYY-MM',
      'h:mm D.M.YYYY',
      'HH:mm a D.M.YYYY',
      'MM MMM DD YYYY',
      'YY YYYY MM DD',
      'YYYY MM DD YYYY',
      'epoch',
      'YYYY MM DD S SS',
    ]) {
      assert.equal(
        createInstantReader(pattern, (local) => local),
        undefined,
        pattern,
      )
    }
  })

  test('the reason says what would be right', () => {
    const reasons: [string, string, RegExp][] = [
      ['', 'iso', /^the time is missing$/],
      ['2026-02-30', 'iso', /no such day in the calendar/],
      ['1899-12-31', 'iso', /not between 1900 and 2200/],
      ['2026-01-31T12:00:00.0000001Z', 'iso', /finer than a microsecond/],
      ['2026-01-31T12:00:00,0000001Z', 'iso', /finer than a microsecond/],
      ['31.01.2026', 'iso', /like 2026-01-31T12:00:00Z; other forms need `time_format`/],
      ['2026-01-31', 'DD.MM.YYYY', /not a time in the format DD\.MM\.YYYY, between 1900 and 2200/],
      ['x', 'epoch_s', /not a time in the format epoch_s/],
    ]
    for (const [text, format, reason] of reasons) {
      const explained = explainInstant(text, format)
      assert.match(explained.reason, reason)
      assert.equal(explained.rule, text === '' ? 'required' : 'type')
    }
  })
})
