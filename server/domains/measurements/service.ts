// The rules of measurements: a value belongs to a known signal; a signal has one value at an instant, the last one
// sent; a read stays within bounds.

import { randomUUID } from 'node:crypto'
import type {
  AppendQuery,
  AppendResult,
  HistoryQuery,
  MeasurementDeletion,
  MeasurementQuery,
  NewMeasurement,
  SeriesAnswer,
  SeriesQuery,
} from '../../../contract/measurements.ts'
import { parseWhen, resolveRange } from '../../calendar.ts'
import type { Clock } from '../../clock.ts'
import { countRows } from '../../context.ts'
import { isText, readCursor } from '../../cursor.ts'
import type { Control, TextFormat, Tx, Warehouse } from '../../engine/db.ts'
import { formatInstant } from '../../engine/sql.ts'
import { AppError } from '../../errors.ts'
import { checkZone } from '../../zone.ts'
import type { JobService } from '../jobs/service.ts'
import type { SignalDirectory, SignalEntry, SignalList } from '../signals/directory.ts'
import { type KeyOf, prepareRows } from './append.ts'
import { drawSeries } from './downsample.ts'
import { createExtentHints } from './extent-hints.ts'
import { createGroupCommit } from './group-commit.ts'
import { type KnownValue, listKnownValues, undoWrite, versionAt } from './history.ts'
import { createKeyedAppend } from './keyed-append.ts'
import { type MergeCounts, mergeLayers, SignalGone } from './merge.ts'
import { pageText } from './page-text.ts'
import { recountState } from './signal-state.ts'
import { sortReadings, WORTH_ROWS } from './sorting.ts'
import { countRepeats, renumberStaged } from './staged-readings.ts'
import * as store from './store.ts'

export interface MeasurementDeps {
  control: Control
  warehouse: Warehouse
  jobs: Pick<JobService, 'enqueue' | 'announce'>
  clock: Clock
  directory: SignalDirectory
  /** The zone of times without an offset, where a request names none. */
  defaultZone: string
}

/** Rows of one page of JSON when no limit is given. */
const PAGE_ROWS = 100
/** What comes meanwhile is sorted with it: while much comes in, there is better to do. */
const SORT_AFTER_MICROS = 30_000_000
/** How often signals are looked up again when one is deleted between look-up and write. */
const LOOK_UPS = 3

