// Assets that devices name: found by what they are called, and made where there are none.

import type { Tx } from '../../engine/db.ts'
import type { Instant } from '../../engine/sql.ts'
import * as store from './store.ts'

/**
 * The id of an asset for each name: the asset with this id, else the one without a parent that has this name, else a
 * new site with both. Names must be such as ids may be. Inside the caller's write.
 */
export async function ensureNamedAssets(tx: Tx, names: string[], now: Instant): Promise<Map<string, string>> {
  const found = await store.listCalled(tx, names)
  const ids = new Map<string, string>()
  for (const { id, name } of found) if (name !== null) ids.set(name, id)
  for (const { id } of found) ids.set(id, id)
  const missing = [...new Set(names)].filter((name) => !ids.has(name))
  if (missing.length > 0) await store.insertAssets(tx, missing.map(newSite), now)
  for (const name of missing) ids.set(name, name)
  return ids
}

function newSite(name: string) {
  return { id: name, type: 'site', name, parent_id: null, latitude: null, longitude: null, attributes: {} }
}
