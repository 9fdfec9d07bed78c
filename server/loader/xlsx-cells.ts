// What stands in a cell of a sheet, as text: numbers, and the dates that are numbers with a format. Pure.

import { numberText } from './record.ts'

/** What a number format makes of a number: which parts of a moment it shows. */
export interface MomentFormat {
  date: boolean
  time: boolean
}

/** Formats that are built in and have no code in the file (ECMA-376, 18.8.30), those of East Asia included. */
const BUILT_IN: [number, number, MomentFormat][] = [
  [14, 17, { date: true, time: false }],
  [18, 21, { date: false, time: true }],
  [22, 22, { date: true, time: true }],
  [27, 31, { date: true, time: false }],
  [32, 35, { date: false, time: true }],
  [36, 36, { date: true, time: false }],
  [45, 45, { date: false, time: true }],
  [47, 47, { date: false, time: true }],
  [50, 58, { date: true, time: false }],
]

/** The moment that a format shows; undefined when it shows a number, or a length of time such as [h]:mm. */
export function momentFormat(id: number, code: string | undefined): MomentFormat | undefined {
  if (code === undefined) return BUILT_IN.find(([first, last]) => id >= first && id <= last)?.[2]
  // Without texts in quotes, escaped characters, padding, colours and conditions; only the part for numbers above 0.
  const letters = code.replace(/"[^"]*"|\\.|[_*]./gs, '').split(';')[0] ?? ''
  if (/\[(h+|m+|s+)\]/i.test(letters)) return undefined
  const shown = letters
    .replace(/\[[^\]]*\]/g, '')
    .replace(/general/i, '')
    .toLowerCase()
  const time = /[hs]/.test(shown)
  const date = /[yd]/.test(shown) || (shown.includes('m') && !time)
  return date || time ? { date, time } : undefined
}

const DAY_MS = 86_400_000
/** The last day that a sheet can show: 9999-12-31. */
const DAYS_END = 2_958_466
/** Days from 1970-01-01 to day 0 of each date system. */
const [ZERO_1900, ZERO_1904] = [-25_569, -24_107]

/**
 * A number of days as local time: `2026-01-31`, `12:30:00` or both, to the millisecond. Day 60 of the system that
 * counts from 1900 is 29 February 1900, which never was; it is told as it stands.
 */
export function momentText(
  days: number,
  { date, time }: MomentFormat,
  from1904: boolean,
): string | undefined {
  if (!(days >= 0 && days < DAYS_END)) return undefined
  const inDays = Math.round(days * DAY_MS)
  const day = Math.floor(inDays / DAY_MS)
  const clock = new Date(inDays % DAY_MS).toISOString().slice(11, 23).replace('.000', '')
  if (!date && day === 0) return clock
  const shown = dayText(day, from1904)
  return inDays % DAY_MS === 0 && !time ? shown : `${shown}T${clock}`
}

function dayText(day: number, from1904: boolean): string {
  if (!from1904 && day === 60) return '1900-02-29'
  // The day that never was is counted, so those before it are one less far from 1970 than they seem.
  const since1970 = day + (from1904 ? ZERO_1904 : ZERO_1900) + (!from1904 && day < 60 ? 1 : 0)
  return new Date(since1970 * DAY_MS).toISOString().slice(0, 10)
}

/** The text of a number as it stands in the file; a text that is no number stays as it is. */
export function cellNumber(
  text: string,
  { moment, from1904, decimal }: { moment: MomentFormat | undefined; from1904: boolean; decimal: '.' | ',' },
): string {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) return text
  const shown = moment && momentText(value, moment, from1904)
  return shown ?? numberText(value, decimal)
}

/** Characters that XML cannot hold stand as _x000D_. */
export function unescaped(text: string): string {
  const plain = text.replace(/_x([0-9A-Fa-f]{4})_/g, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  )
  return plain.isWellFormed() ? plain : text
}

/** The place of a column from its letters, from 0: A is 0, AA is 26. Undefined when the name of the cell has none. */
export function columnPlace(cell: string): number | undefined {
  const letters = /^[A-Z]{1,3}(?=\d)/.exec(cell)?.[0]
  if (letters === undefined) return undefined
  return Buffer.from(letters).reduce((place, code) => place * 26 + code - 64, 0) - 1
}
