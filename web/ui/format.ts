// Numbers with units, times and sizes as people read them. Zones and units are applied here and nowhere else.

import { DAY_MS, HOUR_MS, MINUTE_MS, toWall } from './zone.ts'

/** What a value is divided by to be shown, and the unit that it then has. */
export interface Scale {
  divisor: number
  unit: string
}

const SCALED_UNITS = new Set([
  'W',
  'Wh',
  'VA',
  'VAh',
  'var',
  'varh',
  'A',
  'Ah',
  'V',
  'J',
  'Hz',
  'Pa',
  'bit/s',
])
const PREFIXES: readonly [string, number][] = [
  ['m', 1e-3],
  ['', 1],
  ['k', 1e3],
  ['M', 1e6],
  ['G', 1e9],
  ['T', 1e12],
]
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const MINUS = '\u2212'

/** The prefix that leaves one to three digits before the point: 1 240 000 W is shown in MW. */
export function scaleFor(unit: string, magnitude: number): Scale {
  const prefix = PREFIXES.find(([name]) => unit.startsWith(name) && SCALED_UNITS.has(unit.slice(name.length)))
  const plain = PREFIXES[1]
  const given = SCALED_UNITS.has(unit) ? plain : prefix
  if (!given || !plain || !Number.isFinite(magnitude) || magnitude === 0) return { divisor: 1, unit }
  const base = unit.slice(given[0].length)
  const absolute = Math.abs(magnitude) * given[1]
  const fitting = PREFIXES.filter(
    ([name, factor]) => factor <= absolute * 1.0005 && (name !== 'm' || given[0] === 'm'),
  )
  const [name, factor] = fitting.at(-1) ?? given
  return { divisor: factor / given[1], unit: name + base }
}

/** Three or four digits that matter: 1.24, 12.4, 110.3, 12 345. */
export function formatNumber(value: number): string {
  // Without what a division leaves in the last digits.
  const absolute = Number(Math.abs(value).toPrecision(12))
  if (absolute !== 0 && absolute < 0.01) return signed(value, value.toPrecision(2).replace('-', ''))
  const decimals = absolute < 10 ? 2 : absolute < 1000 ? 1 : 0
  return signed(value, grouped(absolute, Number.isInteger(absolute) ? 0 : decimals))
}

/** Digits as they are, for counts and tables: 1 048 576. */
export function formatCount(value: number): string {
  return signed(value, grouped(Math.abs(value), Number.isInteger(value) ? 0 : 3))
}

/** A value and its unit, scaled: `{text: '1.24', unit: 'MW'}`. */
export function formatValue(value: number, unit: string): { text: string; unit: string } {
  const scale = scaleFor(unit, value)
  return { text: formatNumber(value / scale.divisor), unit: scale.unit }
}

export function formatSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  const power = Math.min(3, Math.floor(Math.log10(bytes) / 3))
  return `${formatNumber(bytes / 1000 ** power)} ${['B', 'kB', 'MB', 'GB'][power]}`
}

/** `12 Mar 2026, 14:05`; the second shown only when it is not zero. */
export function formatInstant(instant: number, zone: string): string {
  return `${formatDay(instant, zone)}, ${formatClock(instant, zone)}`
}

export function formatDay(instant: number, zone: string): string {
  const date = new Date(toWall(zone, instant))
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`
}

export function formatClock(instant: number, zone: string): string {
  const text = new Date(toWall(zone, instant)).toISOString()
  return text.slice(17, 19) === '00' ? text.slice(11, 16) : text.slice(11, 19)
}

/** A range without saying anything twice: `12 – 19 Mar 2026`, with times only where they are not midnight. */
export function formatRange(from: number, to: number, zone: string): string {
  const start = toWall(zone, from)
  const end = toWall(zone, to)
  if (start % DAY_MS === 0 && end % DAY_MS === 0) {
    return shortenDays(new Date(start), new Date(end - 1))
  }
  const sameDay = Math.floor(start / DAY_MS) === Math.floor(end / DAY_MS)
  return `${formatInstant(from, zone)} – ${sameDay ? formatClock(to, zone) : formatInstant(to, zone)}`
}

function shortenDays(first: Date, last: Date): string {
  const full = (date: Date) => `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`
  if (first.getTime() + DAY_MS > last.getTime()) return full(first)
  if (first.getUTCFullYear() !== last.getUTCFullYear()) return `${full(first)} – ${full(last)}`
  if (first.getUTCMonth() !== last.getUTCMonth()) {
    return `${first.getUTCDate()} ${MONTHS[first.getUTCMonth()]} – ${full(last)}`
  }
  return `${first.getUTCDate()} – ${full(last)}`
}

/** `5 min`, `3 h`, `2 d`: one unit, rounded down. */
export function formatDuration(ms: number): string {
  if (ms < MINUTE_MS) return `${Math.max(0, Math.round(ms / 1000))} s`
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min`
  if (ms < 2 * DAY_MS) return `${Math.floor(ms / HOUR_MS)} h`
  return `${Math.floor(ms / DAY_MS)} d`
}

/** Grouped by thin spaces, as a point or comma would read differently from country to country. */
function grouped(value: number, decimals: number): string {
  const [whole = '', fraction] = value.toFixed(decimals).split('.')
  const text = whole.length > 4 ? whole.replace(/\B(?=(\d{3})+$)/g, '\u202f') : whole
  return fraction ? `${text}.${fraction}` : text
}

function signed(value: number, text: string): string {
  return value < 0 && /[1-9]/.test(text) ? MINUS + text : text
}
