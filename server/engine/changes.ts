// Rows of `change`: which write happened when, and which load it was. SQL only; no rules here.

import type { Tx } from './db.ts'
import { type Instant, sql } from './sql.ts'

/** Notes the write of `tx` for ever; `loadKey` is null for values that devices sent. */
export async function recordChange(tx: Tx, loadKey: number | null, at: Instant): Promise<void> {
  await tx.run(sql`
    insert into change (version, committed_at, load_key)
    values (${tx.version}, ${sql.instant(at)}, ${loadKey}::integer)`)
}

/** The write of a load; undefined for one that is not stored. */
export async function findChange(tx: Tx, loadKey: number): Promise<number | undefined> {
  const [row] = await tx.query<{ version: number }>(sql`
    select version
    from change
    where load_key = ${loadKey}`)
  return row?.version
}

/** Notes that the write of `tx` undoes the write `version`. */
export async function markUndone(tx: Tx, version: number): Promise<void> {
  await tx.run(sql`
    update change
    set undone_version = ${tx.version}
    where version = ${version}`)
}
