import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { encodeWriteRequest, type SentSeries, snappy } from '../../../tests/remote-write.ts'
import { AppError } from '../../errors.ts'
import { readSeries } from './remote-write.ts'
import { decompressSnappy } from './snappy.ts'

const read = (bytes: Uint8Array) => [...readSeries(bytes)]
const isMalformed = (error: unknown) => error instanceof AppError && error.code === 'malformed'

describe('a write request of Prometheus', () => {
  test('has series with labels and samples', () => {
    // {__name__="up"} 1 at 1000 ms, byte by byte as protobuf.dev/programming-guides/encoding has it.
    const bytes = Buffer.from('0a1e0a0e0a085f5f6e616d655f5f12027570120c09000000000000f03f10e807', 'hex')

    assert.deepEqual(read(bytes), [
      {
        labels: [['__name__', 'up']],
        samples: [{ value: 1, instant: 1_000_000 }],
        exemplars: 0,
        histograms: 0,
      },
    ])
  })

  test('is read as it was written', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 40 })
    const series = fc.record({
      labels: fc.array(fc.tuple(text, text), { maxLength: 5 }),
      samples: fc.array(
        fc.record({ value: fc.double(), timestamp: fc.integer({ min: -(2 ** 44), max: 2 ** 44 }) }),
        { maxLength: 5 },
      ),
      exemplars: fc.nat(3),
      histograms: fc.nat(3),
    })
    fc.assert(
      fc.property(fc.array(series, { maxLength: 5 }), (sent: SentSeries[]) => {
        const found = read(decompressSnappy(snappy(encodeWriteRequest(sent)), 1_000_000))

        const expected = sent.map(({ samples, ...rest }) => ({
          ...rest,
          samples: samples.map(({ value, timestamp }) => ({ value, instant: timestamp * 1000 })),
        }))
        assert.deepEqual(JSON.parse(JSON.stringify(found)), JSON.parse(JSON.stringify(expected)))
      }),
    )
  })

  test('that is damaged is malformed, wherever it is, or reads as another', () => {
    const whole = encodeWriteRequest([
      {
        labels: [
          ['__name__', 'up'],
          ['job', 'node'],
        ],
        samples: [{ value: 1.5, timestamp: 1_769_860_800_000 }],
      },
    ])
    for (let end = 1; end < whole.length; end++) {
      try {
        read(whole.subarray(0, end))
      } catch (error) {
        assert.ok(isMalformed(error), `cut at ${end}: ${String(error)}`)
      }
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          read(bytes)
        } catch (error) {
          assert.ok(isMalformed(error), String(error))
        }
      }),
      { numRuns: 1000 },
    )
  })

  test('whose labels are not UTF-8, or too many, is malformed', () => {
    assert.throws(() => read(Buffer.from('0a060a040a02fffe', 'hex')), isMalformed)
    const labels = Array.from({ length: 201 }, (_, index): [string, string] => [`l${index}`, 'x'])
    assert.throws(() => read(encodeWriteRequest([{ labels, samples: [] }])), isMalformed)
  })
})

describe('a block of Snappy', () => {
  const text = `${'the quick brown fox jumps over the lazy dog. '.repeat(5)}${'a'.repeat(70)}bcd`
  /** The text as another encoder (snappyjs 0.7.0) compressed it: with copies from near and far, and of themselves. */
  const compressed = Buffer.from(
    'qgJ4dGhlIHF1aWNrIGJyb3duIGZveCBqdW1wcyBvdmVyIAEfIGxhenkgZG9nLgUO/i0A/i0Avi0AAGH+AQAFAQhiY2Q=',
    'base64',
  )

  test('gives the bytes that were compressed', () => {
    const cases: [string, string][] = [
      ['00', ''],
      ['010061', 'a'],
      // "ab", then four bytes from two back, with offsets of one, two and four bytes.
      ['060461620102', 'ababab'],
      ['060461620e0200', 'ababab'],
      ['060461620f02000000', 'ababab'],
      // Sixty-one bytes as they are, their number in one, two, three and four bytes.
      ...['f03c', 'f43c00', 'f83c0000', 'fc3c000000'].map((tag): [string, string] => [
        `3d${tag}${'61'.repeat(61)}`,
        'a'.repeat(61),
      ]),
    ]
    for (const [block, expected] of cases) {
      assert.equal(Buffer.from(decompressSnappy(Buffer.from(block, 'hex'), 1000)).toString(), expected, block)
    }
    assert.equal(Buffer.from(decompressSnappy(compressed, 1000)).toString(), text)
  })

  test('may not hold more than is allowed, and is measured before it is read', () => {
    const isTooLarge = (error: unknown) => error instanceof AppError && error.code === 'too_large'

    assert.throws(() => decompressSnappy(compressed, text.length - 1), isTooLarge)
    assert.throws(() => decompressSnappy(Buffer.from('ffffffff0f00', 'hex'), 16_000_000), isTooLarge)
    assert.throws(() => decompressSnappy(Buffer.from('8080800400', 'hex'), 16_000_000), isMalformed)
  })

  test('that is damaged is malformed', () => {
    const blocks = [
      '',
      '80',
      'ffffffffff01',
      '05046162',
      '01046162',
      '060461620103',
      '060461620100',
      '060461620e00',
      '0604616201',
      '03f4',
      '030861',
    ]
    for (const block of blocks) {
      assert.throws(() => decompressSnappy(Buffer.from(block, 'hex'), 1000), isMalformed, block)
    }
    for (let end = 0; end < compressed.length; end++) {
      assert.throws(() => decompressSnappy(compressed.subarray(0, end), 1000), isMalformed, `cut at ${end}`)
    }
  })
})
