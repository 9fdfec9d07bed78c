// Series for drawing: as many readings as a screen can show, with no peak lost. Where a series has more than fit, the
// engine keeps first, last, least and greatest of each slice of time (M4: Jugel et al., VLDB 2014).

import type { SeriesAnswer } from '../../../contract/measurements.ts'
import type { Columns, Warehouse } from '../../engine/db.ts'
import { formatInstant, type Instant } from '../../engine/sql.ts'
import { readReadings, readSlices, type SignalExtent, type Span } from './store.ts'

type Series = SeriesAnswer['series'][number]

interface Points {
  measured_at: number[]
  value: number[]
}

interface Drawing {
  signals: SignalExtent[]
  span: Span
  points: number
}

const POINTS_OF_A_SLICE = 4

/** One series for each signal, in their order, oldest reading first. */
export async function drawSeries(
  warehouse: Warehouse,
  { signals, span, points }: Drawing,
): Promise<Series[]> {
  const likelyRaw = signals.filter((signal) => expectedSamples(signal, span) <= points)
  const raw = await readRaw(warehouse, { signals: likelyRaw, span, points })
  const sliced = await readSliced(warehouse, {
    signals: signals.filter(({ signal_key }) => !raw.has(signal_key)),
    span,
    points,
  })
  const few = await readRaw(warehouse, {
    signals: signals.filter(({ signal_key }) => (sliced.get(signal_key)?.samples ?? points + 1) <= points),
    span,
    points,
  })
  return signals.map(({ signal_key, id, unit }) => {
    const whole = raw.get(signal_key) ?? few.get(signal_key)
    const drawn = whole ?? sliced.get(signal_key) ?? { measured_at: [], value: [] }
    return {
      signal_id: id,
      unit,
      measured_at: drawn.measured_at.map(formatInstant),
      value: drawn.value,
      downsampled: whole === undefined && drawn.value.length > 0,
    }
  })
}

/** How many readings a signal should have in the span if they are spread evenly: only decides what is asked first. */
function expectedSamples({ first_at, last_at, samples }: SignalExtent, { from, to }: Span): number {
  if (first_at === null || last_at === null) return 0
  const first = Date.parse(first_at) * 1000
  const last = Date.parse(last_at) * 1000
  const covered = Math.min(to ?? last, last) - Math.max(from ?? first, first)
  return last > first ? (samples * Math.max(0, covered)) / (last - first) : samples
}

/** All readings of the signals that have at most `points`; the others are not in the answer. */
async function readRaw(
  warehouse: Warehouse,
  { signals, span, points }: Drawing,
): Promise<Map<number, Points>> {
  const found = new Map<number, Points>()
  if (signals.length === 0) return found
  const keys = signals.map((signal) => signal.signal_key)
  const limit = signals.length * (points + 1)
  const { rows, columns } = await readReadings(warehouse, { keys, span, limit })
  for (const key of keys) found.set(key, { measured_at: [], value: [] })
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
  { signals, span, points }: Drawing,
): Promise<Map<number, Points & { samples: number }>> {
  if (signals.length === 0) return new Map()
  const start = span.from ?? extreme(signals, 'first_at', Math.min)
  const end = span.to ?? extreme(signals, 'last_at', Math.max) + 1
  const slices = Math.max(1, Math.floor(points / POINTS_OF_A_SLICE))
  const sliceMicros = Math.max(1, Math.ceil((end - start) / slices))
  const keys = signals.map((signal) => signal.signal_key)
  return unfoldSlices(await readSlices(warehouse, { keys, span, start, sliceMicros }))
}

function extreme(
  signals: SignalExtent[],
  end: 'first_at' | 'last_at',
  choose: (...values: number[]) => number,
): Instant {
  // Up to a millisecond is lost here; the slices only need a place to begin.
  const instants = signals.flatMap((signal) => (signal[end] === null ? [] : [Date.parse(signal[end]) * 1000]))
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
