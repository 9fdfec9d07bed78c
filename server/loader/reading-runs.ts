// Checked readings, collected into runs: sorted by month, signal and time, each (signal, instant) once, written to
// disk a million at a time. What repeats within the file is settled here, as if its rows came one after the other.

import { join } from 'node:path'
import { instantWords, writeRun } from '../engine/warehouse/run-file.ts'
import type { LoaderCounts } from './job.ts'

/** About 10 MB of columns; several are under way at once between loader and engine. */
export const RUN_ROWS = 1 << 19
/** Months of 30.4375 days: only neighbourhood on disk depends on them. */
const MONTH_MICROS = 2_629_800_000_000

export interface RunWriter {
  /** `place` is that of the signal among `keys`. A run that is full is cut, and written meanwhile. */
  add(place: number, instant: number, value: number): void
  /** Cuts a run of what is collected. */
  flush(): void
  /** Waits until no more than one run is still being written; call it between chunks of the file. */
  drain(): Promise<void>
  /** Waits until the last run is on disk. */
  finish(): Promise<void>
  layers(): number
  /** The layers that hold the first reading of each (signal, instant) of a run; the others correct those. */
  firstLayers(): number[]
  /** Whether a signal has readings in the runs. */
  has(place: number): boolean
}

export interface RunTarget {
  folder: string
  /** Integer keys by place; asked at each run, since a file may make signals. */
  keys: () => Int32Array
  counts: LoaderCounts
  wrote: (path: string, layer: number) => void
  /** Rows of a run. */
  capacity: number
}

export function createRunWriter({ folder, keys, counts, wrote, capacity }: RunTarget): RunWriter {
  const places = new Int32Array(capacity)
  const instants = new Float64Array(capacity)
  const values = new Float64Array(capacity)
  /** `reached` is the last instant of each signal in runs before. */
  const state = { rows: 0, files: 0, base: 0, top: 0, reached: new Float64Array(0) }
  const firsts = new Set<number>()
  const writing = { before: Promise.resolve(), last: Promise.resolve() }

  /** Begins to write a run once the one before is written. */
  function write(columns: SettledRun, layer: number): void {
    const path = join(folder, `run-${state.files++}`)
    writing.before = writing.last
    writing.last = writing.before.then(() => writeOut(path, columns, layer))
    writing.last.catch(() => undefined)
  }

  async function writeOut(path: string, columns: SettledRun, layer: number): Promise<void> {
    await writeRun(path, {
      rows: columns.rows,
      signal_key: columns.signal_key,
      measured_at: instantWords(columns.measured_at, columns.rows),
      value: columns.value,
    })
    wrote(path, layer)
  }

  /** Whether any signal of the run begins before the runs so far end it; then it must be merged after them. */
  function meetsEarlier({ order, groups }: SortedRows, signals: number): boolean {
    let meets = false
    const reached = lengthened(state.reached, signals)
    const ends = reached.slice()
    for (let group = 0; group + 1 < groups.length; group++) {
      const [from, to] = [groups[group] as number, groups[group + 1] as number] // group is within groups
      if (from === to) continue
      const place = places[order[from] as number] as number // row numbers of the run, here and below
      if ((instants[order[from] as number] as number) <= (reached[place] as number)) meets = true
      ends[place] = Math.max(ends[place] as number, instants[order[to - 1] as number] as number)
    }
    state.reached = ends
    return meets
  }

  function flush(): void {
    const { rows } = state
    if (rows === 0) return
    state.rows = 0
    const signalKeys = keys()
    const sorted = sortRows({ rows, places, instants, signals: signalKeys.length })
    if (meetsEarlier(sorted, signalKeys.length)) state.base = state.top + 1
    firsts.add(state.base)
    const settled = settle({ rows, order: sorted.order, places, instants, values, keys: signalKeys, counts })
    write(settled.first, state.base)
    state.top = Math.max(state.top, state.base)
    if (settled.corrections.rows === 0) return
    state.top = Math.max(state.top, state.base + 1)
    write(settled.corrections, state.base + 1)
  }

  return {
    add(place, instant, value) {
      if (state.rows === capacity) flush()
      places[state.rows] = place
      instants[state.rows] = instant
      values[state.rows] = value
      state.rows++
    },
    flush,
    drain: () => writing.before,
    finish: () => writing.last,
    layers: () => (state.files === 0 ? 0 : state.top + 1),
    firstLayers: () => [...firsts],
    has: (place) => (state.reached[place] ?? Number.NEGATIVE_INFINITY) > Number.NEGATIVE_INFINITY,
  }
}

