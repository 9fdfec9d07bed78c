// Rows of `batch`: what was committed under which key, and what was answered. The same SQL on both engines.

import type { Db } from '../db.ts'
import { type Instant, sql } from '../sql.ts'

/** The first answer to a batch key; undefined when it was never committed. */
export async function findBatch(
  db: Db,
  batchKey: string,
): Promise<{ version: number; result: unknown } | undefined> {
  const [row] = await db.query<{ version: number; result: string }>(sql`
    select version, result
    from batch
    where batch_key = ${batchKey}`)
  return row && { version: row.version, result: JSON.parse(row.result) }
}

export interface Batch {
  version: number
  batchKey: string
  keep: 'brief' | 'always'
  result: unknown
  at: Instant
}

export async function recordBatch(tx: Db, { version, batchKey, keep, result, at }: Batch): Promise<void> {
  await tx.run(sql`
    insert into batch (version, batch_key, keep, result, committed_at)
    values (${version}, ${batchKey}, ${keep}, ${JSON.stringify(result ?? null)}, ${sql.instant(at)})`)
  if (version % FORGET_EVERY === 0) await forgetBrief(tx, at - BRIEF_MICROS)
}

/** Every so many writes old keys are forgotten. */
export const FORGET_EVERY = 1000
/** Our own retries end within seconds. */
const BRIEF_MICROS = 15 * 60 * 1_000_000

/** Forgets keys that only served our own retries and are older than `before`; the newest version stays. */
async function forgetBrief(tx: Db, before: Instant): Promise<void> {
  await tx.run(sql`
    delete from batch
    where keep = 'brief' and committed_at < ${sql.instant(before)} and version < (select max(version) from batch)`)
}
