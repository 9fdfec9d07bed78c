// The parts of a ZIP file, found by its directory at the end and read one at a time. Knows nothing of what is in them.

import { type FileHandle, open } from 'node:fs/promises'
import { pipeline } from 'node:stream'
import { createInflateRaw } from 'node:zlib'
import { CHUNK_BYTES, createInflateLimit } from './file-bytes.ts'
import { FileRefused } from './job.ts'

export interface ZipParts {
  has(name: string): boolean
  /** The bytes of a part, inflated. Names are compared without case, as in every office format. */
  read(name: string): AsyncIterable<Uint8Array>
  /** How large a part is when inflated, by the directory. */
  sizeOf(name: string): number
  close(): Promise<void>
}

interface Part {
  method: number
  encrypted: boolean
  packedBytes: number
  sizeBytes: number
  offset: number
}

const [END, END_64, END_64_PLACE, ENTRY, LOCAL] = [0x06054b50, 0x06064b50, 0x07064b50, 0x02014b50, 0x04034b50]
const END_BYTES = 22
/** Behind the end stands a comment of at most so many bytes. */
const MOST_COMMENT_BYTES = 65_535
const MOST_PARTS = 10_000
const MOST_DIRECTORY_BYTES = 8 * 1024 * 1024
/** What a field of 32 bits says when the number stands elsewhere in 64. */
const ELSEWHERE = 0xffffffff
const [STORED, DEFLATED] = [0, 8]

const damaged = () => new FileRefused('the file is not whole: its directory of parts cannot be read')

/** Throws FileRefused for what is no ZIP, or has too many parts; so do reads that inflate to too much. */
export async function openZip(path: string, inflatedLimit: number): Promise<ZipParts> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    const parts = readDirectory(await findDirectory(file, size))
    const count = createInflateLimit(size, inflatedLimit)
    const partOf = (name: string): Part => {
      const part = parts.get(name.toLowerCase())
      if (!part) throw new FileRefused(`the file lacks the part ${JSON.stringify(name)}`)
      return part
    }
    return {
      has: (name) => parts.has(name.toLowerCase()),
      read: (name) => readPart(file, partOf(name), count),
      sizeOf: (name) => partOf(name).sizeBytes,
      close: () => file.close(),
    }
  } catch (error) {
    await file.close()
    throw error
  }
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position)
  if (bytesRead < length) throw damaged()
  return buffer
}

/** The bytes of the directory, one entry for each part. */
async function findDirectory(file: FileHandle, size: number): Promise<Buffer> {
  const length = Math.min(size, END_BYTES + MOST_COMMENT_BYTES)
  const tail = await readAt(file, size - length, length)
  let at = tail.length - END_BYTES
  while (
    at >= 0 &&
    !(tail.readUInt32LE(at) === END && at + END_BYTES + tail.readUInt16LE(at + 20) <= tail.length)
  )
    at--
  if (at < 0) throw new FileRefused('the file is no XLSX: save it as .xlsx, without a password')
  let [directoryBytes, offset] = [tail.readUInt32LE(at + 12), tail.readUInt32LE(at + 16)]
  if (offset === ELSEWHERE && at >= 20 && tail.readUInt32LE(at - 20) === END_64_PLACE) {
    const end = await readAt(file, Number(tail.readBigUInt64LE(at - 12)), 56)
    if (end.readUInt32LE(0) !== END_64) throw damaged()
    directoryBytes = Number(end.readBigUInt64LE(40))
    offset = Number(end.readBigUInt64LE(48))
  }
  if (directoryBytes > MOST_DIRECTORY_BYTES)
    throw new FileRefused(`the file has more than ${MOST_PARTS} parts`)
  return readAt(file, offset, directoryBytes)
}

function readDirectory(directory: Buffer): Map<string, Part> {
  const parts = new Map<string, Part>()
  for (let at = 0; at + 46 <= directory.length; ) {
    if (directory.readUInt32LE(at) !== ENTRY) throw damaged()
    const nameEnd = at + 46 + directory.readUInt16LE(at + 28)
    const extraEnd = nameEnd + directory.readUInt16LE(at + 30)
    const name = directory.toString('utf8', at + 46, nameEnd).toLowerCase()
    const wide = createWideReader(directory.subarray(nameEnd, extraEnd))
    // In this order: those that stand elsewhere stand there one behind the other.
    const sizeBytes = wide(directory.readUInt32LE(at + 24))
    const packedBytes = wide(directory.readUInt32LE(at + 20))
    const offset = wide(directory.readUInt32LE(at + 42))
    const encrypted = (directory.readUInt16LE(at + 8) & 1) === 1
    parts.set(name, { method: directory.readUInt16LE(at + 10), encrypted, packedBytes, sizeBytes, offset })
    if (parts.size > MOST_PARTS) throw new FileRefused(`the file has more than ${MOST_PARTS} parts`)
    at = extraEnd + directory.readUInt16LE(at + 32)
  }
  return parts
}

/** Numbers too large for 32 bits are taken from the extra field of their entry, one behind the other. */
function createWideReader(extra: Buffer): (number: number) => number {
  let [at, end] = [0, 0]
  for (let from = 0; from + 4 <= extra.length; from += 4 + extra.readUInt16LE(from + 2)) {
    if (extra.readUInt16LE(from) !== 1) continue
    at = from + 4
    end = Math.min(extra.length, at + extra.readUInt16LE(from + 2))
  }
  return (number) => {
    if (number !== ELSEWHERE) return number
    at += 8
    if (at > end) throw damaged()
    return Number(extra.readBigUInt64LE(at - 8))
  }
}

async function* readPart(
  file: FileHandle,
  { method, encrypted, packedBytes, offset }: Part,
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  if (encrypted || (method !== STORED && method !== DEFLATED))
    throw new FileRefused('the file is encrypted or packed in a way that is not read; save it again as .xlsx')
  const local = await readAt(file, offset, 30)
  if (local.readUInt32LE(0) !== LOCAL) throw damaged()
  const start = offset + 30 + local.readUInt16LE(26) + local.readUInt16LE(28)
  if (packedBytes === 0) return
  const packed = file.createReadStream({
    start,
    end: start + packedBytes - 1,
    autoClose: false,
    highWaterMark: CHUNK_BYTES,
  })
  const inflating =
    method === STORED ? packed : pipeline(packed, createInflateRaw({ chunkSize: CHUNK_BYTES }), () => {})
  try {
    for await (const chunk of inflating) {
      count(chunk.length)
      yield chunk
    }
  } catch (error) {
    if (error instanceof FileRefused) throw error
    throw damaged()
  }
}
