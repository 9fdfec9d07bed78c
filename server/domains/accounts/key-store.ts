// Rows of `api_key`, each with the account that it belongs to. SQL in, plain objects out; no rules here.

import type { Role } from '../../../contract/accounts.ts'
import type { Db } from '../../engine/db.ts'
import { sql } from '../../engine/sql.ts'

export interface KeyRow {
  id: string
  name: string
  prefix: string
  /** With a space between. */
  scopes: string
  account_id: string
  account_name: string
  created_at: string
  expires_at: string | null
  last_used_at: string | null
}

export interface NewKey extends Omit<KeyRow, 'account_name' | 'last_used_at'> {
  secret_hash: string
}

/** A key with what its account is now. */
export interface HeldKey extends KeyRow {
  role: Role
  disabled_at: string | null
}

/** Where a page of the list begins: before the key made then, with this id. */
export type Position = [created_at: string, id: string]

const SELECT_KEY = sql`
  select
    api_key.id, api_key.name, prefix, scopes, account_id, account.name as account_name,
    api_key.created_at, expires_at, last_used_at, account.role, account.disabled_at
  from api_key
  join account on account.id = api_key.account_id`

export async function insertKey(db: Db, key: NewKey): Promise<void> {
  await db.run(sql`
    insert into api_key (id, name, prefix, secret_hash, scopes, account_id, created_at, expires_at)
    values (
      ${key.id}, ${key.name}, ${key.prefix}, ${key.secret_hash}, ${key.scopes}, ${key.account_id},
      ${key.created_at}, ${key.expires_at})`)
}

export async function findByHash(db: Db, secretHash: string): Promise<HeldKey | undefined> {
  const [row] = await db.query<HeldKey>(sql`
    ${SELECT_KEY}
    where secret_hash = ${secretHash}`)
  return row
}

/** The key with this id, of `owner` where one is given. */
export async function findKey(db: Db, id: string, owner: string | null): Promise<KeyRow | undefined> {
  const [row] = await db.query<HeldKey>(sql`
    ${SELECT_KEY}
    where api_key.id = ${id} and ${ofOwner(owner)}`)
  return row && plain(row)
}

export async function listKeys(
  db: Db,
  { owner, before, limit }: { owner: string | null; before: Position | null; limit: number },
): Promise<KeyRow[]> {
  const earlier = before
    ? sql`(api_key.created_at < ${before[0]} or (api_key.created_at = ${before[0]} and api_key.id < ${before[1]}))`
    : sql`1 = 1`
  const rows = await db.query<HeldKey>(sql`
    ${SELECT_KEY}
    where ${ofOwner(owner)} and ${earlier}
    order by api_key.created_at desc, api_key.id desc
    limit ${limit}`)
  return rows.map(plain)
}

export async function touchKey(db: Db, id: string, now: string): Promise<void> {
  await db.run(sql`
    update api_key
    set last_used_at = ${now}
    where id = ${id}`)
}

export async function removeKey(db: Db, id: string): Promise<void> {
  await db.run(sql`
    delete from api_key
    where id = ${id}`)
}

export async function removeKeysOf(db: Db, accountId: string): Promise<void> {
  await db.run(sql`
    delete from api_key
    where account_id = ${accountId}`)
}

const ofOwner = (owner: string | null) => (owner === null ? sql`1 = 1` : sql`account_id = ${owner}`)

function plain({ role: _role, disabled_at: _disabled, ...row }: HeldKey): KeyRow {
  return row
}
