// The bytes of a file as UTF-8: unpacked, decoded when it is in another encoding, without a byte-order mark.

import { createWriteStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream'
import { pipeline as pipelineDone } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import type { Mapping } from '../../contract/mapping.ts'
import { FileRefused, type LoaderJob } from './job.ts'
import { markLost } from './record.ts'
import { type Compression, readHead, sniffCompression } from './sniff-format.ts'

export const CHUNK_BYTES = 1024 * 1024
/** How long one who has read all that has come waits for more. */
const GROWTH_PAUSE_MS = 5
/** A file that grows by more than this while inflated, beyond the first 64 MB, is not data. */
const INFLATE_RATIO = 200
const RATIO_FREE_BYTES = 64 * 1024 * 1024

export interface FileBytes {
  chunks: AsyncIterable<Uint8Array>
  /** How much of the file has been read, 0 to 1. */
  fraction(): number
}

/** With `whole` the file may still grow until that resolves. */
export async function openFileBytes(
  path: string,
  encoding: Mapping['encoding'],
  { inflatedLimit, whole }: { inflatedLimit: number; whole?: Promise<void> | undefined },
): Promise<FileBytes> {
  const { chunks, fraction } = await openUnpacked(path, inflatedLimit, whole)
  return { chunks: decode(chunks, encoding), fraction }
}

/** The path of a file that can be read at any place: its own, or where a packed one was unpacked. */
export async function unpackedPath({ path, folder, limits }: LoaderJob): Promise<string> {
  if ((await readHead(path)).compression === undefined) return path
  const unpacked = join(folder, 'unpacked')
  await pipelineDone((await openUnpacked(path, limits.inflatedBytes)).chunks, createWriteStream(unpacked))
  return unpacked
}

async function openUnpacked(path: string, inflatedLimit: number, whole?: Promise<void>) {
  const file = await open(path)
  // Of one that grows nothing is known but what has come.
  const size = whole ? Number.POSITIVE_INFINITY : (await file.stat()).size
  const state = { read: 0 }
  const raw = readChunks(file, state, whole)
  const head = Buffer.alloc(4)
  await file.read(head, 0, 4, 0)
  const compression = sniffCompression(head)
  const count = createInflateLimit(size, inflatedLimit)
  const chunks = compression ? inflate(raw, { compression, size, count }) : raw
  return { chunks, fraction: () => (size === 0 ? 1 : state.read / size) }
}

async function* readChunks(
  file: FileHandle,
  state: { read: number },
  whole?: Promise<void>,
): AsyncGenerator<Uint8Array> {
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
    const growth = { over: whole === undefined }
    void whole?.then(() => {
      growth.over = true
    })
    let next = readAt(0, 0)
    for (let turn = 1; ; turn++) {
      const wasWhole = growth.over
      const chunk = await next
      if (chunk.length === 0 && wasWhole) return
      if (chunk.length === 0) {
        await Promise.race([whole, delay(GROWTH_PAUSE_MS)])
        next = readAt(turn, state.read)
        continue
      }
      state.read += chunk.length
      next = readAt(turn, state.read)
      yield chunk
    }
  } finally {
    await file.close()
  }
}

/** Counts bytes that came of a packed file of `size` bytes. Throws FileRefused when they are too many. */
export function createInflateLimit(size: number, inflatedLimit: number): (bytes: number) => void {
  let inflated = 0
  return (bytes) => {
    inflated += bytes
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
  }
}

async function* inflate(
  raw: AsyncIterable<Uint8Array>,
  { compression, size, count }: { compression: Compression; size: number; count: (bytes: number) => void },
): AsyncGenerator<Uint8Array> {
  const options = { chunkSize: CHUNK_BYTES }
  const unpacking = compression === 'gzip' ? createGunzip(options) : createZstdDecompress(options)
  let first = true
  try {
    // What goes wrong on either side is met where the inflated bytes are read.
    for await (const chunk of pipeline(copies(raw), unpacking, () => undefined)) {
      count(chunk.length)
      if (first && sniffCompression(chunk)) throw new FileRefused('the file is packed twice; pack it once')
      first = false
      yield chunk
    }
    // Node ends with the first frame of zstd, and says nothing of those behind it.
    if (compression === 'zstd' && unpacking.bytesWritten < size)
      throw new FileRefused('something stands behind the end of the zstd frame; pack the file as one')
  } catch (error) {
    if (error instanceof FileRefused) throw error
    const reason = error instanceof Error ? error.message : 'unknown reason'
    throw new FileRefused(`the file is not whole ${compression}: ${reason}`)
  }
}

/** The buffers are filled again while bytes wait to be inflated. */
async function* copies(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield Buffer.from(chunk)
}

/** A byte-order mark tells the encoding better than anybody does; without one it must be named unless it is UTF-8. */
async function* decode(
  bytes: AsyncIterable<Uint8Array>,
  encoding: Mapping['encoding'] = 'utf-8',
): AsyncGenerator<Uint8Array> {
  let decoder: InstanceType<typeof TextDecoder> | undefined
  let first = true
  for await (const chunk of bytes) {
    let rest = chunk
    if (first) {
      first = false
      const marked = sniffMark(chunk)
      const told = marked ?? encoding
      if (told !== 'utf-8') decoder = new TextDecoder(told === 'latin1' ? 'windows-1252' : told)
      else if (marked) rest = chunk.subarray(3)
    }
    yield decoder ? markLost(Buffer.from(decoder.decode(rest, { stream: true }))) : rest
  }
  const cut = decoder?.decode() ?? ''
  if (cut !== '') yield markLost(Buffer.from(cut))
}

/** The encoding that a byte-order mark tells. */
function sniffMark([first, second, third]: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' | undefined {
  if (first === 0xff && second === 0xfe) return 'utf-16le'
  if (first === 0xfe && second === 0xff) return 'utf-16be'
  return first === 0xef && second === 0xbb && third === 0xbf ? 'utf-8' : undefined
}
