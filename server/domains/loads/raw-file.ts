// The file as it came: kept on disk under the load's id, with its size and hash. Its own name is never a path.

import { createHash } from 'node:crypto'
import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { AppError } from '../../errors.ts'

export interface RawFile {
  path: string
  size_bytes: number
  sha256: string
}

/** What is written at a time. */
const BATCH_BYTES = 1024 * 1024

export function rawPath(dataDir: string, loadId: string): string {
  return join(dataDir, 'loads', loadId)
}

export interface Keeping {
  limitBytes: number
  /** Called once, when the first megabyte is written. */
  onGrowing?: () => void
  /** Called when all of it is written, before it is durable. */
  onWhole?: () => void
}

/** Writes the stream to disk, durably. A stream that breaks off or is too long leaves nothing behind. */
export async function keepFile(
  stream: Readable,
  path: string,
  { limitBytes, onGrowing, onWhole }: Keeping,
): Promise<RawFile> {
  await mkdir(join(path, '..'), { recursive: true })
  const hash = createHash('sha256')
  let size = 0
  // Opened before anything can fail: a file that is being opened cannot be removed.
  const file = await open(path, 'wx').catch((error: unknown) => {
    throw failureOf(error)
  })
  try {
    for await (const batch of batchesOf(stream)) {
      const before = size
      size += batch.reduce((sum, chunk) => sum + chunk.length, 0)
      if (size > limitBytes) throw tooLarge(limitBytes)
      const written = file.writev(batch)
      for (const chunk of batch) hash.update(chunk)
      await written
      if (before < BATCH_BYTES && size >= BATCH_BYTES) onGrowing?.()
    }
    onWhole?.()
    await file.sync()
  } catch (error) {
    await rm(path, { force: true })
    throw failureOf(error)
  } finally {
    await file.close()
  }
  return { path, size_bytes: size, sha256: hash.digest('hex') }
}

/** The chunks of a stream, about a megabyte at a time. */
async function* batchesOf(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array[]> {
  let batch: Uint8Array[] = []
  let held = 0
  for await (const chunk of stream) {
    batch.push(chunk)
    held += chunk.length
    if (held < BATCH_BYTES) continue
    yield batch
    batch = []
    held = 0
  }
  if (held > 0) yield batch
}

export async function forgetFile(path: string): Promise<void> {
  await rm(path, { force: true })
}

function tooLarge(limitBytes: number): AppError {
  return new AppError(
    'too_large',
    `a file may have at most ${Math.floor(limitBytes / 1e6)} MB; split it, or compress it with gzip`,
  )
}

function failureOf(error: unknown): unknown {
  if (error instanceof AppError || !(error instanceof Error)) return error
  const code = 'code' in error ? error.code : undefined
  if (code === 'ENOSPC')
    return new AppError('disk_full', 'the disk is full; the file was not taken', { cause: error })
  if (code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ECONNRESET') {
    return new AppError('malformed', 'the file broke off before its end', { cause: error })
  }
  return error
}