/** For more signals, those added without any instant. */
function lengthened(reached: Float64Array, signals: number): Float64Array {
  if (reached.length >= signals) return reached
  const longer = new Float64Array(signals).fill(Number.NEGATIVE_INFINITY)
  longer.set(reached)
  return longer
}

interface Unsorted {
  rows: number
  places: Int32Array
  instants: Float64Array
  signals: number
}

interface SortedRows {
  /** Row numbers by month, signal, instant, and order of arrival. */
  order: Uint32Array
  /** Where each month of each signal begins in `order`, and where the last one ends. */
  groups: Uint32Array
}

/** A counting sort by month and signal; then only the groups that are not in time order are sorted. */
export function sortRows({ rows, places, instants, signals }: Unsorted): SortedRows {
  const groupOf = new Int32Array(rows)
  let firstMonth = Number.POSITIVE_INFINITY
  let lastMonth = Number.NEGATIVE_INFINITY
  for (let row = 0; row < rows; row++) {
    const month = Math.floor((instants[row] as number) / MONTH_MICROS) // within rows, here and below
    groupOf[row] = month
    if (month < firstMonth) firstMonth = month
    if (month > lastMonth) lastMonth = month
  }
  // Far-flung times would need more groups than rows; then time alone orders a signal.
  const byMonth = (lastMonth - firstMonth + 1) * signals <= 4 * rows
  const months = byMonth ? lastMonth - firstMonth + 1 : 1
  const groups = new Uint32Array(months * signals + 1)
  for (let row = 0; row < rows; row++) {
    const group = (byMonth ? (groupOf[row] as number) - firstMonth : 0) * signals + (places[row] as number)
    groupOf[row] = group
    groups[group + 1] = (groups[group + 1] as number) + 1
  }
  for (let group = 1; group < groups.length; group++) {
    groups[group] = (groups[group] as number) + (groups[group - 1] as number)
  }
  const next = groups.slice()
  const order = new Uint32Array(rows)
  for (let row = 0; row < rows; row++) {
    const group = groupOf[row] as number
    const place = next[group] as number
    order[place] = row
    next[group] = place + 1
  }
  for (let group = 0; group + 1 < groups.length; group++) {
    sortGroup(order.subarray(groups[group], groups[group + 1]), instants)
  }
  return { order, groups }
}

function sortGroup(group: Uint32Array, instants: Float64Array): void {
  for (let index = 1; index < group.length; index++) {
    const before = instants[group[index - 1] as number] as number // row numbers of the run
    if ((instants[group[index] as number] as number) < before) {
      group.sort((a, b) => (instants[a] as number) - (instants[b] as number) || a - b)
      return
    }
  }
}

interface SettledRun {
  rows: number
  signal_key: Int32Array
  measured_at: Float64Array
  value: Float64Array
}

interface Unsettled {
  rows: number
  order: Uint32Array
  places: Int32Array
  instants: Float64Array
  values: Float64Array
  keys: Int32Array
  counts: LoaderCounts
}

/**
 * The first reading of each (signal, instant), and, where later ones differ, the last one as a correction. Counted as
 * if each row followed the one before: equal is unchanged, different is updated. The merge will count a correction
 * once itself (updated, or unchanged where it equals the first), so that much is left to it; that it was superseded or
 * repeated within the file is known here alone.
 */
function settle({ rows, order, places, instants, values, keys, counts }: Unsettled) {
  const first = emptyRun(rows)
  const corrected: number[] = []
  for (let index = 0; index < rows; ) {
    const row = order[index] as number // a permutation of the rows
    const place = places[row] as number
    const instant = instants[row] as number
    const at = first.rows++
    first.signal_key[at] = keys[place] as number
    first.measured_at[at] = instant
    first.value[at] = values[row] as number
    let last = row
    let changes = 0
    let repeats = 0
    for (index++; index < rows; index++) {
      const next = order[index] as number
      if (places[next] !== place || instants[next] !== instant) break
      if (values[next] === values[last]) repeats++
      else changes++
      last = next
    }
    counts.rows_superseded += changes
    counts.rows_repeated += repeats
    if (changes > 0) {
      corrected.push(last)
      if (values[last] === values[row]) repeats--
      else changes--
    }
    counts.rows_updated += changes
    counts.rows_unchanged += repeats
  }
  const corrections = emptyRun(corrected.length)
  for (const row of corrected) {
    const at = corrections.rows++
    corrections.signal_key[at] = keys[places[row] as number] as number
    corrections.measured_at[at] = instants[row] as number
    corrections.value[at] = values[row] as number
  }
  return { first, corrections }
}

function emptyRun(capacity: number): SettledRun {
  return {
    rows: 0,
    signal_key: new Int32Array(capacity),
    measured_at: new Float64Array(capacity),
    value: new Float64Array(capacity),
  }
}
