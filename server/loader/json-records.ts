// Records of JSON: the items of an array, found byte by byte so that the file is never held as a whole, or one object
// a line. Each is parsed alone, and its fields are laid out as those of a CSV record are.

import type { RecordScanner } from './csv-records.ts'
import { FileRefused } from './job.ts'
import { ABSENT, createRecord, type FileRecord, MOST_RECORD_BYTES, numberText, PLAIN } from './record.ts'

const MOST_DEPTH = 64
const [QUOTE, BACKSLASH, COMMA, COLON] = [34, 92, 44, 58]
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [91, 93, 123, 125]

const tooLong = () => new FileRefused(`a record is longer than ${MOST_RECORD_BYTES} bytes`)

/** The fields that records are asked for: keys joined by dots. Numbers come with the decimal mark of the mapping. */
export interface JsonFields {
  paths: string[]
  decimal?: '.' | ',' | undefined
}

/** Lays out the fields of each record in the order of their paths. */
function createLayout({ paths, decimal = '.' }: JsonFields, take: (record: FileRecord) => void) {
  const record = createRecord()
  const routes = paths.map((path) => path.split('.'))
  return (data: Uint8Array, from: number, to: number, line = record.line + 1) => {
    record.line = line
    const raw = Buffer.from(data.subarray(from, to))
    const value = parse(raw.toString())
    record.broken =
      typeof value === 'object' && value !== null && !Array.isArray(value) ? '' : 'it is not a JSON object'
    const texts = routes.map((route, index) => fieldOf(value, paths[index] ?? '', { route, decimal }))
    const parts: Buffer[] = [raw]
    let at = raw.length
    for (const [index, text] of texts.entries()) {
      const bytes = Buffer.from(text ?? '')
      record.starts[index] = at
      at += bytes.length
      record.ends[index] = at
      record.kinds[index] = text === null ? ABSENT : PLAIN
      parts.push(bytes)
    }
    record.data = Buffer.concat(parts)
    record.from = 0
    record.to = raw.length
    record.count = texts.length
    take(record)
  }
}

function parse(text: string): unknown {
  try {
    return MANY_DIGITS.test(text) ? JSON.parse(text, keepDigits) : JSON.parse(text)
  } catch {
    return undefined
  }
}

const { rawJSON } = JSON as JSON & { rawJSON(text: string): object } // Node 24 has it, the types lack it

/** Only then can a record hold a whole number that a double does not. */
const MANY_DIGITS = /\d{16}/

/** Whole numbers beyond 2^53, such as nanoseconds since 1970, as the digits that they came with. */
function keepDigits(_key: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source
  if (source === undefined || !Number.isInteger(value) || Number.isSafeInteger(value)) return value
  return /^-?\d+$/.test(source) ? rawJSON(source) : value
}

/** The value at a key, or at a path of keys where no key has the whole name, as text; null when there is none. */
function fieldOf(
  record: unknown,
  name: string,
  { route, decimal }: { route: string[]; decimal: '.' | ',' },
): string | null {
  let value: unknown = record
  for (const key of ownValue(record, name) === undefined ? route : [name]) value = ownValue(value, key)
  if (value === undefined || value === null) return null
  if (typeof value === 'number') return numberText(value, decimal)
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function ownValue(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return Object.getOwnPropertyDescriptor(value, key)?.value
}

/** One object a line; empty lines are passed over, though they count. */
export function createNdjsonScanner(fields: JsonFields, take: (record: FileRecord) => void): RecordScanner {
  const layOut = createLayout(fields, take)
  const state: { rest: Buffer; line: number } = { rest: Buffer.alloc(0), line: 0 }
  const line = (data: Buffer) => {
    state.line++
    if (data.length > MOST_RECORD_BYTES)
      throw new FileRefused(`a line is longer than ${MOST_RECORD_BYTES} bytes`)
    if (data.some((byte) => byte > 32)) layOut(data, 0, data.length, state.line)
  }
  return {
    push(chunk) {
      const data = Buffer.concat([state.rest, chunk])
      let start = 0
      for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10, start)) {
        line(data.subarray(start, end))
        start = end + 1
      }
      state.rest = data.subarray(start)
      if (state.rest.length > MOST_RECORD_BYTES)
        throw new FileRefused(`a line is longer than ${MOST_RECORD_BYTES} bytes`)
    },
    end() {
      line(state.rest)
    },
  }
}

