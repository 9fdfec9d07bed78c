// The rules of measurements: a value belongs to a known signal; a signal has one value at an instant, the last one
// sent; a read stays within bounds.

import { randomUUID } from 'node:crypto'
import type {
  AppendQuery,
  AppendResult,
  MeasurementDeletion,
  MeasurementQuery,
  NewMeasurement,
  SeriesAnswer,
  SeriesQuery,
} from '../../../contract/measurements.ts'
import { parseWhen, resolveRange } from '../../calendar.ts'
import type { Clock } from '../../clock.ts'
import { isText, readCursor } from '../../cursor.ts'
import type { TextFormat, Tx, Warehouse } from '../../engine/db.ts'
import { formatInstant } from '../../engine/sql.ts'
import { AppError } from '../../errors.ts'
import { checkZone } from '../../zone.ts'
import { type KeyOf, prepareRows } from './append.ts'
import { drawSeries } from './downsample.ts'
import { createGroupCommit } from './group-commit.ts'
import { type MergeCounts, mergeLayers, SignalGone } from './merge.ts'
import { pageText } from './page-text.ts'
import * as store from './store.ts'

export interface MeasurementDeps {
  warehouse: Warehouse
  clock: Clock
  /** The zone of times without an offset, where a request names none. */
  defaultZone: string
}

/** Rows of one page of JSON when no limit is given. */
const PAGE_ROWS = 100
/** How often signals are looked up again when one is deleted between look-up and write. */
const LOOK_UPS = 3

export function createMeasurementService({ warehouse, clock, defaultZone }: MeasurementDeps) {
  const commit = createGroupCommit(warehouse, clock)

  /** Prepares and stores the rows, again when a signal went away between the two. */
  async function append(rows: NewMeasurement[], query: AppendQuery): Promise<AppendResult> {
    const when = { tz: checkZone(query.tz ?? defaultZone), now: clock.now() }
    for (let tries = 1; ; tries++) {
      const prepared = prepareRows(rows, await signalsOf(warehouse, rows), when)
      if (query.atomic && prepared.rejected.length > 0) throw refusedWhole(prepared.rejected)
      try {
        const counts: Omit<MergeCounts, 'layer'> =
          prepared.portion.value.length > 0
            ? await commit.append(prepared.portion)
            : { inserted: 0, updated: 0, unchanged: 0 }
        return {
          accepted: counts.inserted,
          updated: counts.updated,
          unchanged: counts.unchanged + prepared.repeated,
          rejected: prepared.rejected,
        }
      } catch (error) {
        if (!(error instanceof SignalGone) || tries === LOOK_UPS) throw error
      }
    }
  }

  async function getSignals(ids: string[]): Promise<store.SignalExtent[]> {
    const found = new Map((await store.listSignalsById(warehouse, ids)).map((signal) => [signal.id, signal]))
    return [...new Set(ids)].map((id) => {
      const signal = found.get(id)
      if (!signal) throw new AppError('not_found', `there is no signal ${JSON.stringify(id)}`)
      return signal
    })
  }

  return {
    /**
     * Stores what is valid, durably, and tells what became of each row. With `atomic`, one row that is refused
     * refuses all (`invalid`).
     */
    append,

    /** Every signal that a load may name. */
    knownSignals: () => store.listAllSignals(warehouse),

    /** Merges the staged layers 0 to `layers` - 1 of a load, one after the other, in its own write. */
    async mergeStaged(tx: Tx, layers: number): Promise<Omit<MergeCounts, 'layer'>> {
      const sum = { inserted: 0, updated: 0, unchanged: 0 }
      for (let layer = 0; layer < layers; layer++) {
        for (const counts of await mergeLayers(tx, { first: layer, last: layer })) {
          sum.inserted += counts.inserted
          sum.updated += counts.updated
          sum.unchanged += counts.unchanged
        }
      }
      return sum
    },

    /** Raw readings in [from, to) as text of a format, with the page's end when it was limited. */
    async read(query: MeasurementQuery): Promise<{ text: AsyncIterable<Uint8Array>; format: TextFormat }> {
      const signals = await getSignals(query.signal_id)
      const span = resolveRange({ from: query.from, to: query.to, tz: query.tz ?? defaultZone }, clock)
      const limit = query.limit ?? (query.format === 'json' ? PAGE_ROWS : null)
      const statement = (rows: number | null) =>
        store.readingsStatement(warehouse, {
          signalIds: signals.map((signal) => signal.id),
          span,
          order: query.order,
          after: readCursor(query.cursor, isReadingKey),
          limit: rows,
        })
      if (query.format === 'json') {
        const text = warehouse.text(statement((limit ?? PAGE_ROWS) + 1), 'json')
        return { text: pageText(text, limit ?? PAGE_ROWS), format: 'json' }
      }
      return { text: warehouse.text(statement(limit), query.format), format: query.format }
    },

    /** Readings for drawing, at most about `points` of each signal, no peak lost. Without a range, all there are. */
    async series(query: SeriesQuery): Promise<SeriesAnswer> {
      const signals = await getSignals(query.signal_id)
      const span = resolveRange({ from: query.from, to: query.to, tz: query.tz ?? defaultZone }, clock)
      const series = await drawSeries(warehouse, { signals, span, points: query.points })
      const instant = (at: number | null) => (at === null ? null : formatInstant(at))
      return { from: instant(span.from), to: instant(span.to), series }
    },

    /** Removes the readings of a signal in [from, to); answers how many there were. */
    async remove({ signal_id, from, to, tz }: MeasurementDeletion): Promise<{ deleted: number }> {
      const [signal] = await getSignals([signal_id])
      const when = { tz: checkZone(tz ?? defaultZone), now: clock.now() }
      const span = { from: parseWhen(from, when), to: parseWhen(to, when) }
      if (span.from >= span.to) throw new AppError('invalid', 'the range is empty: from must be before to')
      const key = signal?.signal_key ?? 0
      const deleted = await warehouse.write(
        `remove:${randomUUID()}`,
        async (tx) => {
          const removed = await store.removeReadings(tx, key, span)
          if (removed > 0) await store.recountState(tx, key)
          return removed
        },
        { keep: 'brief' },
      )
      return { deleted }
    },
  }
}

