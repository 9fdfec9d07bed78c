// The rules of accounts: who is who they say, and what the tokens and sessions they are given may do.

import { randomUUID } from 'node:crypto'
import type { Role, Session, SignIn, TokenAnswer, TokenRequest } from '../../../contract/accounts.ts'
import type { Clock } from '../../clock.ts'
import { currentContext } from '../../context.ts'
import { timeText } from '../../engine/control/time.ts'
import type { Control, Db } from '../../engine/db.ts'
import { AppError } from '../../errors.ts'
import { createKeys, isKey, type KnownKey } from './keys.ts'
import { createKnownPasswords } from './known-passwords.ts'
import { createPasswords } from './password.ts'
import { createSessions, type Known, LIFETIMES, SCOPES } from './sessions.ts'
import { createSignInDelay } from './sign-in-delay.ts'
import type { AccountRow } from './store.ts'
import * as store from './store.ts'
import { refusePassword, userRules } from './users.ts'

export interface NewAccount {
  name: string
  role: Role
  password: string
}

export type Environment = 'development' | 'test' | 'production'

/** Made at start in development and test, where everyone knows them. */
const DEVELOPMENT_ACCOUNTS: NewAccount[] = [
  { name: 'user', role: 'user', password: 'user' },
  { name: 'manager', role: 'manager', password: 'manager' },
]

export type AccountService = ReturnType<typeof createAccountService>

