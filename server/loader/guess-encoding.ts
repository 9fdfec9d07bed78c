// The encoding of a text file from its first bytes. Pure.

import { isUtf8 } from 'node:buffer'
import type { Mapping } from '../../contract/mapping.ts'
import type { Guess } from './guess.ts'

export type Encoding = NonNullable<Mapping['encoding']>

/** A head may end within a character of up to four bytes. */
const MOST_CUT_BYTES = 3
/** Of UTF-16, about every second byte is zero where the text is mostly ASCII. */
const LEAST_ZEROS = 0.3

export function guessEncoding(head: Uint8Array): Guess<Encoding> {
  const wide = markOf(head) ?? byZeros(head)
  if (wide) return wide
  if (isUtf8Head(head)) {
    const ascii = !head.some((byte) => byte > 127)
    return { value: 'utf-8', confidence: 1, why: ascii ? 'it is all ASCII' : 'it is valid UTF-8' }
  }
  return {
    value: 'latin1',
    confidence: 0.6,
    why: 'it is not valid UTF-8, so it is read as Windows-1252 (Latin-1); look whether accents and umlauts are right',
  }
}

function markOf([first, second]: Uint8Array): Guess<Encoding> | undefined {
  const why = 'its byte-order mark says so'
  if (first === 0xff && second === 0xfe) return { value: 'utf-16le', confidence: 1, why }
  if (first === 0xfe && second === 0xff) return { value: 'utf-16be', confidence: 1, why }
  return undefined
}

/** Text has no zero bytes in other encodings; those of UTF-16 are all at even or all at odd places. */
function byZeros(head: Uint8Array): Guess<Encoding> | undefined {
  const zeros = [0, 0]
  for (const [index, byte] of head.entries()) if (byte === 0) zeros[index % 2] = (zeros[index % 2] ?? 0) + 1
  const [even = 0, odd = 0] = zeros
  const many = head.length * (LEAST_ZEROS / 2)
  const why = 'every second byte is zero, as in UTF-16'
  if (odd > many && even < odd / 10) return { value: 'utf-16le', confidence: 0.9, why }
  if (even > many && odd < even / 10) return { value: 'utf-16be', confidence: 0.9, why }
  return undefined
}

function isUtf8Head(head: Uint8Array): boolean {
  for (let cut = 0; cut <= MOST_CUT_BYTES; cut++) {
    if (isUtf8(head.subarray(0, head.length - cut))) return true
  }
  return false
}

const DECODERS: Record<Encoding, string> = {
  'utf-8': 'utf-8',
  'utf-16le': 'utf-16le',
  'utf-16be': 'utf-16be',
  latin1: 'windows-1252',
}

/** The head as text, without a byte-order mark. */
export function decodeHead(head: Uint8Array, encoding: Encoding): string {
  return new TextDecoder(DECODERS[encoding]).decode(head)
}
