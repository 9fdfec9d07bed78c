// XML as it is read here: elements and texts, one after the other, in bounded memory. Knows nothing of records.

import { isUtf8 } from 'node:buffer'
import { SaxesParser } from 'saxes'
import type { Mapping } from '../../contract/mapping.ts'
import type { RecordScanner } from './csv-records.ts'
import { FileRefused } from './job.ts'
import { MOST_RECORD_BYTES, textOf } from './record.ts'

export interface XmlEvents {
  /** Names and attributes as they stand in the file, prefixes included; entities are undone. */
  open(name: string, attributes: Record<string, string>): void
  close(name: string): void
  /** A piece of the text of the innermost open element. */
  text(text: string): void
}

const MOST_DEPTH = 64
/** The parser holds a text, a tag or a comment until it ends: it is asked after each slice whether one has. */
const SLICE_LENGTH = 64 * 1024

export interface XmlReader extends RecordScanner {
  /** Whether bytes came that are no UTF-8: then U+FFFD stands for them. */
  isLossy(): boolean
}

/** Reads UTF-8 without a byte-order mark. Throws FileRefused for what is no XML, has a DOCTYPE, or goes too far. */
export function createXmlReader({ open, close, text }: XmlEvents): XmlReader {
  const parser = new SaxesParser()
  const state = { depth: 0, quiet: 0, held: Buffer.alloc(0), isLossy: false }

  const piece = (value: string) => {
    state.quiet = 0
    text(value)
  }
  parser.on('text', piece)
  parser.on('cdata', piece)
  parser.on('opentag', ({ name, attributes }) => {
    state.quiet = 0
    if (++state.depth > MOST_DEPTH)
      throw new FileRefused(`the file is nested deeper than ${MOST_DEPTH} elements`)
    open(name, attributes)
  })
  parser.on('closetag', ({ name }) => {
    state.quiet = 0
    state.depth--
    close(name)
  })
  parser.on('comment', () => {
    state.quiet = 0
  })
  parser.on('doctype', () => {
    throw new FileRefused('the file has a DOCTYPE, which is not read; leave it out')
  })
  parser.on('error', ({ message }) => {
    const place = message.replace(/^(\d+):(\d+): /, 'line $1, column $2: ')
    throw new FileRefused(`the file is not well-formed XML: ${place.slice(0, 200)}`)
  })

  function write(bytes: Uint8Array): void {
    state.isLossy ||= !isUtf8(bytes)
    const decoded = textOf(bytes, 0, bytes.length)
    for (let at = 0; at < decoded.length; at += SLICE_LENGTH) {
      const slice = decoded.slice(at, at + SLICE_LENGTH)
      state.quiet += slice.length
      parser.write(slice)
      if (state.quiet > MOST_RECORD_BYTES + SLICE_LENGTH) {
        throw new FileRefused(`a text or a tag is longer than ${MOST_RECORD_BYTES} bytes`)
      }
    }
  }

  return {
    push(chunk) {
      const bytes = state.held.length > 0 ? Buffer.concat([state.held, chunk]) : chunk
      const end = wholeLength(bytes)
      state.held = Buffer.from(bytes.subarray(end))
      write(bytes.subarray(0, end))
    },
    end() {
      write(state.held)
      parser.close()
    },
    isLossy: () => state.isLossy,
  }
}

/** How many bytes there are without the beginning of a character at their end. */
function wholeLength(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] ?? 0
    if (byte < 0x80) break
    const needed = byte < 0xc0 ? 0 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4
    if (needed > back) return bytes.length - back
  }
  return bytes.length
}

const READ_ENCODINGS = new Map<string, Mapping['encoding']>([
  ['utf-8', undefined],
  ['utf8', undefined],
  ['us-ascii', undefined],
  ['iso-8859-1', 'latin1'],
  ['latin1', 'latin1'],
  ['windows-1252', 'latin1'],
])

/** The encoding that the first line of a file declares; undefined for UTF-8. FileRefused for one that is not read. */
export function declaredEncoding(head: Uint8Array): Mapping['encoding'] {
  const text = Buffer.from(head.subarray(0, 200)).toString('latin1')
  const declared = /^\s*<\?xml[^>]*\sencoding\s*=\s*["']([^"']+)/.exec(text)?.[1]?.toLowerCase() ?? 'utf-8'
  if (READ_ENCODINGS.has(declared)) return READ_ENCODINGS.get(declared)
  throw new FileRefused(`the file is in ${JSON.stringify(declared)}, which is not read; save it as UTF-8`)
}

/** A name without its prefix. */
export function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}
