import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { guessTimes } from './guess-times.ts'
import { createInstantReader } from './reading-fields.ts'

const told = (values: string[]) => {
  const guess = guessTimes(values)?.value
  return guess && guess.format + (guess.hasOffset ? ' offset' : '') + (guess.ambiguous ? ' ambiguous' : '')
}

describe('times', () => {
  const cases: [string[], string | undefined][] = [
    [['2021-12-24 00:00:00.369', '2021-12-24 00:00:04.828'], 'iso'],
    [['2021-12-24T00:00:00Z'], 'iso offset'],
    [['2021-12-24T00:00:00+02:00', '2021-12-24T00:00:00+0200'], 'iso offset'],
    [['2021-12-24'], 'iso'],
    [['24.12.2021 10:00', '01.02.2021 11:00'], 'DD.MM.YYYY HH:mm'],
    [['24.12.2021 10:00:30', '01.02.2021 11:00:00'], 'DD.MM.YYYY HH:mm:ss'],
    [['24.12.2021'], 'DD.MM.YYYY'],
    [['12/24/2021 10:00', '02/01/2021 11:00'], 'MM/DD/YYYY HH:mm'],
    [['24/12/2021 10:00'], 'DD/MM/YYYY HH:mm'],
    [['2021/12/24 10:00'], 'YYYY/MM/DD HH:mm'],
    [['24.12.2021 10.30'], 'DD.MM.YYYY HH.mm'],
    [['24.12.21 10:30'], 'DD.MM.YY HH:mm'],
    [['1.2.2021 9:30', '13.12.2021 10:30'], 'D.M.YYYY H:mm'],
    [['24-Dec-2021 10:30:00'], 'DD-MMM-YYYY HH:mm:ss'],
    [['12/24/2021 10:30 PM'], 'MM/DD/YYYY hh:mm a'],
    [['24.12.2021 10:30:00.250'], 'DD.MM.YYYY HH:mm:ss.SSS'],
    [['24.12.2021 10:30:00 +01:00'], 'DD.MM.YYYY HH:mm:ss Z offset'],
    [['20211224'], 'YYYYMMDD'],
    [['20211224T101500', '20211225T101500'], 'YYYYMMDDTHHmmss'],
    [['1640304000', '1640304060'], 'epoch_s offset'],
    [['1640304000.5'], 'epoch_s offset'],
    [['1640304000369'], 'epoch_ms offset'],
    [['1640304000369000'], 'epoch_us offset'],
    [['1640304000369000000'], 'epoch_ns offset'],
    [['01/02/2021', '03/04/2021'], 'DD/MM/YYYY ambiguous'],
    [['20.5', '21'], undefined],
    [['510391', '510222'], undefined],
    [['north-t1'], undefined],
    [['10.1.2.3'], undefined],
    [['2021-13-24', '2021-14-01'], undefined],
    [[''], undefined],
    [[], undefined],
  ]
  for (const [values, format] of cases) {
    test(`${values.join(', ') || 'nothing'} are ${format ?? 'none'}`, () => {
      assert.equal(told(values), format)
    })
  }

  test('that may have day or month first are read so that they lie close together', () => {
    const hourly = ['01/02/2021 22:00', '01/02/2021 23:00', '01/03/2021 00:00']

    assert.equal(told(hourly), 'MM/DD/YYYY HH:mm ambiguous')
    assert.match(guessTimes(hourly)?.why ?? '', /day or month first/)
  })

  test('a few that are wrong do not hide the others', () => {
    assert.equal(told([...Array(9).fill('24.12.2021 10:00'), 'none']), 'DD.MM.YYYY HH:mm')
  })

  test('what is guessed of written times reads them all, and as they were meant unless it is said to be ambiguous', () => {
    const two = (number: number) => String(number).padStart(2, '0')
    const written: Record<string, (at: Date) => string> = {
      iso: (at) => at.toISOString().replace('.000Z', ''),
      'DD.MM.YYYY HH:mm:ss': (at) =>
        `${two(at.getUTCDate())}.${two(at.getUTCMonth() + 1)}.${at.getUTCFullYear()} ${at.toISOString().slice(11, 19)}`,
      'MM/DD/YYYY HH:mm:ss': (at) =>
        `${two(at.getUTCMonth() + 1)}/${two(at.getUTCDate())}/${at.getUTCFullYear()} ${at.toISOString().slice(11, 19)}`,
      epoch_s: (at) => String(at.getTime() / 1000),
    }
    const seconds = fc.integer({ min: 946_684_800, max: 4_000_000_000 })
    fc.assert(
      fc.property(
        fc.array(seconds, { minLength: 1, maxLength: 20 }),
        fc.constantFrom(...Object.keys(written)),
        (instants, format) => {
          const texts = instants.map((at) => written[format]?.(new Date(at * 1000)) ?? '')
          const guess = guessTimes(texts)?.value
          assert.ok(guess)
          const read = createInstantReader(guess.format, (local) => local)
          const found = texts.map((text) => read?.(Buffer.from(text), 0, text.length))

          assert.ok(found.every((instant) => !Number.isNaN(instant)))
          if (!guess.ambiguous)
            assert.deepEqual(
              found,
              instants.map((at) => at * 1_000_000),
            )
        },
      ),
      { numRuns: 200 },
    )
  })
})
