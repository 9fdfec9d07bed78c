// Undoing a load: what it brought goes, what it changed is as it was before, and what was changed since stays. One
// write of the warehouse; done again after any crash, its batch key gives the first answer.

import { findChange, markUndone, recordChange } from '../../engine/changes.ts'
import type { Tx } from '../../engine/db.ts'
import { AppError } from '../../errors.ts'
import { reopenMended } from './reject-store.ts'
import { datasetOf, type RunDeps } from './run-load.ts'
import type { StoredLoad } from './store.ts'

export interface Undone {
  removed: number
  restored: number
}

type UndoDeps = Pick<RunDeps, 'warehouse' | 'clock' | 'assets' | 'signals' | 'measurements' | 'datasets'>

/**
 * AppError `conflict` for a load that is not done or was undone already, and when something that came later hangs on
 * what would go, or stands where something would return.
 */
export async function undoLoad(deps: UndoDeps, load: StoredLoad): Promise<Undone> {
  if (load.status !== 'done')
    throw new AppError('conflict', `the load is ${load.status}; only one that is done can be undone`)
  if (load.undone_at !== null)
    throw new AppError('conflict', `the load was undone already, at ${load.undone_at}`)
  return await deps.warehouse.write(`undo:${load.id}`, async (tx) => {
    const version = await findChange(tx, load.load_key)
    if (version === undefined) throw new Error(`load ${load.id} is done, but its write is not stored`)
    await recordChange(tx, null, deps.clock.now())
    const undone = await undoWrite(tx, deps, { target: load.target, version, loadKey: load.load_key })
    await markUndone(tx, version)
    await reopenMended(tx, load.id)
    return undone
  })
}

interface LoadWrite {
  target: string
  version: number
  loadKey: number
}

/**
 * Readings go before the signals that were made for them, and those before their assets. What was made beside the rows
 * of the target stays where something else hangs on it by now.
 */
async function undoWrite(tx: Tx, deps: UndoDeps, { target, ...write }: LoadWrite): Promise<Undone> {
  const dataset = datasetOf(target)
  if (dataset !== undefined) return await deps.datasets.undo(tx, dataset, write)
  const inUse = (noun: string) => ({ inUse: noun === target ? 'refuse' : 'keep' }) as const
  const nothing = { removed: 0, restored: 0 }
  const measurements = target === 'measurements' ? await deps.measurements.undo(tx, write.version) : nothing
  const signals = await deps.signals.undo(tx, write.version, inUse('signals'))
  const assets = await deps.assets.undo(tx, write.version, inUse('assets'))
  if (target === 'measurements') return measurements
  return target === 'signals' ? signals : assets
}
