// The reference workload as CSV, the same bytes on every machine, with rows that must be refused when asked for.
// Knows nothing of the server.
//
//   node bench/grid.ts --out FILE [--rows 3M|30M] [--order signal|time] [--bad 0.01] [--duplicates 0.01]
//                      [--catalogue DIR] [--figures FILE] [--components N] [--readings N] [--first-step N]

import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import {
  GRID_3M,
  GRID_30M,
  type Grid,
  gridAssets,
  gridFigures,
  gridSignals,
  readingAt,
  timeAt,
} from './grid-model.ts'

/** The kinds of rows that must be refused, in the order in which they take turns. */
export const BAD_KINDS = [
  'unknown_signal',
  'impossible_time',
  'missing_time',
  'not_a_number',
  'not_finite',
  'missing_value',
] as const
export type BadKind = (typeof BAD_KINDS)[number]

/** `repeated`: the row once more, after it. `superseded`: another value for the same instant, before it. */
export interface GridSummary {
  /** Lines of the file without the header. */
  rows: number
  good: number
  bad: Record<BadKind, number>
  repeated: number
  superseded: number
  size_bytes: number
}

const HEADER = 'signal_id,measured_at,value\n'
const CHUNK_BYTES = 1 << 20
/** More than the longest row, with a bad row and a duplicate beside it. */
const ROOM_BYTES = 512

/** The file in chunks of about a megabyte, each a buffer of its own; the summary is what the generator returns. */
export function* gridChunks(grid: Grid): Generator<Uint8Array, GridSummary> {
  const writer = rowWriter(grid)
  const signals = gridSignals(grid).length
  const outer = grid.order === 'signal' ? signals : grid.readings
  const inner = grid.order === 'signal' ? grid.readings : signals
  for (let a = 0; a < outer; a++) {
    for (let b = 0; b < inner; b++) {
      if (grid.order === 'signal') writer.reading(a, b)
      else writer.reading(b, a)
      if (writer.isFull()) yield writer.take()
    }
  }
  yield writer.take()
  return writer.summary()
}

/** Writes the file; 3 million rows take about half a second. */
export function writeGrid(path: string, grid: Grid): GridSummary {
  const file = openSync(path, 'w')
  try {
    const chunks = gridChunks(grid)
    for (;;) {
      const next = chunks.next()
      if (next.done) return next.value
      writeAll(file, next.value)
    }
  } finally {
    closeSync(file)
  }
}

function writeAll(file: number, chunk: Uint8Array): void {
  for (let written = 0; written < chunk.length; ) written += writeSync(file, chunk, written)
}

/** Puts rows into a buffer as bytes; strings would cost five times as much. */
function rowWriter(grid: Grid) {
  const ids = gridSignals(grid).map(({ id }) => Buffer.from(id))
  const times = Array.from({ length: grid.readings }, (_, step) =>
    Buffer.from(timeAt(grid.first_step + step)),
  )
  const badTurn = takesTurn(grid.bad, 0)
  const duplicateTurn = takesTurn(grid.duplicates, 0.5)
  const summary = {
    rows: 0,
    good: 0,
    bad: Object.fromEntries(BAD_KINDS.map((kind) => [kind, 0])) as Record<BadKind, number>, // every kind is there
    repeated: 0,
    superseded: 0,
    size_bytes: 0,
  }
  let buffer = Buffer.allocUnsafe(CHUNK_BYTES)
  let length = buffer.write(HEADER, 'latin1')

  function put(id: Uint8Array, time: Uint8Array, value: number): void {
    for (let index = 0; index < id.length; index++) buffer[length++] = id[index] as number // within bounds
    buffer[length++] = 44
    for (let index = 0; index < time.length; index++) buffer[length++] = time[index] as number // within bounds
    buffer[length++] = 44
    length = putThousandths(buffer, length, value)
    buffer[length++] = 10
    summary.rows++
  }

  function putBad(id: Uint8Array, time: Uint8Array): void {
    const turn = Object.values(summary.bad).reduce((sum, count) => sum + count, 0)
    const kind = BAD_KINDS[turn % BAD_KINDS.length] ?? 'not_a_number'
    length += buffer.write(badRow(kind, id.toString(), time.toString()), length, 'latin1')
    summary.bad[kind]++
    summary.rows++
  }

  return {
    reading(signal: number, index: number): void {
      const id = ids[signal] as Buffer // within bounds
      const time = times[index] as Buffer // within bounds
      const value = readingAt(signal, grid.first_step + index)
      const isDuplicated = duplicateTurn()
      const isRepeated = isDuplicated && summary.repeated <= summary.superseded
      if (badTurn()) putBad(id, time)
      if (isDuplicated && !isRepeated) put(id, time, value + 1000)
      put(id, time, value)
      if (isRepeated) put(id, time, value)
      summary.good++
      if (isDuplicated) summary[isRepeated ? 'repeated' : 'superseded']++
    },
    isFull: (): boolean => length > CHUNK_BYTES - ROOM_BYTES,
    take(): Uint8Array {
      const chunk = buffer.subarray(0, length)
      summary.size_bytes += length
      buffer = Buffer.allocUnsafe(CHUNK_BYTES)
      length = 0
      return chunk
    },
    summary: (): GridSummary => summary,
  }
}

