// Which signals there are, kept in memory: what every reading that comes in and every question about one needs to know.
// Right at any time, since every write that touches signals makes it look again.

import type { Warehouse } from '../../engine/db.ts'
import { AppError } from '../../errors.ts'
import { listEntries } from './store.ts'

/** What a signal is known by; `signal_key` is the integer that stands for it in `measurement`. */
export interface SignalEntry {
  signal_key: number
  id: string
  asset_id: string
  quantity: string
  unit: string
}

export interface SignalList {
  all: SignalEntry[]
  find(id: string): SignalEntry | undefined
  /** Signals of an asset that have this quantity. */
  ofAsset(assetId: string, quantity: string): SignalEntry[]
}

export interface SignalDirectory {
  /** The signals as they are now. */
  current(): Promise<SignalList>
  /** AppError `not_found` when there is none. */
  get(id: string): Promise<SignalEntry>
}

export function createSignalDirectory(warehouse: Warehouse): SignalDirectory {
  const state: { list: Promise<SignalList> | undefined } = { list: undefined }
  warehouse.onSignalsTouched(() => {
    state.list = undefined
  })

  async function current(): Promise<SignalList> {
    state.list ??= readList(warehouse)
    const asked = state.list
    try {
      return await asked
    } catch (error) {
      if (state.list === asked) state.list = undefined
      throw error
    }
  }

  return {
    current,
    async get(id) {
      const signal = (await current()).find(id)
      if (!signal) throw new AppError('not_found', `there is no signal ${JSON.stringify(id)}`)
      return signal
    },
  }
}

async function readList(warehouse: Warehouse): Promise<SignalList> {
  const all = await listEntries(warehouse)
  const byId = new Map(all.map((signal) => [signal.id, signal]))
  const byPlace = Map.groupBy(all, ({ asset_id, quantity }) => placeOf(asset_id, quantity))
  return {
    all,
    find: (id) => byId.get(id),
    ofAsset: (assetId, quantity) => byPlace.get(placeOf(assetId, quantity)) ?? [],
  }
}

const placeOf = (assetId: string, quantity: string) => JSON.stringify([assetId, quantity])
