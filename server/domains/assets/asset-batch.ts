// What a batch of assets does to those stored: which are new, changed, as they were, or refused. Knows no SQL.

import type { NewAsset } from '../../../contract/assets.ts'
import type { RejectRule } from '../../../contract/rejects.ts'
import type { AttributeCheck, Attributes } from './attribute-schema.ts'

/** How many assets may stand above one another. */
export const NESTING_LIMIT = 50

export interface AssetContent {
  id: string
  type: string
  name: string
  parent_id: string | null
  latitude: number | null
  longitude: number | null
  attributes: Attributes
}

export type AssetOutcome =
  | { outcome: 'inserted' | 'updated' | 'unchanged'; id: string }
  | { outcome: 'refused'; column: string; value: string | null; rule: RejectRule; reason: string }

interface Broken {
  rule: RejectRule
  reason: string
}

export interface AssetBatchPlan {
  /** What became of each row, in the order of the rows. */
  outcomes: AssetOutcome[]
  inserts: AssetContent[]
  updates: AssetContent[]
}

interface Surroundings {
  /** The check of a type, undefined when there is no such type. */
  checkOf(type: string): AttributeCheck | undefined
  newId(): string
}

/**
 * Applies rows to the stored assets one after the other; a parent may come after its children. A row is matched by
 * its id, or without one by parent and name. Fields left out of a row stay as they are; a later row of the same asset
 * corrects an earlier one.
 */
export function planAssets(stored: AssetContent[], rows: NewAsset[], around: Surroundings): AssetBatchPlan {
  const assets = new Map(stored.map((asset) => [asset.id, asset]))
  const ids = new Map(stored.map((asset) => [placeOf(asset), asset.id]))
  const written = new Map<string, 'inserted' | 'updated'>()
  const outcomes: AssetOutcome[] = []

  function apply(row: NewAsset): AssetOutcome {
    const id = row.id ?? ids.get(placeOf({ parent_id: row.parent_id ?? null, name: row.name }))
    const before = id === undefined ? undefined : assets.get(id)
    const after = merge(before, row, id ?? around.newId())
    const fault = findFault(after, row)
    if (fault) return fault
    if (before && assetText(before) === assetText(after)) {
      return { outcome: 'unchanged', id: after.id }
    }
    if (before) ids.delete(placeOf(before))
    ids.set(placeOf(after), after.id)
    assets.set(after.id, after)
    if (!written.has(after.id)) written.set(after.id, before ? 'updated' : 'inserted')
    return { outcome: before ? 'updated' : 'inserted', id: after.id }
  }

  function findFault(after: AssetContent, row: NewAsset): AssetOutcome | undefined {
    const check = around.checkOf(after.type)
    if (!check) return refuse('type', after.type, reference('no type of asset has this name'))
    const wrong = check(after.attributes)[0]
    if (wrong) {
      const broken = { rule: wrong.rule, reason: wrong.message }
      return refuse(columnOf(wrong.path), valueAt(row, wrong.path), broken)
    }
    return findFaultOfPlace(after)
  }

  function findFaultOfPlace(after: AssetContent): AssetOutcome | undefined {
    let above = after.parent_id
    for (let depth = 0; above !== null; depth++) {
      const parent = assets.get(above)
      if (!parent) return refuse('parent_id', after.parent_id, reference('no asset has this id'))
      if (above === after.id)
        return refuse('parent_id', after.parent_id, reference('its parents lead back to itself'))
      if (depth === NESTING_LIMIT) {
        const reason = `assets nest at most ${NESTING_LIMIT} deep`
        return refuse('parent_id', after.parent_id, { rule: 'range', reason })
      }
      above = parent.parent_id
    }
    const holder = ids.get(placeOf(after))
    if (holder === undefined || holder === after.id) return undefined
    const reason = 'another asset has this name under the same parent'
    return refuse('name', after.name, { rule: 'unique', reason })
  }

  for (const position of parentsFirst(rows, assets)) {
    const row = rows[position]
    if (row) outcomes[position] = apply(row)
  }
  const changed = (kind: 'inserted' | 'updated') =>
    [...assets.values()].filter((asset) => written.get(asset.id) === kind)
  return { outcomes, inserts: changed('inserted'), updates: changed('updated') }
}

/** Positions of the rows, each after the first row of its parent where that is not stored yet. */
function parentsFirst(rows: NewAsset[], stored: Map<string, unknown>): number[] {
  const firstRow = new Map<string, number>()
  rows.forEach((row, position) => {
    if (row.id !== undefined && !firstRow.has(row.id)) firstRow.set(row.id, position)
  })
  const order = new Set<number>()
  for (let start = 0; start < rows.length; start++) {
    const chain = new Set<number>()
    let position: number | undefined = start
    while (position !== undefined && !order.has(position) && !chain.has(position)) {
      chain.add(position)
      const parent: string | null = rows[position]?.parent_id ?? null
      position = parent === null || stored.has(parent) ? undefined : firstRow.get(parent)
    }
    for (const link of [...chain].reverse()) order.add(link)
  }
  return [...order]
}

function merge(before: AssetContent | undefined, row: NewAsset, id: string): AssetContent {
  return {
    id,
    type: row.type,
    name: row.name,
    parent_id: row.parent_id === undefined ? (before?.parent_id ?? null) : row.parent_id,
    latitude: row.latitude === undefined ? (before?.latitude ?? null) : row.latitude,
    longitude: row.longitude === undefined ? (before?.longitude ?? null) : row.longitude,
    attributes: row.attributes ?? before?.attributes ?? {},
  }
}

export function placeOf(asset: { parent_id: string | null; name: string }): string {
  return JSON.stringify([asset.parent_id, asset.name])
}

/** Equal for equal contents. */
export function assetText(asset: AssetContent): string {
  return JSON.stringify(sorted(asset))
}

/** The same value with the members of each object in order, so that equal contents give equal text. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]))
}

const reference = (reason: string): Broken => ({ rule: 'reference', reason })

function refuse(column: string, value: string | null, broken: Broken): AssetOutcome {
  return { outcome: 'refused', column, value, ...broken }
}

/** `/attributes/capacity_mva` as a column is `attributes.capacity_mva`. */
function columnOf(path: string): string {
  return path.slice(1).replaceAll('/', '.').replaceAll('~1', '/').replaceAll('~0', '~')
}

function valueAt(row: NewAsset, path: string): string | null {
  const name = path.split('/')[2]?.replaceAll('~1', '/').replaceAll('~0', '~')
  const value = name === undefined ? row.attributes : row.attributes?.[name]
  if (value === undefined) return null
  return typeof value === 'string' ? value : JSON.stringify(value)
}
