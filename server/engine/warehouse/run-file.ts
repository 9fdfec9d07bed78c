// A run: sorted, checked readings on disk between the loader, which writes them, and the engine, which merges them.
// 16 bytes of head (`TMR1`, rows as uint32, zeros), then int32 keys padded to 8 bytes, int64 microseconds, doubles.

import { readFile, writeFile } from 'node:fs/promises'

const MAGIC = 0x31524d54
const HEAD_BYTES = 16

/** Columns of equal length; `measured_at` as pairs of little-endian words, the way the engine's vectors hold it. */
export interface Run {
  rows: number
  signal_key: Int32Array
  measured_at: Int32Array
  value: Float64Array
}

/** A run on its way into a staging table; the layer is one for all its rows, or one for each. */
export interface LayeredRun extends Run {
  layer: number | Int32Array
}

const padded = (bytes: number) => Math.ceil(bytes / 8) * 8

/** Microseconds since 1970 as two words, low first; exact for every whole number a double holds. */
export function instantWords(instants: ArrayLike<number>, rows: number): Int32Array {
  const words = new Int32Array(rows * 2)
  for (let row = 0; row < rows; row++) {
    const instant = instants[row] as number // within rows
    words[2 * row] = instant | 0
    words[2 * row + 1] = Math.floor(instant / 4294967296)
  }
  return words
}

export async function writeRun(path: string, run: Run): Promise<void> {
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUInt32LE(MAGIC, 0)
  head.writeUInt32LE(run.rows, 4)
  const keys = Buffer.alloc(padded(run.rows * 4))
  keys.set(new Uint8Array(run.signal_key.buffer, run.signal_key.byteOffset, run.rows * 4))
  await writeFile(path, [
    head,
    keys,
    new Uint8Array(run.measured_at.buffer, run.measured_at.byteOffset, run.rows * 8),
    new Uint8Array(run.value.buffer, run.value.byteOffset, run.rows * 8),
  ])
}

export async function readRun(path: string): Promise<Run> {
  const bytes = await readFile(path)
  const rows = bytes.length >= HEAD_BYTES ? bytes.readUInt32LE(4) : 0
  const keysEnd = HEAD_BYTES + padded(rows * 4)
  if (bytes.length < HEAD_BYTES || bytes.readUInt32LE(0) !== MAGIC || bytes.length !== keysEnd + rows * 16) {
    throw new Error(`not a whole run file of ${rows} rows: ${bytes.length} bytes`)
  }
  const { buffer, byteOffset } = bytes
  return {
    rows,
    signal_key: new Int32Array(buffer.slice(byteOffset + HEAD_BYTES, byteOffset + HEAD_BYTES + rows * 4)),
    measured_at: new Int32Array(buffer.slice(byteOffset + keysEnd, byteOffset + keysEnd + rows * 8)),
    value: new Float64Array(buffer.slice(byteOffset + keysEnd + rows * 8, byteOffset + keysEnd + rows * 16)),
  }
}
