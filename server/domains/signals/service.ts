// The rules of signals: each belongs to an asset and has a name of its own there; stored values keep their unit.

import { randomUUID } from 'node:crypto'
import type { PageOf } from '../../../contract/basics.ts'
import type {
  NewSignal,
  Signal,
  SignalChange,
  SignalDeletionResult,
  SignalQuery,
  SignalReplacement,
  SignalStats,
  StatsQuery,
} from '../../../contract/signals.ts'
import { resolveRange } from '../../calendar.ts'
import type { Clock } from '../../clock.ts'
import { isText, pageOf, readCursor } from '../../cursor.ts'
import type { Db, Tx, Warehouse } from '../../engine/db.ts'
import { AppError } from '../../errors.ts'
import type { AssetDependents, AssetService } from '../assets/service.ts'
import type { SignalDirectory } from './directory.ts'
import { losesUnit, type SignalContent } from './signal-batch.ts'
import { newId, signalRecords } from './signal-records.ts'
import * as store from './store.ts'

interface Deps {
  warehouse: Warehouse
  clock: Clock
  assets: Pick<AssetService, 'findExisting'>
  directory: SignalDirectory
  /** The zone of times without an offset; UTC when left out. */
  defaultZone?: string
}

export type SignalService = ReturnType<typeof createSignalService>

/** Signals as what hangs on assets: counted and removed with them. */
export const signalsOfAssets: AssetDependents = {
  async count(tx, assetIds) {
    return (await store.listKeysOfAssets(tx, assetIds)).length
  },
  countEach: store.countByAsset,
  async remove(tx, assetIds) {
    tx.touchSignals()
    const keys = await store.listKeysOfAssets(tx, assetIds)
    return { signals: keys.length, measurements: keys.length === 0 ? 0 : await store.removeSignals(tx, keys) }
  },
}

export function createSignalService({ warehouse, clock, assets, directory, defaultZone = 'UTC' }: Deps) {
  const write = <T>(work: (tx: Tx) => Promise<T>) =>
    warehouse.write(randomUUID(), work, { keep: 'brief', fresh: true })

  return {
    ...signalRecords({ clock, assets }),

    async list({ asset_id, quantity, q, limit, cursor }: SignalQuery): Promise<PageOf<Signal>> {
      const page = { after: readCursor(cursor, isText) ?? '', limit: limit + 1 }
      const rows = await store.listSignals(warehouse, { asset_id, quantity, q }, page)
      return pageOf(rows, limit, (signal) => signal.id)
    },

    async get(id: string): Promise<Signal> {
      return getSignal(warehouse, id)
    },

    /** Greater than the key of any signal there was. */
    nextKey: () => store.nextKey(warehouse),

    /** Keys and units, by id, of those that are there; inside the caller's write. */
    async findKeys(tx: Tx, ids: string[]): Promise<Map<string, { signal_key: number; unit: string }>> {
      return new Map((await store.listKeys(tx, ids)).map((signal) => [signal.id, signal]))
    },

    /** Makes a signal, with an id of its own when none is given; its name is its quantity when none is given. */
    async create(signal: NewSignal): Promise<Signal> {
      const content = complete(signal, signal.id ?? newId())
      return write(async (tx) => {
        if ((await store.findKey(tx, content.id)) !== undefined) {
          throw new AppError('conflict', `there is already a signal ${content.id}; choose another id`)
        }
        await checkSignal(tx, content)
        tx.touchSignals()
        await store.insertSignals(tx, [content], clock.now())
        return getSignal(tx, content.id)
      })
    },

    /** The whole signal anew: what is left out is as in a new one. */
    async replace(id: string, signal: SignalReplacement): Promise<Signal> {
      return write(async (tx) => save(tx, await getSignal(tx, id), complete(signal, id)))
    },

    async change(id: string, change: SignalChange): Promise<Signal> {
      return write(async (tx) => {
        const before = await getSignal(tx, id)
        return save(tx, before, complete({ ...before, ...change }, id))
      })
    },

    /** Deletes a signal; one with measurements only with `cascade`, and these with it. */
    async remove(id: string, cascade: boolean): Promise<SignalDeletionResult> {
      return write(async (tx) => {
        const { count } = await getSignal(tx, id)
        if (!cascade && count > 0) {
          throw new AppError(
            'conflict',
            `the signal ${id} has ${count} measurements; delete them first, or with cascade=true`,
          )
        }
        tx.touchSignals()
        return { measurements: await store.removeSignals(tx, [await getKey(tx, id)]) }
      })
    },

    /**
     * Statistics over [from, to); an end left out is open. `std_dev` is of the sample: 0 for one row, null for none.
     * A deviation greater than the greatest number is null.
     */
    async stats(id: string, query: StatsQuery): Promise<SignalStats> {
      const range = resolveRange(query, clock, defaultZone)
      const { unit, signal_key } = await directory.get(id)
      const found = await store.findStatistics(warehouse, signal_key, range)
      const { count, min, max, median, first_at, last_at } = found
      const unscaled = (value: number | null) =>
        finiteOrNull(value === null ? null : value / (found.scale ?? 1))
      return {
        signal_id: id,
        unit,
        count,
        mean: unscaled(found.scaled_mean),
        min,
        max,
        median: finiteOrNull(median),
        std_dev: count === 1 ? 0 : unscaled(found.scaled_std_dev),
        first_at,
        last_at,
      }
    },
  }

  async function save(tx: Tx, before: Signal, after: SignalContent): Promise<Signal> {
    await checkSignal(tx, after)
    if (losesUnit(before.unit, after.unit, before.count)) {
      throw new AppError(
        'conflict',
        `${before.count} measurements of ${after.id} are stored in ${before.unit}; delete them or make another signal`,
      )
    }
    tx.touchSignals()
    await store.updateSignals(tx, [after], clock.now())
    return getSignal(tx, after.id)
  }

  async function checkSignal(tx: Tx, signal: SignalContent): Promise<void> {
    if (!(await assets.findExisting(tx, [signal.asset_id])).has(signal.asset_id)) {
      const message = `there is no asset ${signal.asset_id}`
      throw new AppError('invalid', message, { faults: [{ path: '/asset_id', message }] })
    }
    const holder = await store.findIdAt(tx, signal.asset_id, signal.name)
    if (holder !== undefined && holder !== signal.id) {
      throw new AppError(
        'conflict',
        `the signal ${holder} of ${signal.asset_id} is already called ${signal.name}; choose another name`,
      )
    }
  }
}

async function getSignal(db: Db, id: string): Promise<Signal> {
  const signal = await store.findSignal(db, id)
  if (!signal) throw new AppError('not_found', `there is no signal ${id}`)
  return signal
}

async function getKey(db: Db, id: string): Promise<number> {
  const key = await store.findKey(db, id)
  if (key === undefined) throw new AppError('not_found', `there is no signal ${id}`)
  return key
}

function complete(signal: NewSignal, id: string): SignalContent {
  const { asset_id, name = signal.quantity, quantity, unit = '' } = signal
  return { id, asset_id, name, quantity, unit }
}

function finiteOrNull(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null
}
