// Series for drawing: as many readings as a screen can show, with no peak lost. Where a series has more than fit, the
// engine keeps first, last, least and greatest of each slice of time (M4: Jugel et al., VLDB 2014).

import type { SeriesAnswer } from '../../../contract/measurements.ts'
import type { Columns, Warehouse } from '../../engine/db.ts'
import { formatInstant, type Instant } from '../../engine/sql.ts'
import type { SignalEntry } from '../signals/directory.ts'
import type { ExtentHints } from './extent-hints.ts'
import { type Asked, type Extent, listExtents, readReadings, readSlices, type Span } from './store.ts'

type Series = SeriesAnswer['series'][number]

interface Points {
  measured_at: number[]
  value: number[]
}

interface Drawing {
  signals: SignalEntry[]
  span: Span
  /** As known after this write; null is as known now. */
  version: number | null
  points: number
  hints: ExtentHints
}

const POINTS_OF_A_SLICE = 4

/** One series for each signal, in their order, oldest reading first. */
export async function drawSeries(
  warehouse: Warehouse,
  { signals, span, version, points, hints }: Drawing,
): Promise<Series[]> {
  const asked = { keys: signals.map((signal) => signal.signal_key), span, version }
  const found = await drawAll(warehouse, asked, { points, hints })
  return signals.map(({ signal_key, id, unit }) => {
    const { raw = false, measured_at = [], value = [] } = found.get(signal_key) ?? {}
    return {
      signal_id: id,
      unit,
      measured_at: measured_at.map(formatInstant),
      value,
      downsampled: !raw && value.length > 0,
    }
  })
}

/** By signal: all its readings where they are at most `points`, otherwise those of slices. */
async function drawAll(
  warehouse: Warehouse,
  asked: Asked,
  { points, hints }: { points: number; hints: ExtentHints },
): Promise<Map<number, Points & { raw?: boolean }>> {
  // Where both ends are given extents only decide what is asked first.
  const isBounded = asked.span.from !== null && asked.span.to !== null
  const extents = isBounded ? await hints(asked.keys) : await listExtents(warehouse, asked.keys)
  const keysWhere = (choose: (key: number) => boolean) => ({ ...asked, keys: asked.keys.filter(choose) })
  const expected = new Map(extents.map((extent) => [extent.signal_key, expectedSamples(extent, asked.span)]))
  const likelyRaw = keysWhere((key) => (expected.get(key) ?? 0) <= points)
  const raw = await readRaw(warehouse, likelyRaw, points)
  const others = keysWhere((key) => !raw.has(key))
  const sliced = await readSliced(warehouse, others, { extents, points })
  const fewer = keysWhere((key) => (sliced.get(key)?.samples ?? points + 1) <= points)
  const few = await readRaw(warehouse, fewer, points)
  return new Map<number, Points & { raw?: boolean }>([...sliced, ...few, ...raw])
}

/** How many readings a signal should have in the span if they are spread evenly: only decides what is asked first. */
function expectedSamples({ first_at, last_at, samples }: Extent, { from, to }: Span): number {
  if (first_at === null || last_at === null) return 0
  const first = Date.parse(first_at) * 1000
  const last = Date.parse(last_at) * 1000
  const covered = Math.min(to ?? last, last) - Math.max(from ?? first, first)
  return last > first ? (samples * Math.max(0, covered)) / (last - first) : samples
}

/** All readings of the signals that have at most `points`; the others are not in the answer. */
async function readRaw(
  warehouse: Warehouse,
  asked: Asked,
  points: number,
): Promise<Map<number, Points & { raw: true }>> {
  const found = new Map<number, Points & { raw: true }>()
  if (asked.keys.length === 0) return found
  const limit = asked.keys.length * (points + 1)
  const { rows, columns } = await readReadings(warehouse, asked, limit)
  for (const key of asked.keys) found.set(key, { raw: true, measured_at: [], value: [] })
  for (let row = 0; row < rows; row++) {
    const series = found.get(Number(columns[0]?.[row]))
    series?.measured_at.push(Number(columns[1]?.[row]))
    series?.value.push(Number(columns[2]?.[row]))
  }
  for (const [key, { value }] of found) if (value.length > points || rows === limit) found.delete(key)
  return found
}

async function readSliced(
  warehouse: Warehouse,
  asked: Asked,
  { extents, points }: { extents: Extent[]; points: number },
): Promise<Map<number, Points & { samples: number }>> {
  if (asked.keys.length === 0) return new Map()
  const stored = extents.filter(({ signal_key }) => asked.keys.includes(signal_key))
  const start = asked.span.from ?? extreme(stored, 'first_at', Math.min)
  const end = asked.span.to ?? extreme(stored, 'last_at', Math.max) + 1
  const slices = Math.max(1, Math.floor(points / POINTS_OF_A_SLICE))
  const sliceMicros = Math.max(1, Math.ceil((end - start) / slices))
  return unfoldSlices(await readSlices(warehouse, asked, { start, sliceMicros }))
}

function extreme(
  extents: Extent[],
  end: 'first_at' | 'last_at',
  choose: (...values: number[]) => number,
): Instant {
  // Up to a millisecond is lost here; the slices only need a place to begin.
  const instants = extents.flatMap((extent) => (extent[end] === null ? [] : [Date.parse(extent[end]) * 1000]))
  return instants.length === 0 ? 0 : choose(...instants)
}

/** The places of (instant, value) pairs in the columns of a slice. */
const PAIRS = [3, 5, 7, 9]

function unfoldSlices({ rows, columns }: Columns): Map<number, Points & { samples: number }> {
  const found = new Map<number, Points & { samples: number }>()
  for (let row = 0; row < rows; row++) {
    const key = Number(columns[0]?.[row])
    const series = found.get(key) ?? { measured_at: [], value: [], samples: 0 }
    found.set(key, series)
    series.samples += Number(columns[2]?.[row])
    const pairs = new Map(PAIRS.map((at) => [Number(columns[at]?.[row]), Number(columns[at + 1]?.[row])]))
    for (const [instant, value] of [...pairs].sort((a, b) => a[0] - b[0])) {
      series.measured_at.push(instant)
      series.value.push(value)
    }
  }
  return found
}
