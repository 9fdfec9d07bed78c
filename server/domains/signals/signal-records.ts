// Signals as the records of a load: stored in one batch, and taken back as a whole. A part of the service, inside the
// write of its caller.

import { randomUUID } from 'node:crypto'
import type { NewSignal } from '../../../contract/signals.ts'
import type { Clock } from '../../clock.ts'
import type { Db, Tx } from '../../engine/db.ts'
import { recordEarlier, takeBack } from '../../engine/earlier-records.ts'
import { AppError } from '../../errors.ts'
import type { AssetService } from '../assets/service.ts'
import {
  planSignals,
  type SignalContent,
  type SignalOutcome,
  type StoredSignal,
  signalText,
} from './signal-batch.ts'
import { findRestoreFault, planSignalUndo } from './signal-undo.ts'
import * as store from './store.ts'

const TARGET = 'signals'
const SHOWN = 5

interface Deps {
  clock: Clock
  assets: Pick<AssetService, 'findExisting'>
}

export function signalRecords({ clock, assets }: Deps) {
  return {
    /**
     * Stores a batch inside the caller's write; one call for a whole file, since it looks at all signals. What became
     * of each row is answered in the order of the rows; see `planSignals` for how rows are matched.
     */
    async upsertMany(tx: Tx, rows: NewSignal[]): Promise<SignalOutcome[]> {
      const known = await assets.findExisting(tx, [...new Set(rows.map((row) => row.asset_id))])
      const stored = await store.listStored(tx)
      const plan = planSignals(stored, rows, { isAsset: (id) => known.has(id), newId })
      tx.touchSignals()
      await recordBefore(tx, stored, [...plan.inserts, ...plan.updates])
      if (plan.inserts.length > 0) await store.insertSignals(tx, plan.inserts, clock.now())
      if (plan.updates.length > 0) await store.updateSignals(tx, plan.updates, clock.now())
      return plan.outcomes
    },

    /** What would become of each row of a batch; nothing is stored. With `makesAssets`, any asset may be named. */
    async planMany(db: Db, rows: NewSignal[], makesAssets: boolean): Promise<SignalOutcome[]> {
      const known = await assets.findExisting(db, [...new Set(rows.map((row) => row.asset_id))])
      const isAsset = (id: string) => makesAssets || known.has(id)
      return planSignals(await store.listStored(db), rows, { isAsset, newId }).outcomes
    },

    /**
     * Takes back what the write `version` stored by `upsertMany`: signals that are still as it left them go, or are as
     * they were before. Those that it made and that have measurements stay, or with `inUse: 'refuse'` nothing is taken
     * back (`conflict`, as when a signal cannot be as it was).
     */
    async undo(tx: Tx, version: number, { inUse }: { inUse: 'keep' | 'refuse' }) {
      const taken = await takeBack(tx, TARGET, version)
      if (taken.length === 0) return { removed: 0, restored: 0 }
      const stored = await store.listStored(tx)
      const plan = planSignalUndo(stored, taken)
      if (inUse === 'refuse' && plan.inUse.length > 0)
        throw new AppError('conflict', usedSentence(plan.inUse))
      const known = await assets.findExisting(tx, [...new Set(plan.restores.map((one) => one.asset_id))])
      const fault = findRestoreFault(stored, plan, (id) => known.has(id))
      if (fault !== undefined) throw new AppError('conflict', `the load cannot be undone: ${fault}`)
      tx.touchSignals()
      if (plan.removes.length > 0) await store.removeSignals(tx, plan.removes)
      if (plan.restores.length > 0) await store.updateSignals(tx, plan.restores, clock.now())
      return { removed: plan.removes.length, restored: plan.restores.length }
    },
  }
}

async function recordBefore(tx: Tx, stored: StoredSignal[], written: SignalContent[]): Promise<void> {
  const before = new Map(stored.map((signal) => [signal.id, signal]))
  const textBefore = (id: string) => {
    const signal = before.get(id)
    return signal ? signalText(signal) : null
  }
  const records = written.map((signal) => ({
    record_id: signal.id,
    before_json: textBefore(signal.id),
    after_json: signalText(signal),
  }))
  await recordEarlier(tx, TARGET, records)
}

function usedSentence(used: StoredSignal[]): string {
  const first = used.slice(0, SHOWN).map(({ id, samples }) => `${id} has ${samples}`)
  const more = used.length > SHOWN ? ` and ${used.length - SHOWN} more` : ''
  return `${used.length} of the signals that the load made have measurements now: ${first.join(', ')}${more}; delete these first`
}

/** Sixty random bits as sixteen letters and digits. */
export function newId(): string {
  return randomUUID().replaceAll('-', '').slice(0, 16)
}
