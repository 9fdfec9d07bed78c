// The id of the signal that a series of another protocol is: its name and its tags in one text. Pure. Two series never
// have the same id, and one series has always the same.

import { hash } from 'node:crypto'

/** As long as the id of a signal may be. */
const LENGTH = 200
const HASH_DIGITS = 32

/**
 * What a signal's id may not hold, what stands between the parts of ours, the marks `%` and `~` themselves, and the
 * comma, which stands between ids in an address.
 */
const RESERVED = /[%~,;=/\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/** A series as it becomes a signal where there is none yet. */
export interface Series {
  id: string
  /** What is measured: the id without its tags. */
  quantity: string
  /** The name of the asset that the signal belongs to. */
  asset: string
}

/**
 * `head` and then `;tag=value` for each tag, tags in the order of their names: the form that Graphite gives tagged
 * series. In each part `% ~ , ; = /` and control characters are written as `%2F`, their UTF-8 bytes in hexadecimal. An
 * id of more than 200 characters is cut and ends with `~` and 32 hexadecimal digits of the SHA-256 of the whole.
 */
export function seriesId(head: string, tags: [key: string, value: string][]): string {
  const sorted = tags.toSorted(([a], [b]) => (a < b ? -1 : 1))
  return shorten(head + sorted.map(([key, value]) => `;${escapePart(key)}=${escapePart(value)}`).join(''))
}

/** `measurement.field`; a dot in the measurement is `%2E`, so that the first dot is the one between the two. */
export function fieldHead(measurement: string, field: string): string {
  return `${metricHead(measurement)}.${escapePart(field)}`
}

/** A metric that has no fields: without any dot, and so never the head of a field. */
export function metricHead(metric: string): string {
  return escapePart(metric).replaceAll('.', '%2E')
}

/** A name of something else as a name that assets and quantities may have. */
export function plainName(name: string): string {
  return shorten(escapePart(name))
}

/** Texts that are within the limit never hold `~`, so that a cut one is like none of them. */
export function shorten(whole: string): string {
  if (whole.length <= LENGTH) return whole
  const kept = whole.slice(0, LENGTH - HASH_DIGITS - 1).replace(/[\ud800-\udbff]$/, '')
  return `${kept}~${hash('sha256', whole).slice(0, HASH_DIGITS)}`
}

function escapePart(text: string): string {
  return text.replaceAll(RESERVED, (character) =>
    [...Buffer.from(character)]
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
      .join(''),
  )
}
