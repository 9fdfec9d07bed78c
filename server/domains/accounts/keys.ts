// Keys of programs: issued once, known afterwards only by their SHA-256, good until they expire or are revoked. What
// is in force is kept in memory, so that most requests ask no database.

import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type {
  ApiKey,
  ApiKeyQuery,
  KeyScope,
  MadeApiKey,
  NewApiKey,
  Role,
} from '../../../contract/accounts.ts'
import type { PageOf } from '../../../contract/basics.ts'
import { parseWhen } from '../../calendar.ts'
import type { Clock } from '../../clock.ts'
import { currentContext } from '../../context.ts'
import { isText, pageOf, readCursor } from '../../cursor.ts'
import { instantOf, timeText } from '../../engine/control/time.ts'
import type { Control } from '../../engine/db.ts'
import type { Instant } from '../../engine/sql.ts'
import { AppError } from '../../errors.ts'
import * as store from './key-store.ts'

/** Tells a key from a token, and finds one that was left in a file or a log. */
const MARK = 'tmk_'
const KEY = /^tmk_[\w-]{43}$/
const PREFIX_LENGTH = MARK.length + 8

/** What the keys of a role may do at most. */
const KEY_SCOPES: Record<Role, readonly KeyScope[]> = {
  user: ['user'],
  manager: ['user', 'manager', 'ingest'],
}

/** For so long a key revoked by another process may still be taken; in microseconds. */
const KNOWN_FOR = 5_000_000
/** How exact `last_used_at` is: a key that is used writes once in this time. */
const USED_EVERY = 60_000_000
const KEPT_IN_MEMORY = 10_000

export interface KnownKey {
  account: { id: string; name: string; role: Role }
  scopes: KeyScope[]
  api_key_id: string
}

/** Who asks for keys: their own, or as a manager all of them. */
interface Asker {
  id: string
  name: string
  scopes: string[]
}

export function isKey(text: string): boolean {
  return KEY.test(text)
}

export function createKeys({ control, clock }: { control: Control; clock: Clock }) {
  const kept = new LRUCache<string, { known: KnownKey; until: Instant }>({ max: KEPT_IN_MEMORY })
  // Grows with every revocation, so that a row read before it is not kept after it.
  let revocations = 0

  function forget(): void {
    revocations++
    kept.clear()
  }

  async function getOwn(id: string): Promise<ApiKey> {
    const row = await store.findKey(control, id, ownerSeen(asker()))
    if (row === undefined) throw new AppError('not_found', `there is no key ${JSON.stringify(id)}`)
    return shown(row)
  }

  return {
    /** Keys of whoever asks, or all of them for a manager; the newest first. */
    async list({ limit, cursor }: ApiKeyQuery): Promise<PageOf<ApiKey>> {
      const before = readCursor(cursor, isPosition)
      const rows = await store.listKeys(control, { owner: ownerSeen(asker()), before, limit: limit + 1 })
      const page = pageOf(rows, limit, ({ created_at, id }) => [created_at, id])
      return { ...page, items: page.items.map(shown) }
    },

    /** Throws `not_found`, also for a key of somebody else. */
    get: getOwn,

    /** A key for whoever asks, told this once. Throws `not_allowed` for more than they may themselves. */
    async issue({ name, scopes, expires_at }: NewApiKey): Promise<MadeApiKey> {
      const by = asker()
      const allowed = KEY_SCOPES[isManager(by) ? 'manager' : 'user']
      const missing = scopes.find((scope) => !allowed.includes(scope))
      if (missing !== undefined) {
        throw new AppError(
          'not_allowed',
          `you cannot give a key the scope ${missing}; you may give ${allowed.join(', ')}`,
        )
      }
      const key = MARK + randomBytes(32).toString('base64url')
      const row = {
        id: randomUUID(),
        name,
        prefix: key.slice(0, PREFIX_LENGTH),
        scopes: scopes.join(' '),
        account_id: by.id,
        created_at: timeText(clock.now()),
        expires_at: readEnd(expires_at ?? null, clock.now()),
      }
      await store.insertKey(control, { ...row, secret_hash: hashOf(key) })
      return { ...shown({ ...row, account_name: by.name, last_used_at: null }), key }
    },

    /** Ends a key at once. Throws `not_found`, also for a key of somebody else. */
    async revoke(id: string): Promise<void> {
      await getOwn(id)
      await store.removeKey(control, id)
      forget()
    },

    /** Whose key it is, and what it may do; undefined when it is unknown, at its end or revoked, or its account disabled. */
    async find(key: string): Promise<KnownKey | undefined> {
      if (!isKey(key)) return undefined
      const now = clock.now()
      const hash = hashOf(key)
      const held = kept.get(hash)
      if (held !== undefined && now < held.until) return held.known
      kept.delete(hash)
      const before = revocations
      const row = await store.findByHash(control, hash)
      const end = typeof row?.expires_at === 'string' ? instantOf(row.expires_at) : Number.POSITIVE_INFINITY
      if (row === undefined || row.disabled_at !== null || now >= end) return undefined
      if (row.last_used_at === null || now - instantOf(row.last_used_at) >= USED_EVERY)
        await store.touchKey(control, row.id, timeText(now))
      const known = knownFrom(row)
      if (before === revocations) kept.set(hash, { known, until: Math.min(now + KNOWN_FOR, end) })
      return known
    },

    /** To be called after what an account may do has changed. */
    forget,
  }
}

function asker(): Asker {
  const context = currentContext()
  if (!context?.account) throw new Error('keys are asked for by someone who is signed in')
  return { id: context.account.id, name: context.account.name, scopes: context.scopes }
}

const isManager = ({ scopes }: Asker): boolean => scopes.includes('manager')

/** Whose keys are seen; null is everybody's. */
const ownerSeen = (by: Asker): string | null => (isManager(by) ? null : by.id)

function readEnd(text: string | null, now: Instant): string | null {
  if (text === null) return null
  const end = parseWhen(text, { tz: 'UTC', now })
  if (end > now) return timeText(end)
  const message = 'must be in the future'
  throw new AppError('invalid', `expires_at ${message}`, { faults: [{ path: '/expires_at', message }] })
}

function knownFrom({ id, account_id, account_name, role, scopes }: store.HeldKey): KnownKey {
  return {
    account: { id: account_id, name: account_name, role },
    scopes: scopesOf(scopes).filter((scope) => KEY_SCOPES[role].includes(scope)),
    api_key_id: id,
  }
}

function shown({ scopes, ...row }: store.KeyRow): ApiKey {
  return { ...row, scopes: scopesOf(scopes) }
}

/** As they were written by `issue`. */
const scopesOf = (text: string): KeyScope[] => text.split(' ') as KeyScope[]

function hashOf(key: string): string {
  return createHash('sha256').update(key).digest('base64url')
}

function isPosition(value: unknown): value is store.Position {
  return Array.isArray(value) && value.length === 2 && value.every(isText)
}
