// One record of a file, whatever its format: slices of a buffer. The scanner owns it and fills it anew for each.

/** A field as it stands in `data`. */
export const PLAIN = 0
/** It stood in quotes, inside of which nothing was doubled. */
export const QUOTED = 1
/** It stood in quotes, some of which are doubled inside. */
export const ESCAPED = 2
/** There is no such field: a key that a JSON record lacks, or null. */
export const ABSENT = 3

export interface FileRecord {
  data: Uint8Array
  starts: Int32Array
  ends: Int32Array
  kinds: Uint8Array
  /** How many fields there are. */
  count: number
  /** Where it begins in the file, from 1; in JSON the position of the record from 1. */
  line: number
  /** The whole record is [from, to) of `data`. */
  from: number
  to: number
  /** Why the record as a whole cannot be read; empty when it can. */
  broken: string
}

/** More columns than any measurement has, fewer than hurt. */
export const MOST_FIELDS = 5000
/** A record longer than this is no record. */
export const MOST_RECORD_BYTES = 1024 * 1024

export function createRecord(): FileRecord {
  return {
    data: new Uint8Array(0),
    starts: new Int32Array(MOST_FIELDS),
    ends: new Int32Array(MOST_FIELDS),
    kinds: new Uint8Array(MOST_FIELDS),
    count: 0,
    line: 0,
    from: 0,
    to: 0,
    broken: '',
  }
}

/** The text of bytes [start, end); bytes that are not UTF-8 become U+FFFD. */
export function textOf(data: Uint8Array, start: number, end: number): string {
  return Buffer.from(data.buffer, data.byteOffset + start, end - start).toString('utf8')
}

/** A field's text, quotes undone; null when it is absent. */
export function fieldText(record: FileRecord, index: number, quote: number): string | null {
  if (index >= record.count || record.kinds[index] === ABSENT) return null
  const text = textOf(record.data, record.starts[index] ?? 0, record.ends[index] ?? 0)
  if (record.kinds[index] !== ESCAPED) return text
  const mark = String.fromCharCode(quote)
  return text.replaceAll(mark + mark, mark)
}

const RAW_LENGTH = 65_536

/** The record as it came, cut at 65 536 characters. */
export function rawText(record: FileRecord): string {
  return textOf(record.data, record.from, Math.min(record.to, record.from + RAW_LENGTH * 4)).slice(
    0,
    RAW_LENGTH,
  )
}