/**
 * The items of the array at `path` (keys joined by dots; empty: the file is the array). What stands around it is
 * checked only as far as finding the array needs.
 */
export function createJsonScanner(
  path: string,
  fields: JsonFields,
  take: (record: FileRecord) => void,
): RecordScanner {
  const layOut = createLayout(fields, take)
  const wanted = path === '' ? [] : path.split('.')
  const state = {
    depth: 0,
    inText: false,
    escaped: false,
    itemFrom: -1,
    arrayDepth: -1,
    found: false,
    ended: false,
  }
  /** Keys on the way down to where the scanner stands; `key` is the last text seen. */
  const way: string[] = []
  let key: number[] = []
  let rest: Buffer = Buffer.alloc(0)

  const atArray = () => way.length === wanted.length && way.every((name, index) => name === wanted[index])

  function open(byte: number): void {
    if (state.arrayDepth < 0 && byte === OPEN_ARRAY && atArray()) {
      if (state.found) throw new FileRefused(`the file has two arrays at ${path}; its rows must be in one`)
      state.arrayDepth = state.depth + 1
      state.found = true
    }
    state.depth++
    if (state.depth > MOST_DEPTH) throw new FileRefused(`the file is nested deeper than ${MOST_DEPTH} levels`)
  }

  function close(data: Buffer, at: number): void {
    if (state.depth === state.arrayDepth) {
      endItem(data, at)
      state.arrayDepth = -1
      state.ended = true
    }
    state.depth--
    if (state.arrayDepth < 0 && way.length >= state.depth) way.length = Math.max(0, state.depth - 1)
    if (state.depth < 0) throw new FileRefused('the file closes more brackets than it opens; it is not JSON')
  }

  function endItem(data: Buffer, at: number): void {
    if (at - state.itemFrom > MOST_RECORD_BYTES && state.itemFrom >= 0) throw tooLong()
    if (state.itemFrom >= 0) layOut(data, state.itemFrom, at)
    state.itemFrom = -1
  }

  function step(data: Buffer, at: number): void {
    const byte = data[at] as number // at is within data
    if (state.ended && state.depth === 0 && byte > 32) {
      throw new FileRefused('something stands behind the end of the JSON; rows one a line are NDJSON')
    }
    if (state.inText) {
      if (state.escaped) state.escaped = false
      else if (byte === BACKSLASH) state.escaped = true
      else if (byte === QUOTE) state.inText = false
      else if (state.arrayDepth < 0 && key.length < 1000) key.push(byte)
      return
    }
    const inArray = state.arrayDepth > 0 && state.depth === state.arrayDepth
    if (inArray && byte === COMMA) {
      endItem(data, at)
      return
    }
    if (inArray && byte > 32 && byte !== CLOSE_ARRAY && state.itemFrom < 0) state.itemFrom = at
    if (byte === QUOTE) {
      state.inText = true
      if (state.arrayDepth < 0) key = []
    } else if (byte === COLON && state.arrayDepth < 0) {
      way[state.depth - 1] = Buffer.from(key).toString()
      way.length = state.depth
    } else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) open(byte)
    else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) close(data, at)
  }

  function scan(data: Buffer, from: number): void {
    for (let at = from; at < data.length; at++) step(data, at)
    const keep = state.itemFrom >= 0 ? state.itemFrom : data.length
    rest = data.subarray(keep)
    if (state.itemFrom >= 0) state.itemFrom = 0
    if (rest.length > MOST_RECORD_BYTES) throw tooLong()
  }

  return {
    push(chunk) {
      const held = rest.length
      scan(held === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]), held)
    },
    end() {
      const place =
        path === ''
          ? 'the file is not an array of objects; name the path of its rows in `records`'
          : `there is no array at ${path}`
      if (!state.found) throw new FileRefused(place)
      if (!state.ended || state.inText || state.depth !== 0)
        throw new FileRefused('the file ends in the middle of its JSON')
    },
  }
}
