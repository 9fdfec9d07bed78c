// One block of Snappy, decompressed within bounds (github.com/google/snappy, format_description.txt). Pure.

import { AppError } from '../../errors.ts'

/** So many bytes come of one at most: a copy of 64 takes three. */
const EXPANSION = 22

/**
 * The bytes that a block holds, at most `limit`. Throws `too_large` for more, before anything is set aside for them,
 * and `malformed` for what is no block.
 */
export function decompressSnappy(block: Uint8Array, limit: number): Uint8Array {
  const { length, start } = readLength(block)
  if (length > limit) {
    throw new AppError('too_large', `the body is larger than ${limit} bytes when it is decompressed`)
  }
  if (length > block.length * EXPANSION) throw damaged()
  const bytes = new Uint8Array(length)
  let filled = 0
  for (let at = start; at < block.length; ) {
    const piece = readPiece(block, at)
    if (filled + piece.size > length) throw damaged()
    if (piece.offset === 0) {
      if (piece.next + piece.size > block.length) throw damaged()
      bytes.set(block.subarray(piece.next, piece.next + piece.size), filled)
      at = piece.next + piece.size
    } else {
      copyWithin(bytes, filled, piece)
      at = piece.next
    }
    filled += piece.size
  }
  if (filled !== length) throw damaged()
  return bytes
}

/** Bytes that follow as they are (`offset` 0), or that stood so far back. */
interface Piece {
  size: number
  offset: number
  /** Where its bytes, or the next piece, begin. */
  next: number
}

function readPiece(block: Uint8Array, at: number): Piece {
  const tag = block[at] ?? 0 // at is within the block
  const upper = tag >>> 2
  switch (tag & 3) {
    case 0: {
      const width = upper < 60 ? 0 : upper - 59
      const size = (width === 0 ? upper : readNumber(block, at + 1, width)) + 1
      return { size, offset: 0, next: at + 1 + width }
    }
    case 1:
      return backwards({
        size: (upper & 7) + 4,
        offset: (tag >>> 5) * 256 + readNumber(block, at + 1, 1),
        next: at + 2,
      })
    case 2:
      return backwards({ size: upper + 1, offset: readNumber(block, at + 1, 2), next: at + 3 })
    default:
      return backwards({ size: upper + 1, offset: readNumber(block, at + 1, 4), next: at + 5 })
  }
}

function backwards(piece: Piece): Piece {
  if (piece.offset === 0) throw damaged()
  return piece
}

/** A copy may read what it has just written: that is how a run of one byte is stored. */
function copyWithin(bytes: Uint8Array, filled: number, { offset, size }: Piece): void {
  if (offset > filled) throw damaged()
  if (offset >= size) bytes.copyWithin(filled, filled - offset, filled - offset + size)
  else for (let at = filled; at < filled + size; at++) bytes[at] = bytes[at - offset] ?? 0 // both within bounds
}

/** Little-endian, of one to four bytes. */
function readNumber(block: Uint8Array, at: number, width: number): number {
  if (at + width > block.length) throw damaged()
  let number = 0
  for (let place = width - 1; place >= 0; place--) number = number * 256 + (block[at + place] ?? 0)
  return number
}

function readLength(block: Uint8Array): { length: number; start: number } {
  let length = 0
  for (let at = 0; at < 5; at++) {
    const byte = block[at]
    if (byte === undefined) throw damaged()
    length += (byte & 0x7f) * 128 ** at
    if (byte < 0x80) return { length, start: at + 1 }
  }
  throw damaged()
}

function damaged(): AppError {
  return new AppError('malformed', 'the body is not a block of Snappy, or is damaged')
}
