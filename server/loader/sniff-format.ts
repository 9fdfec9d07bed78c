// What kind of file came, from its first bytes and its name. Nothing is taken from what a client says of it.

import { open } from 'node:fs/promises'
import { pipeline, Readable } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import type { FileFormat } from '../../contract/mapping.ts'

export type Compression = 'gzip' | 'zstd'

/** Enough to tell a format, little enough to read at once. */
const HEAD_BYTES = 64 * 1024

const FORMAT_OF_ENDING = new Map<string, FileFormat>([
  ['csv', 'csv'],
  ['tsv', 'csv'],
  ['json', 'json'],
  ['geojson', 'json'],
  ['ndjson', 'ndjson'],
  ['jsonl', 'ndjson'],
  ['parquet', 'parquet'],
  ['xml', 'xml'],
  ['xlsx', 'xlsx'],
])

/** The format that a name's ending tells, looking past `.gz` and `.zst`; undefined when it tells none. */
export function formatOfName(fileName: string): FileFormat | undefined {
  return FORMAT_OF_ENDING.get(endingOf(fileName))
}

/** The ending of a name without its dot, in lower case, looking past `.gz` and `.zst`; empty when there is none. */
export function endingOf(fileName: string): string {
  return /\.([^.]*)$/.exec(fileName.toLowerCase().replace(/\.(gz|zst)$/, ''))?.[1] ?? ''
}

/** How the bytes of a file are packed, by the first four. */
export function sniffCompression(head: Uint8Array): Compression | undefined {
  if (startsWith(head, [0x1f, 0x8b])) return 'gzip'
  return startsWith(head, [0x28, 0xb5, 0x2f, 0xfd]) ? 'zstd' : undefined
}

/**
 * The format of a file from its first bytes, inflated, then from its name, then from how its text begins. Text that is
 * nothing else is CSV. Undefined for bytes that are neither text nor a format that is read.
 */
export function sniffFormat(head: Uint8Array, fileName: string): FileFormat | undefined {
  if (startsWith(head, Buffer.from('PAR1'))) return 'parquet'
  if (startsWith(head, Buffer.from('PK\u0003\u0004'))) return 'xlsx'
  const named = formatOfName(fileName)
  if (named !== undefined && named !== 'json' && named !== 'ndjson') return named
  const text = textOfHead(head)
  if (hasControls(text)) return undefined
  const first = text[0]
  if (first === '{') return isOneALine(text, named) ? 'ndjson' : 'json'
  if (first === '[') return named ?? 'json'
  return named ?? (first === '<' ? 'xml' : 'csv')
}

/** Whether there is a control character that no text has, in any encoding. */
function hasControls(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code < 32 && (code < 9 || code > 13)) return true
  }
  return false
}

function startsWith(head: Uint8Array, magic: ArrayLike<number>): boolean {
  return head.length >= magic.length && Array.from(magic).every((byte, index) => head[index] === byte)
}

/** Good enough to look at its ASCII characters: those of UTF-16 have a zero beside them. */
function textOfHead(head: Uint8Array): string {
  const wide = startsWith(head, [0xff, 0xfe]) || startsWith(head, [0xfe, 0xff])
  const bytes = wide || startsWith(head, [0xef, 0xbb, 0xbf]) ? head.subarray(wide ? 2 : 3) : head
  const ascii = Buffer.from(bytes.filter((byte, index) => byte !== 0 && !(wide && isHigh(bytes, index))))
  return ascii.toString('latin1').trimStart()
}

/** Whether a byte of UTF-16 belongs to a character beyond U+00FF. */
function isHigh(bytes: Uint8Array, index: number): boolean {
  return bytes[index ^ 1] !== 0
}

/** Whether the first line is an object of its own, with another one behind it or nothing in it that holds rows. */
function isOneALine(text: string, named: FileFormat | undefined): boolean {
  const end = text.indexOf('\n')
  const line = end < 0 ? text : text.slice(0, end)
  try {
    const object = JSON.parse(line) as object // it begins with a brace
    const rest = end < 0 ? '' : text.slice(end).trim()
    if (rest !== '') return rest.startsWith('{')
    return named === 'ndjson' || (named === undefined && !Object.values(object).some(Array.isArray))
  } catch {
    return named === 'ndjson'
  }
}

/** How a file is packed, and its first bytes unpacked: at most 64 KiB, fewer where the packing is damaged. */
export async function readHead(
  path: string,
): Promise<{ compression: Compression | undefined; head: Uint8Array }> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0)
    const head = buffer.subarray(0, bytesRead)
    const compression = sniffCompression(head)
    return { compression, head: compression === undefined ? head : await inflateHead(head, compression) }
  } finally {
    await file.close()
  }
}

async function inflateHead(packed: Uint8Array, compression: Compression): Promise<Uint8Array> {
  const options = { chunkSize: HEAD_BYTES }
  const inflating = compression === 'gzip' ? createGunzip(options) : createZstdDecompress(options)
  try {
    // The first chunk is all that is wanted; that the rest is missing is no fault of the file.
    for await (const chunk of pipeline(Readable.from([packed]), inflating, () => undefined)) return chunk
  } catch {
    // Damaged at its very start: whoever reads the file as a whole says so.
  }
  return new Uint8Array(0)
}
