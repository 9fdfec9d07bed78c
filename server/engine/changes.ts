// Rows of `change`: which write happened when, and which load it was. SQL only; no rules here.

import type { Tx } from './db.ts'
import { type Instant, sql } from './sql.ts'

/** Notes the write of `tx` for ever; `loadKey` is null for values that devices sent. */
export async function recordChange(tx: Tx, loadKey: number | null, at: Instant): Promise<void> {
  await tx.run(sql`
    insert into change (version, committed_at, load_key)
    values (${tx.version}, ${sql.instant(at)}, ${loadKey}::integer)`)
}
