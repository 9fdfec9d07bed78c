// In which format the times of a column are written: tried out with the reader that a load uses, so that what is
// guessed is what can be read. Pure.

import { type Guess, shareOf } from './guess.ts'
import { createInstantReader } from './reading-fields.ts'

export interface TimeGuess {
  format: string
  /** Every time has its own offset from UTC. */
  hasOffset: boolean
  /** No time has hours. */
  datesOnly: boolean
  /** Day and month could be the other way round. */
  ambiguous: boolean
}

/** Less, and the column holds something else. */
const LEAST_SHARE = 0.8
/** What a plain number must be to be taken for a time: from 1990 until 2100. */
const EPOCHS: { format: string; perSecond: number; name: string }[] = [
  { format: 'epoch_s', perSecond: 1, name: 'seconds' },
  { format: 'epoch_ms', perSecond: 1e3, name: 'milliseconds' },
  { format: 'epoch_us', perSecond: 1e6, name: 'microseconds' },
  { format: 'epoch_ns', perSecond: 1e9, name: 'nanoseconds' },
]
const [EARLIEST_S, LATEST_S] = [631_152_000, 4_102_444_800]
const OFFSET = /(?:[Zz]|\d ?[+-]\d\d(?::?\d\d)?)$/
const DATE =
  /^(\d{1,4})([-./ ])(\d{1,2}|[A-Za-z]{3})\2(\d{1,4})(?:(,? |T)(\d{1,2})([:.])(\d\d)(?:\7(\d\d)(?:([.,])(\d{1,9}))?)?( ?[AaPp][Mm])?( ?(?:[Zz]|[+-]\d\d(?::?\d\d)?))?)?$/
const COMPACT = /^(\d{8})(?:([ T_-]?)(\d{4}|\d{6}))?$/

/** Undefined when the values are no times; nothing but the values is looked at. */
export function guessTimes(values: string[]): Guess<TimeGuess> | undefined {
  const texts = values.map((value) => value.trim()).filter((value) => value !== '')
  if (texts.length === 0) return undefined
  return guessEpoch(texts) ?? guessIso(texts) ?? guessPattern(texts)
}

/** Instants of the values that can be read in the format; a pattern that is unusable reads none. */
function readAll(texts: string[], format: string): number[] {
  const read = createInstantReader(format, (local) => local)
  if (!read) return []
  const instants = texts.map((text) => {
    const bytes = Buffer.from(text)
    return read(bytes, 0, bytes.length)
  })
  return instants.filter((instant) => !Number.isNaN(instant))
}

function guessEpoch(texts: string[]): Guess<TimeGuess> | undefined {
  const numbers = texts.filter((text) => /^\d{9,19}(?:\.\d+)?$/.test(text)).map(Number)
  if (numbers.length < texts.length * LEAST_SHARE) return undefined
  for (const { format, perSecond, name } of EPOCHS) {
    const within = shareOf(
      numbers,
      (number) => number / perSecond >= EARLIEST_S && number / perSecond < LATEST_S,
    )
    if (within < 1) continue
    const value = { format, hasOffset: true, datesOnly: false, ambiguous: false }
    return { value, confidence: 0.6, why: `${texts[0]} is a time of our days in ${name} since 1970` }
  }
  return undefined
}

function guessIso(texts: string[]): Guess<TimeGuess> | undefined {
  const share = readAll(texts, 'iso').length / texts.length
  if (share < LEAST_SHARE) return undefined
  const datesOnly = texts.every((text) => text.length <= 10)
  const value = { format: 'iso', hasOffset: hasOffset(texts, datesOnly), datesOnly, ambiguous: false }
  return { value, confidence: Math.min(0.98, share), why: `${texts[0]} is a time as in ISO 8601` }
}

const hasOffset = (texts: string[], datesOnly: boolean) =>
  !datesOnly && shareOf(texts, (text) => OFFSET.test(text)) >= LEAST_SHARE

function guessPattern(texts: string[]): Guess<TimeGuess> | undefined {
  const formats = new Set(texts.slice(0, 50).flatMap(formatsOf))
  const tried = [...formats].map((format) => ({ format, instants: readAll(texts, format) }))
  const most = Math.max(0, ...tried.map(({ instants }) => instants.length))
  if (most < texts.length * LEAST_SHARE) return undefined
  const fitting = tried.filter(({ instants }) => instants.length === most)
  const chosen = fitting.reduce((best, one) => (spanOf(one.instants) < spanOf(best.instants) ? one : best))
  const datesOnly = !/[Hh]/.test(chosen.format)
  const other = fitting.some(({ format }) => orderOf(format) !== orderOf(chosen.format))
  const value = { format: chosen.format, hasOffset: hasOffset(texts, datesOnly), datesOnly, ambiguous: other }
  if (!other)
    return {
      value,
      confidence: Math.min(0.95, most / texts.length),
      why: `${texts[0]} fits ${chosen.format}`,
    }
  const why = `${texts[0]} may have day or month first; ${chosen.format} is taken`
  return { value, confidence: chosen.format.startsWith('DD.') ? 0.85 : 0.55, why }
}

/** Of two readings of the same times, the one that keeps them closer together is right more often. */
function spanOf(instants: number[]): number {
  const [least, greatest] = instants.reduce(
    ([low, high], instant) => [Math.min(low, instant), Math.max(high, instant)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  )
  return greatest - least
}

const orderOf = (format: string) => (format.match(/[DMY]+/g) ?? []).map((part) => part[0]).join('')

/** The patterns that a text may be written in, day first before month first. */
function formatsOf(text: string): string[] {
  const compact = COMPACT.exec(text)
  if (compact) {
    const [, , gap = '', clock = ''] = compact
    return [`YYYYMMDD${gap}${clock.length === 0 ? '' : clock.length === 4 ? 'HHmm' : 'HHmmss'}`]
  }
  const found = DATE.exec(text)
  if (!found) return []
  const [, first = '', mark, month = '', last = ''] = found
  const clock = clockOf(found)
  if (/\D/.test(month)) return [`${part('D', first)}${mark}MMM${mark}${yearOf(last)}${clock}`]
  if (first.length === 4) return [`YYYY${mark}${part('M', month)}${mark}${part('D', last)}${clock}`]
  if (last.length !== 2 && last.length !== 4) return []
  return [
    `${part('D', first)}${mark}${part('M', month)}${mark}${yearOf(last)}${clock}`,
    `${part('M', first)}${mark}${part('D', month)}${mark}${yearOf(last)}${clock}`,
  ]
}

const part = (letter: 'D' | 'M' | 'H' | 'h', digits: string) => letter.repeat(digits.length)
const yearOf = (digits: string) => 'Y'.repeat(digits.length)

function clockOf(found: RegExpExecArray): string {
  const [, , , , , gap, hours = '', colon = '', , seconds, point, fraction = '', half, zone] = found
  if (gap === undefined) return ''
  const second =
    seconds === undefined ? '' : `${colon}ss${point === undefined ? '' : point + 'S'.repeat(fraction.length)}`
  const noon = half === undefined ? '' : half.replace(/[AaPp][Mm]/, 'a')
  return `${gap}${part(half === undefined ? 'H' : 'h', hours)}${colon}mm${second}${noon}${zoneOf(zone)}`
}

const zoneOf = (zone: string | undefined) => (zone === undefined ? '' : zone.startsWith(' ') ? ' Z' : 'Z')
