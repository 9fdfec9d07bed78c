// Numbers as people write them: with a decimal point or comma, marks between groups of three digits, a sign, an
// exponent. Pure.

import type { Mapping } from '../contract/mapping.ts'
import { AppError } from './errors.ts'

/** Which characters stand within numbers: the decimal mark (`.` when left out), and that between groups, if any. */
export type NumberMarks = Pick<Mapping, 'decimal' | 'thousands'>

/** Those of a mapping alone. */
export function marksOf({ decimal, thousands }: Mapping): NumberMarks {
  return { ...(decimal && { decimal }), ...(thousands && { thousands }) }
}

/** Reads the number that a text is; NaN for anything else, and for what is beyond 1.8e308. */
export type NumberText = (text: string) => number

/** Marks that are typed for one another: spaces that do not break a line, and the typographic apostrophe. */
const GROUP_MARKS = { '.': '\\.', ',': ',', ' ': '[ \\u00a0\\u202f]', "'": "['\\u2019]" }

/**
 * Blanks around a number are for the caller to take away. With marks between groups, all groups but the first have three digits;
 * numbers without such marks are taken, too. AppError `invalid` when both marks are one character.
 */
export function createNumberText({ decimal = '.', thousands }: NumberMarks): NumberText {
  if (decimal === thousands) {
    throw new AppError('invalid', `the mapping's decimal and thousands marks are both ${thousands}; name two`)
  }
  const point = decimal === '.' ? '\\.' : ','
  const groups = thousands && `|\\d{1,3}(?:${GROUP_MARKS[thousands]}\\d{3})+(?:${point}\\d*)?`
  const number = new RegExp(`^[+-]?(?:\\d+${point}?\\d*|${point}\\d+${groups ?? ''})(?:e[+-]?\\d+)?$`, 'i')
  const marks = thousands && new RegExp(GROUP_MARKS[thousands], 'g')
  return (text) => {
    if (!number.test(text)) return Number.NaN
    const joined = marks ? text.replace(marks, '') : text
    const value = Number(decimal === ',' ? joined.replace(',', '.') : joined)
    return Number.isFinite(value) ? value : Number.NaN
  }
}

/** A number in the marks, for a sentence that says what would be right. */
export const exampleOf = ({ decimal = '.', thousands }: NumberMarks) =>
  `${thousands === undefined ? '' : `1${thousands}`}110${decimal}25`