export function createMeasurementService(deps: MeasurementDeps) {
  const { warehouse, clock, directory, defaultZone } = deps
  const commit = createGroupCommit(warehouse, clock)
  const hints = createExtentHints(warehouse)
  const appendKeyed = createKeyedAppend(warehouse, clock)
  /** Readings stored since the sorting was last asked for. */
  const unsorted = { rows: 0 }

  /**
   * Asks for the sorting, soon and not at once, when so much came in that it may be worth it; never fails what has
   * been stored.
   */
  async function noteStored(rows: number): Promise<void> {
    unsorted.rows += rows
    if (unsorted.rows < WORTH_ROWS) return
    unsorted.rows = 0
    const job = {
      kind: 'sort_measurements',
      payload: {},
      unique_key: 'all',
      run_at: clock.now() + SORT_AFTER_MICROS,
    }
    await deps.control
      .write((tx) => deps.jobs.enqueue(tx, job))
      .then(() => deps.jobs.announce())
      .catch(() => undefined)
  }

  /** Prepares and stores the rows, again when a signal went away between the two. */
  async function append(
    rows: NewMeasurement[],
    query: AppendQuery,
    key: string | null = null,
  ): Promise<AppendResult> {
    const when = { tz: checkZone(query.tz ?? defaultZone), now: clock.now() }
    countRows(rows.length)
    for (let tries = 1; ; tries++) {
      const prepared = prepareRows(rows, keysOf(await directory.current()), when)
      if (query.atomic && prepared.rejected.length > 0) throw refusedWhole(prepared.rejected)
      try {
        if (key !== null) {
          const answer = await appendKeyed(prepared, key)
          await noteStored(answer.accepted)
          return answer
        }
        const counts: Omit<MergeCounts, 'layer'> =
          prepared.portion.value.length > 0
            ? await commit.append(prepared.portion)
            : { inserted: 0, updated: 0, unchanged: 0 }
        await noteStored(counts.inserted)
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

  async function getSignals(ids: string[]): Promise<SignalEntry[]> {
    const signals = await directory.current()
    return [...new Set(ids)].map((id) => {
      const signal = signals.find(id)
      if (!signal) throw new AppError('not_found', `there is no signal ${JSON.stringify(id)}`)
      return signal
    })
  }

  /** The write after which readings are to be seen; null is now. */
  async function versionOf(asKnownAt: string | undefined, tz: string): Promise<number | null> {
    if (asKnownAt === undefined) return null
    return await versionAt(warehouse, parseWhen(asKnownAt, { tz, now: clock.now() }))
  }

  return {
    /**
     * Stores what is valid, durably, and tells what became of each row. With `atomic`, one row that is refused
     * refuses all (`invalid`). Rows that come again with the `key` of the last 15 minutes are answered as then.
     */
    append,

    /** To be told of readings that a load has stored. */
    noteStored,

    /** Every signal that a load may name. */
    knownSignals: async () => (await directory.current()).all,

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

    /** See `staged-readings.ts`; inside the write of a load. */
    renumberStaged,
    countRepeats,

    /** Raw readings in [from, to) as text of a format, with the page's end when it was limited. */
    async read(query: MeasurementQuery): Promise<{ text: AsyncIterable<Uint8Array>; format: TextFormat }> {
      const signals = await getSignals(query.signal_id)
      const span = resolveRange({ from: query.from, to: query.to, tz: query.tz ?? defaultZone }, clock)
      const limit = query.limit ?? (query.format === 'json' ? PAGE_ROWS : null)
      const version = await versionOf(query.as_known_at, span.tz)
      const statement = (rows: number | null) =>
        store.readingsStatement(warehouse, {
          signals,
          span,
          version,
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
      const version = await versionOf(query.as_known_at, span.tz)
      const series = await drawSeries(warehouse, { signals, span, version, points: query.points, hints })
      const instant = (at: number | null) => (at === null ? null : formatInstant(at))
      return { from: instant(span.from), to: instant(span.to), series }
    },

    /** The values that a reading had, the latest first, each with the load that brought it; none when there is none. */
    async knownValues({ signal_id, measured_at, tz }: HistoryQuery): Promise<KnownValue[]> {
      const { signal_key } = await directory.get(signal_id)
      const at = parseWhen(measured_at, { tz: checkZone(tz ?? defaultZone), now: clock.now() })
      return await listKnownValues(warehouse, signal_key, at)
    },

    /** Puts in order what came in by time, until `signal` is aborted. */
    async sort(signal: AbortSignal): Promise<void> {
      await sortReadings(warehouse, signal)
    },

    /** Takes back, inside the caller's write, what the write `version` brought; see `undoWrite`. */
    undo: undoWrite,

    /** Removes the readings of a signal in [from, to), with their history; answers how many there were. */
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
          if (removed > 0) await recountState(tx, key)
          return removed
        },
        { keep: 'brief', fresh: true },
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
function keysOf(signals: SignalList): KeyOf {
  return (row) => {
    if ('signal_id' in row) {
      return (
        signals.find(row.signal_id)?.signal_key ??
        `signal_id: there is no signal ${JSON.stringify(row.signal_id)}`
      )
    }
    const found = signals.ofAsset(row.asset_id, row.quantity)
    if (found.length === 1) return (found[0] as SignalEntry).signal_key // length was just checked
    const which = `the asset ${JSON.stringify(row.asset_id)} has`
    return found.length === 0
      ? `${which} no signal of quantity ${JSON.stringify(row.quantity)}`
      : `${which} ${found.length} signals of quantity ${JSON.stringify(row.quantity)}; name the signal_id`
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
