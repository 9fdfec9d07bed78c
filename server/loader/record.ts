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
  /** How it is shown where it is refused, when it is no stretch of text in its file. */
  raw: (() => string) | undefined
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
    raw: undefined,
  }
}

/** A record whose fields are texts that were decoded already, as in XML, XLSX and Parquet: their UTF-8 is laid out. */
export interface TextRecord {
  line: number
  texts: (string | null)[]
  broken: string
  /** Whether U+FFFD in it stands for what could not be decoded. */
  isLossy: boolean
  raw: () => string
}

/** Answers the one record that it fills anew for each. */
export function createTextLayout(): (given: TextRecord) => FileRecord {
  const record = createRecord()
  const data = Buffer.alloc(MOST_RECORD_BYTES)
  record.data = data
  return ({ line, texts, broken, isLossy, raw }) => {
    record.line = line
    record.raw = raw
    record.broken = broken
    record.count = texts.length
    let at = 0
    for (let index = 0; index < texts.length; index++) {
      const text = texts[index]
      const isThere = typeof text === 'string'
      record.kinds[index] = isThere ? PLAIN : ABSENT
      record.starts[index] = at
      if (isThere && text.length > 0) at += writeText(data, text, at)
      record.ends[index] = at
    }
    if (at > data.length) {
      record.broken ||= `it is longer than ${MOST_RECORD_BYTES} bytes`
      record.kinds.fill(ABSENT, 0, record.count)
    }
    record.to = Math.min(at, data.length)
    if (isLossy) markLost(data.subarray(0, record.to))
    return record
  }
}

/** How many bytes a text takes; it is only written where they fit. */
function writeText(data: Buffer, text: string, at: number): number {
  const fits = at + text.length * 3 <= data.length || at + Buffer.byteLength(text) <= data.length
  if (!fits) return MOST_RECORD_BYTES + 1
  return data.write(text, at)
}

const LOST = Buffer.from('\ufffd')

/** Makes what could not be decoded, and is U+FFFD since, bytes that are no UTF-8: a row that has them is refused. */
export function markLost(bytes: Buffer): Buffer {
  for (let at = bytes.indexOf(LOST); at >= 0; at = bytes.indexOf(LOST, at)) bytes.fill(0xff, at, at + 3)
  return bytes
}

/** A number that is no text in its file, as text in which the mapping's decimal mark tells the same number. */
export function numberText(value: number, decimal: '.' | ','): string {
  const text = String(value)
  return decimal === '.' ? text : text.replace('.', decimal)
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
  if (record.raw) return record.raw().slice(0, RAW_LENGTH)
  return textOf(record.data, record.from, Math.min(record.to, record.from + RAW_LENGTH * 4)).slice(
    0,
    RAW_LENGTH,
  )
}
