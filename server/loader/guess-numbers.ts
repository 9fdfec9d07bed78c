// Which marks the numbers of a file are written with, from the cells that look like numbers. Pure.

import { createNumberText, type NumberMarks } from '../number-text.ts'
import { type Guess, shareOf } from './guess.ts'

/** In the order in which they are taken where the cells do not decide. */
const CONVENTIONS: NumberMarks[] = [
  { decimal: '.' },
  { decimal: ',' },
  { decimal: '.', thousands: ',' },
  { decimal: ',', thousands: '.' },
  { decimal: '.', thousands: ' ' },
  { decimal: ',', thousands: ' ' },
  { decimal: '.', thousands: "'" },
  { decimal: ',', thousands: "'" },
]

const PLAIN_MARKS: NumberMarks = { decimal: '.' }
const LOOKS_LIKE_NUMBER = /^[+-]?(?:\d[\d.,' ]*|[.,]\d+)(?:[eE][+-]?\d{1,3})?$/
/** A single mark before exactly three digits may be either. */
const EITHER_MARK = /^[+-]?[1-9]\d{0,2}[.,]\d{3}$/
/** 007 is a name, not the number seven. */
const LEADING_ZERO = /^[+-]?0\d/

export const looksLikeNumber = (text: string) => LOOKS_LIKE_NUMBER.test(text.trim())

/** Whether a text is a number in these marks, as a load reads it. */
export function createNumberTest(marks: NumberMarks): (text: string) => boolean {
  const read = createNumberText(marks)
  return (text) => !Number.isNaN(read(text.trim()))
}

/** Whether a text is a whole number without a sign of being a name. */
export function isInteger(text: string): boolean {
  const trimmed = text.trim()
  return /^[+-]?\d{1,15}$/.test(trimmed) && !LEADING_ZERO.test(trimmed)
}

export const hasLeadingZero = (text: string) => LEADING_ZERO.test(text.trim())

/**
 * The marks under which most of the cells are numbers. Of cells without any mark, the decimal point. `delimiter` is
 * that of a CSV file.
 */
export function guessNumberMarks(cells: string[], delimiter: string | undefined): Guess<NumberMarks> {
  const marked = cells
    .map((cell) => cell.trim())
    .filter((cell) => /[.,' ]/.test(cell) && looksLikeNumber(cell))
  if (marked.length === 0)
    return { value: PLAIN_MARKS, confidence: 0.9, why: 'no number has a mark that tells; the point is taken' }
  const shares = CONVENTIONS.map((marks) => ({ marks, share: shareOf(marked, createNumberTest(marks)) }))
  const best = Math.max(...shares.map(({ share }) => share))
  const fitting = shares.filter(({ share }) => share === best).map(({ marks }) => marks)
  const [first = PLAIN_MARKS] = fitting
  const ambiguous = marked.every((cell) => EITHER_MARK.test(cell)) && first.thousands === undefined
  const example = marked.find(createNumberTest(first)) ?? ''
  // With a comma between columns nobody writes one within numbers, and with a semicolon most do.
  if (ambiguous && (first.decimal === ',') !== (delimiter === ';')) {
    const name = first.decimal === ',' ? 'a comma' : 'a point'
    const why = `${example} may be a thousand or a fraction; ${name} is taken for the decimal mark`
    return { value: first, confidence: 0.6, why }
  }
  return { value: first, confidence: Math.min(0.97, best), why: `as in ${example}` }
}