export function createAccountService({ control, clock }: { control: Control; clock: Clock }) {
  const passwords = createPasswords()
  const sessions = createSessions({ control, clock })
  const keys = createKeys({ control, clock })
  const delay = createSignInDelay(clock)
  const knownPasswords = createKnownPasswords(identify, clock)

  async function revokeAccount(id: string, work: (tx: Db) => Promise<void>): Promise<void> {
    await sessions.revokeAccount(id, work)
    keys.forget()
    knownPasswords.forget()
  }

  const users = userRules({ control, clock, passwords, revokeAccount })

  /** Takes as long and answers the same whether the name, the password or both are wrong. */
  async function findVerified(
    name: string,
    password: string,
    wasRight = false,
  ): Promise<AccountRow | undefined> {
    const network = currentContext()?.network ?? ''
    if (!wasRight) delay.check(name, network)
    // No name has such a character, and PostgreSQL takes no text with it.
    const account = name.includes('\0') ? undefined : await store.findAccount(control, name)
    const right = await passwords.verify(account?.password_hash, password)
    const found = right && account?.disabled_at === null ? account : undefined
    delay.note(name, network, found !== undefined)
    return found !== undefined && passwords.isWeak(found.password_hash) ? strengthen(found, password) : found
  }

  /** An earlier version asked for less work. Only now is the password known, to hash it anew. */
  async function strengthen(account: AccountRow, password: string): Promise<AccountRow> {
    const password_hash = await passwords.hash(password)
    await store.updatePassword(control, account.id, password_hash, timeText(clock.now()))
    return { ...account, password_hash }
  }

  /** A password takes time to check; meanwhile the account may have got another, or have been disabled. */
  async function refuseChanged(tx: Db, { id, password_hash }: AccountRow): Promise<void> {
    const now = await store.lockAccount(tx, id)
    if (now?.password_hash === password_hash && now.disabled_at === null) return
    throw new AppError('wrong_credentials', 'the account was changed meanwhile; sign in again')
  }

  /** Unlike any other, these passwords are short and equal to their names. */
  async function makeKnown({ name, role, password }: NewAccount): Promise<void> {
    const account = { id: randomUUID(), name, role, password_hash: await passwords.hash(password) }
    await store.insertAccount(control, account, timeText(clock.now()))
  }

  async function verify(name: string, password: string): Promise<AccountRow> {
    const account = await findVerified(name, password)
    if (account === undefined) throw new AppError('wrong_credentials', 'the name or the password is wrong')
    return account
  }

  async function identify(name: string, password: string, wasRight: boolean) {
    const account = await findVerified(name, password, wasRight)
    if (account === undefined) return undefined
    const { id, role } = account
    return { account: { id, name, role }, scopes: [...SCOPES[role]] }
  }

  async function tokenByPassword({ username, password, scope }: TokenRequest): Promise<TokenAnswer> {
    if (username === undefined || password === undefined) {
      throw oauthError('invalid_request', 'grant_type=password needs username and password')
    }
    const account = await verify(username, password)
    const scopes = chooseScopes(scope, SCOPES[account.role])
    return control.write(async (tx) => {
      await refuseChanged(tx, account)
      const refresh = await sessions.issue(tx, { kind: 'refresh', account_id: account.id, scopes })
      return issueAccess(tx, { account_id: account.id, scopes, refresh })
    })
  }

  async function tokenByRefresh({ refresh_token, scope }: TokenRequest): Promise<TokenAnswer> {
    if (refresh_token === undefined) {
      throw oauthError('invalid_request', 'grant_type=refresh_token needs refresh_token')
    }
    const answer = await sessions.spend(refresh_token, async (tx, row) => {
      const allowed = row.scopes.split(' ').filter((item) => SCOPES[row.role].includes(item))
      // The new refresh token keeps what the old one may; `scope` narrows only the access token (RFC 6749, section 6).
      const scopes = chooseScopes(scope, allowed)
      const family = { family_id: row.family_id, expires_at: row.expires_at }
      const refresh = await sessions.issue(tx, {
        kind: 'refresh',
        account_id: row.account_id,
        scopes: allowed,
        family,
      })
      return issueAccess(tx, { account_id: row.account_id, scopes, refresh })
    })
    if (answer === undefined) {
      throw oauthError(
        'invalid_grant',
        'the refresh token is unknown, expired, revoked or was used before; sign in again',
      )
    }
    return answer
  }

  async function issueAccess(tx: Db, { account_id, scopes, refresh }: AccessGrant): Promise<TokenAnswer> {
    const family = { family_id: refresh.family_id, expires_at: refresh.expires_at }
    const access = await sessions.issue(tx, { kind: 'access', account_id, scopes, family })
    return {
      access_token: access.secret,
      token_type: 'Bearer',
      expires_in: LIFETIMES.access.most / 1_000_000,
      refresh_token: refresh.secret,
      scope: scopes.join(' '),
    }
  }

  async function findByToken(secret: string): Promise<Known | KnownKey | undefined> {
    return isKey(secret) ? keys.find(secret) : sessions.find(secret, 'access')
  }

  async function findAny(secret: string): Promise<Known | undefined> {
    return (await sessions.find(secret, 'browser')) ?? (await sessions.find(secret, 'access'))
  }

  return {
    ...users,
    keys,

    /** Whether there is an account that could sign in. */
    hasAny: (): Promise<boolean> => store.hasAccounts(control),

    /** Gives another password, and ends every session and token of the account. Throws `not_found`. */
    async setPassword({ name, password }: Omit<NewAccount, 'role'>): Promise<void> {
      refusePassword({ name, password })
      const account = await store.findAccount(control, name)
      if (account === undefined) throw new AppError('not_found', `there is no account ${name}`)
      const hash = await passwords.hash(password)
      await revokeAccount(account.id, (tx) =>
        store.updatePassword(tx, account.id, hash, timeText(clock.now())),
      )
    },

    /**
     * To be called at start. Development and test: makes the accounts that everyone knows. Production: throws a plain
     * Error while one of them still has its password.
     */
    async prepare(environment: Environment): Promise<void> {
      for (const known of DEVELOPMENT_ACCOUNTS) {
        const account = await store.findAccount(control, known.name)
        if (environment !== 'production') {
          if (account === undefined) await makeKnown(known)
        } else if (
          account?.disabled_at === null &&
          (await passwords.verify(account.password_hash, known.password))
        ) {
          throw new Error(
            `the account "${known.name}" still has its development password, which everyone knows; give it another one before starting in production`,
          )
        }
      }
    },

    /**
     * Starts a browser's session, always with a new secret; the one that the browser had before (`replaced`) ends.
     * Throws `wrong_credentials`, and `busy` when too many sign in at once.
     */
    async signIn(
      { username, password }: SignIn,
      replaced: string | undefined,
    ): Promise<{ secret: string; session: Session }> {
      const account = await verify(username, password)
      const { id, name, role } = account
      const { secret, csrf_token, expires_at } = await control.write(async (tx) => {
        await refuseChanged(tx, account)
        return sessions.issue(tx, { kind: 'browser', account_id: id, scopes: SCOPES[role] })
      })
      const old = replaced === undefined ? undefined : await sessions.find(replaced, 'browser')
      if (old !== undefined) await sessions.revokeFamily(old.family_id)
      return { secret, session: { account: { id, name, role }, csrf_token, expires_at } }
    },

    /** Who holds the secret of a session or token. Throws `not_signed_in`, and `invalid` for a key. */
    async getSession(secret: string): Promise<Session> {
      refuseKey(secret)
      const known = await findAny(secret)
      if (known === undefined) throw new AppError('not_signed_in', 'the session has ended; sign in again')
      return { account: known.account, csrf_token: known.csrf_token, expires_at: known.expires_at }
    },

    /** Ends a session, or a token with all that came from the same sign-in. One that has ended stays ended. */
    async signOut(secret: string): Promise<void> {
      refuseKey(secret)
      const known = await findAny(secret)
      if (known !== undefined) await sessions.revokeFamily(known.family_id)
    },

    /** The grants of RFC 6749. Errors carry `extra.oauth_error`, one of its section 5.2. */
    async token(request: TokenRequest): Promise<TokenAnswer> {
      if (request.grant_type === 'password') return tokenByPassword(request)
      if (request.grant_type === 'refresh_token') return tokenByRefresh(request)
      throw oauthError('unsupported_grant_type', 'grant_type must be password or refresh_token')
    },

    /** Who holds an access token or a key; undefined when it is not in force. */
    findByToken,

    /**
     * Who has this name and password; a key may stand for the password, whatever the name. Undefined when they are
     * wrong. Throws `busy` when too many sign in at once, and `rate_limited` after too many wrong ones.
     */
    findByPassword: (name: string, password: string) =>
      isKey(password) ? keys.find(password) : knownPasswords.find(name, password),

    /** Whose browser session it is; undefined when it is not in force. */
    findBySession: (secret: string): Promise<Known | undefined> => sessions.find(secret, 'browser'),
  }
}

interface AccessGrant {
  account_id: string
  scopes: readonly string[]
  refresh: { secret: string; family_id: string; expires_at: string }
}

/** The scopes asked for, in our order; all that are allowed when none is named. */
function chooseScopes(asked: string | undefined, allowed: readonly string[]): readonly string[] {
  const named = (asked ?? '').split(' ').filter((scope) => scope !== '')
  const missing = named.find((scope) => !allowed.includes(scope))
  if (missing !== undefined) {
    throw oauthError(
      'invalid_scope',
      `the scope ${JSON.stringify(missing)} cannot be had; ask for ${allowed.join(' or ')}`,
    )
  }
  return named.length === 0 ? allowed : allowed.filter((scope) => named.includes(scope))
}

function refuseKey(secret: string): void {
  if (!isKey(secret)) return
  throw new AppError('invalid', 'a key is no session; it is listed and revoked at /api/v1/api-keys')
}

function oauthError(oauth_error: string, message: string): AppError {
  return new AppError('malformed', message, { extra: { oauth_error } })
}
