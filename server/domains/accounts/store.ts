// Rows of `account` and `session`. SQL in, plain objects out; no rules here.

import type { Role } from '../../../contract/accounts.ts'
import type { Db } from '../../engine/db.ts'
import { sql } from '../../engine/sql.ts'

export interface AccountRow {
  id: string
  name: string
  role: Role
  password_hash: string
  disabled_at: string | null
  created_at: string
  updated_at: string
}

export type SessionKind = 'browser' | 'access' | 'refresh'

export interface NewSession {
  id: string
  secret_hash: string
  kind: SessionKind
  /** Of all that came from one sign-in. */
  family_id: string
  account_id: string
  /** With a space between. */
  scopes: string
  created_at: string
  last_seen_at: string
  expires_at: string
}

/** A session with the account that it belongs to. */
export interface SessionRow extends NewSession {
  revoked_at: string | null
  name: string
  role: Role
  disabled_at: string | null
}

const SELECT_ACCOUNT = sql`
  select id, name, role, password_hash, disabled_at, created_at, updated_at
  from account`

/** Adds an account unless the name is taken; answers whether it did. */
export async function insertAccount(
  db: Db,
  account: Pick<AccountRow, 'id' | 'name' | 'role' | 'password_hash'>,
  now: string,
): Promise<boolean> {
  const rows = await db.run(sql`
    insert into account (id, name, role, password_hash, created_at, updated_at)
    values (${account.id}, ${account.name}, ${account.role}, ${account.password_hash}, ${now}, ${now})
    on conflict (name) do nothing`)
  return rows === 1
}

export async function findAccount(db: Db, name: string): Promise<AccountRow | undefined> {
  const rows = await db.query<AccountRow>(sql`
    ${SELECT_ACCOUNT}
    where name = ${name}`)
  return rows[0]
}

/** The account with this id. */
export async function findAccountById(db: Db, id: string): Promise<AccountRow | undefined> {
  const rows = await db.query<AccountRow>(sql`
    ${SELECT_ACCOUNT}
    where id = ${id}`)
  return rows[0]
}

/** Accounts by name, those after one. */
export async function listAccounts(db: Db, after: string, limit: number): Promise<AccountRow[]> {
  return db.query<AccountRow>(sql`
    ${SELECT_ACCOUNT}
    where name > ${after}
    order by name
    limit ${limit}`)
}

/** The account as it is, and stays until the transaction ends; undefined when there is none. */
export async function lockAccount(tx: Db, id: string): Promise<AccountRow | undefined> {
  const rows = await tx.query<AccountRow>(sql`
    update account
    set role = role
    where id = ${id}
    returning id, name, role, password_hash, disabled_at, created_at, updated_at`)
  return rows[0]
}

/** The account with this id and every manager who can sign in; nobody else changes them before the transaction ends. */
export async function lockAccounts(tx: Db, id: string): Promise<AccountRow[]> {
  return tx.query<AccountRow>(sql`
    update account
    set role = role
    where id = ${id} or (role = 'manager' and disabled_at is null)
    returning id, name, role, password_hash, disabled_at, created_at, updated_at`)
}

export async function updateAccount(
  db: Db,
  { id, role, password_hash, disabled_at }: Pick<AccountRow, 'id' | 'role' | 'password_hash' | 'disabled_at'>,
  now: string,
): Promise<void> {
  await db.run(sql`
    update account
    set role = ${role}, password_hash = ${password_hash}, disabled_at = ${disabled_at}, updated_at = ${now}
    where id = ${id}`)
}

/** Removes an account with its sessions. */
export async function removeAccount(db: Db, id: string): Promise<void> {
  await db.run(sql`
    delete from session
    where account_id = ${id}`)
  await db.run(sql`
    delete from account
    where id = ${id}`)
}

/** Whether anyone could sign in. */
export async function hasAccounts(db: Db): Promise<boolean> {
  const rows = await db.query(sql`
    select 1 as found
    from account
    where disabled_at is null
    limit 1`)
  return rows.length > 0
}

export async function updatePassword(db: Db, id: string, passwordHash: string, now: string): Promise<void> {
  await db.run(sql`
    update account
    set password_hash = ${passwordHash}, updated_at = ${now}
    where id = ${id}`)
}

export async function insertSession(db: Db, session: NewSession): Promise<void> {
  await db.run(sql`
    insert into session
      (id, secret_hash, kind, family_id, account_id, scopes, created_at, last_seen_at, expires_at)
    values (
      ${session.id}, ${session.secret_hash}, ${session.kind}, ${session.family_id}, ${session.account_id},
      ${session.scopes}, ${session.created_at}, ${session.last_seen_at}, ${session.expires_at})`)
}

export async function findSession(db: Db, secretHash: string): Promise<SessionRow | undefined> {
  const rows = await db.query<SessionRow>(sql`
    select
      session.id, secret_hash, kind, family_id, account_id, scopes,
      session.created_at, last_seen_at, expires_at, revoked_at,
      account.name, account.role, account.disabled_at
    from session
    join account on account.id = session.account_id
    where secret_hash = ${secretHash}`)
  return rows[0]
}

export async function touchSession(db: Db, id: string, now: string): Promise<void> {
  await db.run(sql`
    update session
    set last_seen_at = ${now}
    where id = ${id} and revoked_at is null`)
}

/** Answers whether it was still in force: of two who revoke it at once, one is told so. */
export async function revokeSession(db: Db, id: string, now: string): Promise<boolean> {
  const rows = await db.run(sql`
    update session
    set revoked_at = ${now}
    where id = ${id} and revoked_at is null`)
  return rows === 1
}

/** Answers the hashes of the secrets that are no longer in force. */
export async function revokeFamily(db: Db, familyId: string, now: string): Promise<string[]> {
  const rows = await db.query<{ secret_hash: string }>(sql`
    update session
    set revoked_at = ${now}
    where family_id = ${familyId} and revoked_at is null
    returning secret_hash`)
  return rows.map((row) => row.secret_hash)
}

/** Answers the hashes of the secrets that are no longer in force. */
export async function revokeOfAccount(db: Db, accountId: string, now: string): Promise<string[]> {
  const rows = await db.query<{ secret_hash: string }>(sql`
    update session
    set revoked_at = ${now}
    where account_id = ${accountId} and revoked_at is null
    returning secret_hash`)
  return rows.map((row) => row.secret_hash)
}

export async function removeExpired(db: Db, now: string): Promise<void> {
  await db.run(sql`
    delete from session
    where expires_at < ${now}`)
}
