// The part of a file that the server is shown before it is loaded.

const HEAD_BYTES = 4 * 1024 * 1024
const WHOLE_LIMIT_BYTES = 64 * 1024 * 1024
/** Of these a part says nothing: what they hold is told at their end, or cannot be read without what stands before. */
const READ_WHOLE = /\.(xlsx|parquet|gz|zst)$/i

export interface FileHead {
  blob: Blob
  partial: boolean
}

/** Undefined for a file that can only be read whole and is too large for that. */
export function headOf(file: File): FileHead | undefined {
  if (READ_WHOLE.test(file.name)) {
    return file.size <= WHOLE_LIMIT_BYTES ? { blob: file, partial: false } : undefined
  }
  return { blob: file.slice(0, HEAD_BYTES), partial: file.size > HEAD_BYTES }
}
