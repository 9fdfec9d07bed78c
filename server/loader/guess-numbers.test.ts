import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { NumberMarks } from '../number-text.ts'
import { createNumberTest, guessNumberMarks, isInteger, looksLikeNumber } from './guess-numbers.ts'

describe('the marks of numbers', () => {
  const cases: [string[], string | undefined, string, string | undefined][] = [
    [['1', '20', '300'], ',', '.', undefined],
    [['1.5', '20.25'], ',', '.', undefined],
    [['20,1172', '138,86', '3516,1'], '|', ',', undefined],
    [['1.234,56', '7,5'], ';', ',', '.'],
    [['1,234.56', '7.5'], ';', '.', ','],
    [['1,234,567', '12'], '|', '.', ','],
    [['1.234.567', '12'], ';', ',', '.'],
    [["1'234.56", '7.5'], ',', '.', "'"],
    [['1 234,56', '7,5'], ';', ',', ' '],
    [['1e-3', '2.5E6'], ',', '.', undefined],
    [['.5', '-.25'], ',', '.', undefined],
    [['52.541', '13.366'], ',', '.', undefined],
    [['52,541', '13,366'], ';', ',', undefined],
  ]
  for (const [cells, delimiter, decimal, thousands] of cases) {
    test(`of ${cells.join(' and ')}`, () => {
      const { value } = guessNumberMarks(cells, delimiter)

      assert.deepEqual([value.decimal, value.thousands], [decimal, thousands])
    })
  }

  test('that may be either are said not to be sure', () => {
    const comma = guessNumberMarks(['1,234', '5,678'], '|')
    const point = guessNumberMarks(['1.234', '5.678'], ';')

    assert.deepEqual([comma.value.decimal, point.value.decimal], [',', '.'])
    for (const guess of [comma, point]) {
      assert.ok(guess.confidence < 0.75)
      assert.match(guess.why, /thousand/)
    }
  })

  test('are found again from any numbers that were written with them', () => {
    const marks = fc.constantFrom<NumberMarks>(
      { decimal: '.', thousands: ',' },
      { decimal: ',', thousands: '.' },
      { decimal: '.', thousands: "'" },
      { decimal: ',', thousands: ' ' },
    )
    const numbers = fc.array(fc.integer({ min: -9_999_999, max: 9_999_999 }), { minLength: 1, maxLength: 20 })
    const write = (cents: number, { decimal, thousands }: NumberMarks) => {
      const whole = String(Math.trunc(Math.abs(cents) / 100)).replace(/\B(?=(\d{3})+$)/g, thousands ?? '')
      return `${cents < 0 ? '-' : ''}${whole}${decimal}${String(Math.abs(cents) % 100).padStart(2, '0')}`
    }
    fc.assert(
      fc.property(numbers, marks, (cents, written) => {
        const cells = cents.map((number) => write(number, written))
        const { value } = guessNumberMarks(cells, ';')

        assert.equal(value.decimal, written.decimal)
        // Numbers below a thousand do not show the mark.
        if (cents.some((number) => Math.abs(number) >= 100_000))
          assert.equal(value.thousands, written.thousands)
        assert.ok(cells.every(looksLikeNumber))
        assert.ok(cells.every(createNumberTest(value)))
      }),
    )
  })
})

test('names made of digits are no whole numbers', () => {
  assert.deepEqual(['7', '-12', '007', '1.0', '12345678901234567', 'a1'].map(isInteger), [
    true,
    true,
    false,
    false,
    false,
    false,
  ])
})
