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
import type { Db, Warehouse } from '../../engine/db.ts'
import { AppError } from '../../errors.ts'
import type { AssetDependents, AssetService } from '../assets/service.ts'
import { losesUnit, planSignals, type SignalContent, type SignalOutcome } from './signal-batch.ts'
import * as store from './store.ts'

interface Deps {
  warehouse: Warehouse
  clock: Clock
  assets: Pick<AssetService, 'findExisting'>
  /** The zone of times without an offset; UTC when left out. */
  defaultZone?: string
}

export type SignalService = ReturnType<typeof createSignalService>

/** Signals as what hangs on assets: counted and removed with them. */
export const signalsOfAssets: AssetDependents = {
  async count(tx, assetIds) {
    return (await store.listKeysOfAssets(tx, assetIds)).length
  },
  async remove(tx, assetIds) {
    const keys = await store.listKeysOfAssets(tx, assetIds)
    return { signals: keys.length, measurements: keys.length === 0 ? 0 : await store.removeSignals(tx, keys) }
  },
}

export function createSignalService({ warehouse, clock, assets, defaultZone = 'UTC' }: Deps) {
  const write = <T>(work: (tx: Db) => Promise<T>) => warehouse.write(randomUUID(), work, { keep: 'brief' })

  return {
    async list({ asset_id, quantity, q, limit, cursor }: SignalQuery): Promise<PageOf<Signal>> {
      const page = { after: readCursor(cursor, isText) ?? '', limit: limit + 1 }
      const rows = await store.listSignals(warehouse, { asset_id, quantity, q }, page)
      return pageOf(rows, limit, (signal) => signal.id)
    },

    async get(id: string): Promise<Signal> {
      return getSignal(warehouse, id)
    },

    /** Makes a signal, with an id of its own when none is given; its name is its quantity when none is given. */
    async create(signal: NewSignal): Promise<Signal> {
      const content = complete(signal, signal.id ?? newId())
      return write(async (tx) => {
        if ((await store.findKey(tx, content.id)) !== undefined) {
          throw new AppError('conflict', `there is already a signal ${content.id}; choose another id`)
        }
        await checkSignal(tx, content)
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
        return { measurements: await store.removeSignals(tx, [await getKey(tx, id)]) }
      })
    },

    /**
     * Stores a batch inside the caller's write; one call for a whole file, since it looks at all signals. What became
     * of each row is answered in the order of the rows; see `planSignals` for how rows are matched.
     */
    async upsertMany(tx: Db, rows: NewSignal[]): Promise<SignalOutcome[]> {
      const known = await assets.findExisting(tx, [...new Set(rows.map((row) => row.asset_id))])
      const plan = planSignals(await store.listStored(tx), rows, { isAsset: (id) => known.has(id), newId })
      if (plan.inserts.length > 0) await store.insertSignals(tx, plan.inserts, clock.now())
      if (plan.updates.length > 0) await store.updateSignals(tx, plan.updates, clock.now())
      return plan.outcomes
    },

    /**
     * Statistics over [from, to); an end left out is open. `std_dev` is of the sample: 0 for one row, null for none.
     * A deviation greater than the greatest number is null.
     */
    async stats(id: string, query: StatsQuery): Promise<SignalStats> {
      const range = resolveRange(query, clock, defaultZone)
      const { unit } = await getSignal(warehouse, id)
      const found = await store.findStatistics(warehouse, await getKey(warehouse, id), range)
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

  async function save(tx: Db, before: Signal, after: SignalContent): Promise<Signal> {
    await checkSignal(tx, after)
    if (losesUnit(before.unit, after.unit, before.count)) {
      throw new AppError(
        'conflict',
        `${before.count} measurements of ${after.id} are stored in ${before.unit}; delete them or make another signal`,
      )
    }
    await store.updateSignals(tx, [after], clock.now())
    return getSignal(tx, after.id)
  }

  async function checkSignal(tx: Db, signal: SignalContent): Promise<void> {
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

/** Sixty random bits as sixteen letters and digits. */
function newId(): string {
  return randomUUID().replaceAll('-', '').slice(0, 16)
}

function finiteOrNull(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null
}