function badRow(kind: BadKind, id: string, time: string): string {
  if (kind === 'unknown_signal') return `${id}-none,${time},1.000\n`
  if (kind === 'impossible_time') return `${id},2026-02-30T${time.slice(11)},1.000\n`
  if (kind === 'missing_time') return `${id},,1.000\n`
  if (kind === 'not_a_number') return `${id},${time},n/a\n`
  if (kind === 'not_finite') return `${id},${time},NaN\n`
  return `${id},${time},\n`
}

/** True at every (1 / share)th call: spread evenly and exact in number, to a millionth. */
function takesTurn(share: number, start: number): () => boolean {
  const rate = Math.round(share * 1_000_000)
  let carried = Math.round(start * 1_000_000)
  return () => {
    carried += rate
    if (carried < 1_000_000) return false
    carried -= 1_000_000
    return true
  }
}

/** Writes `123456` as `123.456`, always with three decimals; answers where the text ends. */
function putThousandths(buffer: Uint8Array, start: number, value: number): number {
  let rest = value
  let end = start
  if (rest < 0) {
    buffer[end++] = 45
    rest = -rest
  }
  let digits = 4
  for (let limit = 10_000; limit <= rest; limit *= 10) digits++
  end += digits + 1
  for (let index = 0; index <= digits; index++) {
    if (index === 3) {
      buffer[end - 1 - index] = 46
      continue
    }
    const tenth = (rest / 10) | 0
    buffer[end - 1 - index] = 48 + rest - tenth * 10
    rest = tenth
  }
  return end
}

function readOptions() {
  return parseArgs({
    options: {
      out: { type: 'string' },
      rows: { type: 'string', default: '3M' },
      order: { type: 'string', default: 'signal' },
      bad: { type: 'string', default: '0' },
      duplicates: { type: 'string', default: '0' },
      components: { type: 'string' },
      readings: { type: 'string' },
      'first-step': { type: 'string', default: '0' },
      catalogue: { type: 'string' },
      figures: { type: 'string' },
    },
  }).values
}

function main(): void {
  const options = readOptions()
  if (!options.out || !['3M', '30M'].includes(options.rows) || !['signal', 'time'].includes(options.order)) {
    throw new Error('say --out FILE, --rows 3M or 30M, --order signal or time')
  }
  const base = options.rows === '30M' ? GRID_30M : GRID_3M
  const grid: Grid = {
    components: Number(options.components ?? base.components),
    readings: Number(options.readings ?? base.readings),
    first_step: Number(options['first-step']),
    order: options.order === 'time' ? 'time' : 'signal',
    bad: Number(options.bad),
    duplicates: Number(options.duplicates),
  }
  if (options.catalogue) {
    mkdirSync(options.catalogue, { recursive: true })
    writeFileSync(join(options.catalogue, 'assets.json'), JSON.stringify(gridAssets(grid), null, 1))
    writeFileSync(join(options.catalogue, 'signals.json'), JSON.stringify(gridSignals(grid), null, 1))
  }
  if (options.figures) writeFileSync(options.figures, JSON.stringify(gridFigures(grid), null, 1))
  console.log(JSON.stringify(writeGrid(options.out, grid), null, 2))
}

if (process.argv[1] && resolve(process.argv[1]) === import.meta.filename) main()
