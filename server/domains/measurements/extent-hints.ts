// About how much is stored of a signal, as of the last minute: enough to choose which question to ask first.

import type { Warehouse } from '../../engine/db.ts'
import { type Extent, listExtents } from './store.ts'

const KEPT_MS = 60_000
/** Signals whose extents are kept; then all are asked for again. */
const SIGNALS_KEPT = 100_000

export type ExtentHints = (keys: number[]) => Promise<Extent[]>

/** Extents that may be a minute old. */
export function createExtentHints(warehouse: Warehouse): ExtentHints {
  const kept = new Map<number, Extent & { until: number }>()
  return async (keys) => {
    const now = performance.now()
    const missing = keys.filter((key) => (kept.get(key)?.until ?? 0) < now)
    if (missing.length > 0) {
      if (kept.size + missing.length > SIGNALS_KEPT) kept.clear()
      for (const extent of await listExtents(warehouse, missing)) {
        kept.set(extent.signal_key, { ...extent, until: now + KEPT_MS })
      }
    }
    return keys.flatMap((key) => kept.get(key) ?? [])
  }
}