export type MeasurementService = ReturnType<typeof createMeasurementService>

function refusedWhole(rejected: { index: number; reason: string }[]): AppError {
  return new AppError('invalid', `${rejected.length} of the rows cannot be stored, so none was`, {
    faults: rejected.slice(0, 1000).map(({ index, reason }) => ({ path: `/${index}`, message: reason })),
  })
}

/** How rows name their signals: by id, or by asset and quantity where that means exactly one signal. */
async function signalsOf(warehouse: Warehouse, rows: NewMeasurement[]): Promise<KeyOf> {
  const ids = new Set<string>()
  const assets = new Set<string>()
  for (const row of rows) {
    if ('signal_id' in row) ids.add(row.signal_id)
    else assets.add(row.asset_id)
  }
  const byId = new Map<string, number>()
  if (ids.size > 0) {
    for (const signal of await store.listSignalsById(warehouse, [...ids]))
      byId.set(signal.id, signal.signal_key)
  }
  const byAsset = new Map<string, number[]>()
  if (assets.size > 0) {
    for (const { asset_id, quantity, signal_key } of await store.listSignalsOfAssets(warehouse, [
      ...assets,
    ])) {
      const name = JSON.stringify([asset_id, quantity])
      byAsset.set(name, [...(byAsset.get(name) ?? []), signal_key])
    }
  }
  return (row) => {
    if ('signal_id' in row) {
      return byId.get(row.signal_id) ?? `signal_id: there is no signal ${JSON.stringify(row.signal_id)}`
    }
    const keys = byAsset.get(JSON.stringify([row.asset_id, row.quantity])) ?? []
    if (keys.length === 1) return keys[0] as number // length was just checked
    return keys.length === 0
      ? `the asset ${JSON.stringify(row.asset_id)} has no signal of quantity ${JSON.stringify(row.quantity)}`
      : `the asset ${JSON.stringify(row.asset_id)} has ${keys.length} signals of quantity ${JSON.stringify(row.quantity)}; name the signal_id`
  }
}

interface ReadingKey {
  signal_id: string
  measured_at: string
}

function isReadingKey(value: unknown): value is ReadingKey {
  return (
    typeof value === 'object' &&
    value !== null &&
    'signal_id' in value &&
    'measured_at' in value &&
    isText(value.signal_id) &&
    isText(value.measured_at) &&
    !Number.isNaN(Date.parse(value.measured_at))
  )
}
