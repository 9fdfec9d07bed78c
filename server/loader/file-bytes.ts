// The bytes of a file as UTF-8: inflated when gzip, decoded when it is in another encoding, without a byte-order mark.

import { type FileHandle, open } from 'node:fs/promises'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { Mapping } from '../../contract/loads.ts'
import { FileRefused } from './job.ts'

const CHUNK_BYTES = 1024 * 1024
/** A file that grows by more than this while inflated, beyond the first 64 MB, is not data. */
const INFLATE_RATIO = 200
const RATIO_FREE_BYTES = 64 * 1024 * 1024

export interface FileBytes {
  chunks: AsyncIterable<Uint8Array>
  /** How much of the file has been read, 0 to 1. */
  fraction(): number
}

export async function openFileBytes(
  path: string,
  encoding: Mapping['encoding'],
  inflatedLimit: number,
): Promise<FileBytes> {
  const file = await open(path)
  const { size } = await file.stat()
  const state = { read: 0 }
  const raw = readChunks(file, state)
  const head = Buffer.alloc(4)
  await file.read(head, 0, 4, 0)
  const gzip = head[0] === 0x1f && head[1] === 0x8b
  const bytes = gzip ? inflate(raw, { size, inflatedLimit }) : raw
  return { chunks: decode(bytes, encoding), fraction: () => (size === 0 ? 1 : state.read / size) }
}

async function* readChunks(file: FileHandle, state: { read: number }): AsyncGenerator<Uint8Array> {
  try {
    // Two buffers: the next chunk is read while the one before is worked on.
    const buffers = [Buffer.allocUnsafeSlow(CHUNK_BYTES), Buffer.allocUnsafeSlow(CHUNK_BYTES)]
    const readAt = (turn: number, position: number) => {
      const buffer = buffers[turn % 2] as Buffer // two there are
      const reading = file
        .read(buffer, 0, CHUNK_BYTES, position)
        .then(({ bytesRead }) => buffer.subarray(0, bytesRead))
      reading.catch(() => undefined)
      return reading
    }
    let next = readAt(0, 0)
    for (let turn = 1; ; turn++) {
      const chunk = await next
      if (chunk.length === 0) return
      state.read += chunk.length
      next = readAt(turn, state.read)
      yield chunk
    }
  } finally {
    await file.close()
  }
}

async function* inflate(
  raw: AsyncIterable<Uint8Array>,
  { size, inflatedLimit }: { size: number; inflatedLimit: number },
): AsyncGenerator<Uint8Array> {
  // What goes wrong on either side is met where the inflated bytes are read.
  const gunzip = pipeline(copies(raw), createGunzip({ chunkSize: CHUNK_BYTES }), () => undefined)
  let inflated = 0
  try {
    for await (const chunk of gunzip) {
      inflated += chunk.length
      if (inflated > inflatedLimit) {
        throw new FileRefused(
          `the file is larger than ${Math.floor(inflatedLimit / 1e6)} MB when inflated; split it`,
        )
      }
      if (inflated > RATIO_FREE_BYTES && inflated > size * INFLATE_RATIO) {
        throw new FileRefused(
          `the file inflates to more than ${INFLATE_RATIO} times its size; it is not taken for data`,
        )
      }
      yield chunk
    }
  } catch (error) {
    if (error instanceof FileRefused) throw error
    const reason = error instanceof Error ? error.message : 'unknown reason'
    throw new FileRefused(`the file is not whole gzip: ${reason}`)
  }
}

/** The buffers are filled again while bytes wait to be inflated. */
async function* copies(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield Buffer.from(chunk)
}

/** UTF-16 is known by its byte-order mark; other encodings must be named. */
async function* decode(
  bytes: AsyncIterable<Uint8Array>,
  encoding: Mapping['encoding'],
): AsyncGenerator<Uint8Array> {
  let decoder: InstanceType<typeof TextDecoder> | undefined
  let first = true
  for await (const chunk of bytes) {
    let rest = chunk
    if (first) {
      first = false
      const utf16 = chunk[0] === 0xff && chunk[1] === 0xfe
      if (chunk[0] === 0xfe && chunk[1] === 0xff) {
        throw new FileRefused('the file is UTF-16 with big-endian bytes; save it as UTF-8')
      }
      if (utf16 || encoding === 'utf-16le') decoder = new TextDecoder('utf-16le')
      else if (encoding === 'latin1') decoder = new TextDecoder('windows-1252')
      else if (chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf) rest = chunk.subarray(3)
    }
    yield decoder ? Buffer.from(decoder.decode(rest, { stream: true })) : rest
  }
  // Half a character at the end shows as U+FFFD, not as if the file were whole.
  const cut = decoder?.decode() ?? ''
  if (cut !== '') yield Buffer.from(cut)
}
