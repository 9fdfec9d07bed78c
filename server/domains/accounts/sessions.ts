// Secrets that stand for an account: issued once, known afterwards only by their SHA-256, and revoked.
// Knows neither passwords nor grants. What is in force is kept in memory, so that most requests ask no database.

import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Role } from '../../../contract/accounts.ts'
import type { Clock } from '../../clock.ts'
import { instantOf, timeText } from '../../engine/control/time.ts'
import type { Control, Db } from '../../engine/db.ts'
import type { Instant } from '../../engine/sql.ts'
import type { SessionKind, SessionRow } from './store.ts'
import * as store from './store.ts'

const SECOND = 1_000_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** How long a secret is good for at most, and how long without being used; in microseconds. */
export const LIFETIMES: Record<SessionKind, { most: number; idle: number }> = {
  browser: { most: 7 * DAY, idle: 12 * HOUR },
  access: { most: HOUR, idle: HOUR },
  refresh: { most: 30 * DAY, idle: 7 * DAY },
}

/** What the roles may do; a token may be given less. */
export const SCOPES: Record<Role, readonly string[]> = { user: ['user'], manager: ['user', 'manager'] }

/** For so long a revocation by another process may go unseen. */
const KNOWN_FOR = 5 * SECOND
/** How exact `last_seen_at` is: a session that is used writes once in this time. */
const SEEN_EVERY = 5 * MINUTE
const KEPT_IN_MEMORY = 10_000

/** 32 random bytes in base64url. */
const SECRET = /^[\w-]{43}$/

export interface Known {
  id: string
  kind: SessionKind
  family_id: string
  account: { id: string; name: string; role: Role }
  /** Never more than the role of the account gives now. */
  scopes: string[]
  /** For `x-csrf-token`; follows from the secret and does not reveal it. */
  csrf_token: string
  expires_at: string
}

export interface Issue {
  kind: SessionKind
  account_id: string
  scopes: readonly string[]
  /** For what belongs to an earlier sign-in, and ends with it. */
  family?: { family_id: string; expires_at: string }
}

export function createSessions({ control, clock }: { control: Control; clock: Clock }) {
  const kept = new LRUCache<string, { known: Known; until: Instant }>({ max: KEPT_IN_MEMORY })
  // Grows with every revocation, so that a row read before it is not kept after it.
  let revocations = 0

  function forget(hashes: string[]): void {
    revocations++
    for (const hash of hashes) kept.delete(hash)
  }

  return {
    /** A new secret, to be shown once. Also removes what has expired. */
    async issue(tx: Db, { kind, account_id, scopes, family }: Issue) {
      const now = clock.now()
      const secret = randomBytes(32).toString('base64url')
      const end = timeText(now + LIFETIMES[kind].most)
      const expires_at = family !== undefined && family.expires_at < end ? family.expires_at : end
      await store.removeExpired(tx, timeText(now))
      const id = randomUUID()
      await store.insertSession(tx, {
        id,
        secret_hash: hashOf(secret),
        kind,
        family_id: family?.family_id ?? id,
        account_id,
        scopes: scopes.join(' '),
        created_at: timeText(now),
        last_seen_at: timeText(now),
        expires_at,
      })
      return { secret, family_id: family?.family_id ?? id, expires_at, csrf_token: csrfOf(secret) }
    },

    /** Who holds a secret of this kind; undefined when it is unknown, at its end, unused for too long or revoked. */
    async find(secret: string, kind: SessionKind): Promise<Known | undefined> {
      if (!SECRET.test(secret)) return undefined
      const now = clock.now()
      const hash = hashOf(secret)
      const held = kept.get(hash)
      if (held !== undefined && now < held.until) return held.known.kind === kind ? held.known : undefined
      kept.delete(hash)
      const before = revocations
      const row = await store.findSession(control, hash)
      if (row === undefined || row.kind !== kind || !isInForce(row, now)) return undefined
      if (now - instantOf(row.last_seen_at) >= SEEN_EVERY)
        await store.touchSession(control, row.id, timeText(now))
      const known = knownFrom(row, secret)
      const until = Math.min(now + KNOWN_FOR, instantOf(row.expires_at))
      if (before === revocations) kept.set(hash, { known, until })
      return known
    },

    /** Revokes everything that came from one sign-in. */
    async revokeFamily(familyId: string): Promise<void> {
      forget(await control.write((tx) => store.revokeFamily(tx, familyId, timeText(clock.now()))))
    },

    /** Revokes everything of an account, together with `work`. */
    async revokeAccount(accountId: string, work: (tx: Db) => Promise<void>): Promise<void> {
      const hashes = await control.write(async (tx) => {
        await work(tx)
        return store.revokeOfAccount(tx, accountId, timeText(clock.now()))
      })
      forget(hashes)
    },

    /**
     * Uses up a refresh token, together with `work`, which gives its successors. A token that was used before
     * is in two hands: all of its family is revoked. Undefined when it is not, or no longer, in force.
     */
    async spend<T>(secret: string, work: (tx: Db, row: SessionRow) => Promise<T>): Promise<T | undefined> {
      const now = clock.now()
      const outcome = await control.write(async (tx) => {
        const row = SECRET.test(secret) ? await store.findSession(tx, hashOf(secret)) : undefined
        if (row?.kind !== 'refresh') return { revoked: [] }
        if (row.revoked_at === null && !isInForce(row, now)) return { revoked: [] }
        // Whoever ends all sessions of the account must see the successors, or come before them.
        await store.lockAccount(tx, row.account_id)
        const first = await store.revokeSession(tx, row.id, timeText(now))
        if (!first) return { revoked: await store.revokeFamily(tx, row.family_id, timeText(now)) }
        return { revoked: [], result: await work(tx, row) }
      })
      forget(outcome.revoked)
      return outcome.result
    },
  }
}

function isInForce(row: SessionRow, now: Instant): boolean {
  return (
    row.revoked_at === null &&
    row.disabled_at === null &&
    now < instantOf(row.expires_at) &&
    now < instantOf(row.last_seen_at) + LIFETIMES[row.kind].idle
  )
}

function knownFrom(row: SessionRow, secret: string): Known {
  const { id, kind, family_id, account_id, name, role, expires_at } = row
  const scopes = row.scopes.split(' ').filter((scope) => SCOPES[role].includes(scope))
  return {
    id,
    kind,
    family_id,
    account: { id: account_id, name, role },
    scopes,
    csrf_token: csrfOf(secret),
    expires_at,
  }
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url')
}

function csrfOf(secret: string): string {
  return createHash('sha256').update(`csrf ${secret}`).digest('base64url')
}
