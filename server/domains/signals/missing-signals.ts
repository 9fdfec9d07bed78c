// Signals that devices name before anyone made them.

import type { Tx } from '../../engine/db.ts'
import type { Instant } from '../../engine/sql.ts'
import type { SignalContent } from './signal-batch.ts'
import * as store from './store.ts'

/**
 * Makes those whose ids no signal has; stored ones stay as they are, whatever they have become. One whose name another
 * signal of the asset has is not made. The assets must be there. Inside the caller's write.
 */
export async function insertMissing(tx: Tx, signals: SignalContent[], now: Instant): Promise<void> {
  const taken = await store.listTaken(tx, signals)
  const ids = new Set(taken.map(({ id }) => id))
  const places = new Set(taken.map(placeOf))
  const missing = signals.filter((signal) => !ids.has(signal.id) && !places.has(placeOf(signal)))
  if (missing.length === 0) return
  tx.touchSignals()
  await store.insertSignals(tx, missing, now)
}

const placeOf = ({ asset_id, name }: { asset_id: string; name: string }) => JSON.stringify([asset_id, name])
