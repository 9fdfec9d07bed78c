// Rows of `idempotency`, one per (account, route, key), and of `rate_limit`, and the smallest question to a store. SQL
// in, plain objects out; no rules here.

import type { Control, Db } from '../engine/db.ts'
import { sql } from '../engine/sql.ts'

export interface KeyedAnswer {
  body_hash: string
  /** Null while the first request is at work. */
  status: number | null
  /** JSON. */
  headers: string | null
  body: string | null
}

export interface KeyName {
  account_id: string
  route: string
  idempotency_key: string
}

/** Takes a key; answers false when it is taken already. */
export async function insertKey(db: Db, name: KeyName, bodyHash: string, now: string): Promise<boolean> {
  const written = await db.run(sql`
    insert into idempotency (idempotency_key, account_id, route, body_hash, created_at)
    values (${name.idempotency_key}, ${name.account_id}, ${name.route}, ${bodyHash}, ${now})
    on conflict (account_id, route, idempotency_key) do nothing`)
  return written === 1
}

export async function findAnswer(db: Db, name: KeyName): Promise<KeyedAnswer | undefined> {
  const [row] = await db.query<KeyedAnswer>(sql`
    select body_hash, status, headers, body
    from idempotency
    where account_id = ${name.account_id} and route = ${name.route} and idempotency_key = ${name.idempotency_key}`)
  return row
}

export async function updateAnswer(
  db: Db,
  name: KeyName,
  answer: { status: number; headers: string; body: string },
): Promise<void> {
  await db.run(sql`
    update idempotency
    set status = ${answer.status}, headers = ${answer.headers}, body = ${answer.body}
    where account_id = ${name.account_id} and route = ${name.route} and idempotency_key = ${name.idempotency_key}`)
}

export async function removeKey(db: Db, name: KeyName): Promise<void> {
  await db.run(sql`
    delete from idempotency
    where account_id = ${name.account_id} and route = ${name.route} and idempotency_key = ${name.idempotency_key}`)
}

/** Removes the keys of requests that have no answer yet. */
export async function removeUnanswered(db: Db): Promise<void> {
  await db.run(sql`
    delete from idempotency
    where status is null`)
}

/** Removes what is older than `created`, and of requests that never ended what is older than `stuck`. */
export async function removeOld(
  db: Db,
  { created, stuck }: { created: string; stuck: string },
): Promise<void> {
  await db.run(sql`
    delete from idempotency
    where created_at < ${created} or (status is null and created_at < ${stuck})`)
}

export interface UsedLimit {
  bucket: string
  whole_at: string
}

/** Limits that are not whole again yet. */
export async function listLimits(db: Db, now: string): Promise<UsedLimit[]> {
  return db.query<UsedLimit>(sql`
    select bucket, whole_at
    from rate_limit
    where whole_at > ${now}`)
}

/** Writes these, and removes those that are whole again. */
export async function replaceLimits(control: Control, limits: UsedLimit[], now: string): Promise<void> {
  await control.write(async (tx) => {
    for (const { bucket, whole_at } of limits) {
      await tx.run(sql`
        insert into rate_limit (bucket, whole_at)
        values (${bucket}, ${whole_at})
        on conflict (bucket) do update
        set whole_at = excluded.whole_at`)
    }
    await tx.run(sql`
      delete from rate_limit
      where whole_at <= ${now}`)
  })
}

/** Fails when the store does not answer. */
export async function ping(db: Db): Promise<void> {
  await db.query(sql`select 1 as alive`)
}
