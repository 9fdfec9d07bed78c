// Assets as the records of a load: stored in one batch, and taken back as a whole. A part of the service, inside the
// write of its caller.

import { randomUUID } from 'node:crypto'
import type { NewAsset } from '../../../contract/assets.ts'
import type { Clock } from '../../clock.ts'
import type { Db, Tx } from '../../engine/db.ts'
import { recordEarlier, takeBack } from '../../engine/earlier-records.ts'
import { AppError } from '../../errors.ts'
import { type AssetContent, type AssetOutcome, assetText, planAssets } from './asset-batch.ts'
import { type AssetInUse, findRestoreFault, planAssetUndo } from './asset-undo.ts'
import { compileAttributes } from './attribute-schema.ts'
import type { AssetDependents } from './service.ts'
import * as store from './store.ts'

const TARGET = 'assets'
const SHOWN = 5

interface Deps {
  clock: Clock
  dependents: AssetDependents
}

export function assetRecords({ clock, dependents }: Deps) {
  return {
    /**
     * Stores a batch inside the caller's write; one call for a whole file, since it looks at all assets. What became
     * of each row is answered in the order of the rows; see `planAssets` for how rows are matched.
     */
    async upsertMany(tx: Tx, rows: NewAsset[]): Promise<AssetOutcome[]> {
      const stored = await store.listContents(tx)
      const plan = planAssets(stored, rows, { checkOf: await checksOfTypes(tx), newId })
      await recordBefore(tx, stored, [...plan.inserts, ...plan.updates])
      if (plan.inserts.length > 0) await store.insertAssets(tx, plan.inserts, clock.now())
      if (plan.updates.length > 0) await store.updateAssets(tx, plan.updates, clock.now())
      return plan.outcomes
    },

    /** What would become of each row of a batch; nothing is stored. */
    async planMany(db: Db, rows: NewAsset[]): Promise<AssetOutcome[]> {
      const checkOf = await checksOfTypes(db)
      return planAssets(await store.listContents(db), rows, { checkOf, newId }).outcomes
    },

    /**
     * Takes back what the write `version` stored by `upsertMany`: assets that are still as it left them go, or are as
     * they were before. Those that it made and that others hang on stay, or with `inUse: 'refuse'` nothing is taken
     * back (`conflict`, as when an asset cannot be as it was).
     */
    async undo(tx: Tx, version: number, { inUse }: { inUse: 'keep' | 'refuse' }) {
      const taken = await takeBack(tx, TARGET, version)
      if (taken.length === 0) return { removed: 0, restored: 0 }
      const stored = await store.listContents(tx)
      const made = taken.filter(({ before_json }) => before_json === null).map(({ record_id }) => record_id)
      const plan = planAssetUndo(stored, taken, await dependents.countEach(tx, made))
      if (inUse === 'refuse' && plan.inUse.length > 0)
        throw new AppError('conflict', usedSentence(plan.inUse))
      const fault = findRestoreFault(stored, plan, await checksOfTypes(tx))
      if (fault !== undefined) throw new AppError('conflict', `the load cannot be undone: ${fault}`)
      if (plan.removes.length > 0) await store.removeAssets(tx, plan.removes)
      if (plan.restores.length > 0) await store.updateAssets(tx, plan.restores, clock.now())
      return { removed: plan.removes.length, restored: plan.restores.length }
    },
  }
}

async function checksOfTypes(db: Db) {
  const types = await store.listTypes(db, '', Number.MAX_SAFE_INTEGER)
  const checks = new Map(types.map((type) => [type.name, compileAttributes(type.attributes_schema)]))
  return (type: string) => checks.get(type)
}

async function recordBefore(tx: Tx, stored: AssetContent[], written: AssetContent[]): Promise<void> {
  const before = new Map(stored.map((asset) => [asset.id, asset]))
  const textBefore = (id: string) => {
    const asset = before.get(id)
    return asset ? assetText(asset) : null
  }
  const records = written.map((asset) => ({
    record_id: asset.id,
    before_json: textBefore(asset.id),
    after_json: assetText(asset),
  }))
  await recordEarlier(tx, TARGET, records)
}

function usedSentence(used: AssetInUse[]): string {
  const first = used
    .slice(0, SHOWN)
    .map(({ id, signals, assets }) => `${id} has ${signals} signals and ${assets} assets below it`)
  const more = used.length > SHOWN ? ` and ${used.length - SHOWN} more` : ''
  return `${used.length} of the assets that the load made are in use now: ${first.join(', ')}${more}; delete these first`
}

/** Sixty random bits as sixteen letters and digits. */
export function newId(): string {
  return randomUUID().replaceAll('-', '').slice(0, 16)
}
