// What taking back a batch of assets does to those stored: which go, which are again as they were, and what stands in
// the way. Knows no SQL.

import type { EarlierRecord } from '../../engine/earlier-records.ts'
import { type AssetContent, assetText, NESTING_LIMIT, placeOf } from './asset-batch.ts'
import type { AttributeCheck } from './attribute-schema.ts'

/** An asset that the batch made and that others hang on now. */
export interface AssetInUse {
  id: string
  signals: number
  assets: number
}

export interface AssetUndo {
  removes: string[]
  restores: AssetContent[]
  /** Made by the batch, and kept since others hang on them. */
  inUse: AssetInUse[]
}

/** An asset that is no longer as the batch left it stays as it is. `signals` tells how many hang on which asset. */
export function planAssetUndo(
  stored: AssetContent[],
  taken: EarlierRecord[],
  signals: ReadonlyMap<string, number>,
): AssetUndo {
  const assets = new Map(stored.map((asset) => [asset.id, asset]))
  const untouched = taken.filter(({ record_id, after_json }) => {
    const asset = assets.get(record_id)
    return asset !== undefined && assetText(asset) === after_json
  })
  const restores = untouched.flatMap(
    ({ before_json }) => (before_json === null ? [] : [JSON.parse(before_json) as AssetContent]), // written by `assetText`
  )
  for (const asset of restores) assets.set(asset.id, asset)
  const going = new Set(untouched.filter((one) => one.before_json === null).map((one) => one.record_id))
  const inUse: AssetInUse[] = []
  // An asset that stays keeps those above it.
  for (let found = findUsed(assets, going, signals); found.length > 0; ) {
    inUse.push(...found)
    for (const { id } of found) going.delete(id)
    found = findUsed(assets, going, signals)
  }
  return { removes: [...going], restores, inUse }
}

function findUsed(
  assets: Map<string, AssetContent>,
  going: Set<string>,
  signals: ReadonlyMap<string, number>,
): AssetInUse[] {
  const below = new Map<string, number>()
  for (const { id, parent_id } of assets.values()) {
    if (parent_id !== null && !going.has(id)) below.set(parent_id, (below.get(parent_id) ?? 0) + 1)
  }
  return [...going]
    .map((id) => ({ id, signals: signals.get(id) ?? 0, assets: below.get(id) ?? 0 }))
    .filter((one) => one.signals + one.assets > 0)
}

/** Why an asset cannot be as it was before: what it needs is gone, or its name is taken. Undefined when all can. */
export function findRestoreFault(
  stored: AssetContent[],
  { removes, restores }: AssetUndo,
  checkOf: (type: string) => AttributeCheck | undefined,
): string | undefined {
  const assets = new Map(stored.map((asset) => [asset.id, asset]))
  for (const id of removes) assets.delete(id)
  for (const asset of restores) assets.set(asset.id, asset)
  const holders = Map.groupBy(assets.values(), placeOf)
  for (const asset of restores) {
    const fault = faultOf(asset, assets, checkOf)
    if (fault !== undefined) return `the asset ${asset.id} cannot be as it was: ${fault}`
    const holder = holders.get(placeOf(asset))?.find(({ id }) => id !== asset.id)
    if (holder) {
      return `the asset ${asset.id} cannot be called ${asset.name} again: ${holder.id} has this name under the same parent`
    }
  }
  return undefined
}

function faultOf(
  asset: AssetContent,
  assets: Map<string, AssetContent>,
  checkOf: (type: string) => AttributeCheck | undefined,
): string | undefined {
  const check = checkOf(asset.type)
  if (!check) return `there is no type ${asset.type} any more`
  const [wrong] = check(asset.attributes)
  if (wrong) return `its type was changed, ${wrong.path} ${wrong.message}`
  let above = asset.parent_id
  for (let depth = 0; above !== null; depth++) {
    const parent = assets.get(above)
    if (!parent) return `there is no asset ${above} any more`
    if (above === asset.id || depth === NESTING_LIMIT)
      return 'its parents lead back to itself, or are too many'
    above = parent.parent_id
  }
  return undefined
}
