// The file as it came: kept on disk under the load's id, with its size and hash. Its own name is never a path.

import { createHash } from 'node:crypto'
import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { AppError } from '../../errors.ts'

export interface RawFile {
  path: string
  size_bytes: number
  sha256: string
}

export function rawPath(dataDir: string, loadId: string): string {
  return join(dataDir, 'loads', loadId)
}

/** Writes the stream to disk, durably. A stream that breaks off or is too long leaves nothing behind. */
export async function keepFile(stream: Readable, path: string, limitBytes: number): Promise<RawFile> {
  await mkdir(join(path, '..'), { recursive: true })
  const hash = createHash('sha256')
  let size = 0
  // Opened before anything can fail: a file that is being opened cannot be removed.
  const file = await open(path, 'wx').catch((error: unknown) => {
    throw failureOf(error)
  })
  try {
    await pipeline(
      stream,
      async function* count(chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          size += chunk.length
          if (size > limitBytes) throw tooLarge(limitBytes)
          hash.update(chunk)
          yield chunk
        }
      },
      file.createWriteStream({ flush: true, highWaterMark: 1024 * 1024 }),
    )
  } catch (error) {
    await rm(path, { force: true })
    throw failureOf(error)
  }
  return { path, size_bytes: size, sha256: hash.digest('hex') }
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
