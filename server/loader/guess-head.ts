// The first megabytes of a file, unpacked: what a preview looks at, whatever the size of the file.

import { createReadStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline, type Readable } from 'node:stream'
import { constants, createGunzip, createZstdDecompress } from 'node:zlib'
import { FileRefused, type LoaderJob } from './job.ts'
import { type Compression, readHead, sniffCompression } from './sniff-format.ts'

/** Enough for tens of thousands of rows, little enough to be checked in a second. */
const HEAD_BYTES = 4 * 1024 * 1024

export interface FileHead {
  compression: Compression | undefined
  bytes: Uint8Array
  /** Whether `bytes` are all there are. */
  whole: boolean
}

/** `partial`: the file was sent only in part, so that it may break off anywhere. */
export async function openHead(path: string, partial: boolean): Promise<FileHead> {
  const { compression } = await readHead(path)
  const state = { ended: false }
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of unpacked(path, compression, partial)) {
      chunks.push(chunk)
      length += chunk.length
      if (length > HEAD_BYTES) break
    }
    state.ended = length <= HEAD_BYTES
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown reason'
    throw new FileRefused(`the file is not whole ${compression}: ${reason}`)
  }
  const bytes = Buffer.concat(chunks).subarray(0, HEAD_BYTES)
  if (length === 0)
    throw new FileRefused(`too little of the file was sent to unpack any of its ${compression}`)
  if (compression && sniffCompression(bytes)) throw new FileRefused('the file is packed twice; pack it once')
  return { compression, bytes, whole: state.ended && !partial }
}

/** `cut`: that the packing breaks off is no fault; all that came before is given. */
function unpacked(path: string, compression: Compression | undefined, cut: boolean): Readable {
  const raw = createReadStream(path, { highWaterMark: 1024 * 1024 })
  if (compression === undefined) return raw
  const { Z_SYNC_FLUSH, ZSTD_e_flush } = constants
  const unpacking =
    compression === 'gzip'
      ? createGunzip(cut ? { finishFlush: Z_SYNC_FLUSH } : {})
      : createZstdDecompress(cut ? { finishFlush: ZSTD_e_flush } : {})
  // What goes wrong on either side is met where the unpacked bytes are read.
  return pipeline(raw, unpacking, () => undefined)
}

/**
 * The job of reading the head alone: its rows are read as those of a file that breaks off, unless it is whole. Tables
 * that are read by their end are read as a whole. FileRefused for a part of one.
 */
export async function jobOfHead(
  job: LoaderJob,
  { bytes, whole }: FileHead,
  partial: boolean,
): Promise<LoaderJob> {
  if (job.format === 'xlsx' || job.format === 'parquet') {
    if (partial) throw new FileRefused(`a part of a file cannot be read as ${job.format}; send it as a whole`)
    return job
  }
  const path = join(job.folder, 'head')
  await writeFile(path, bytes)
  return { ...job, path, limits: { ...job.limits, breaks_off: !whole } }
}
