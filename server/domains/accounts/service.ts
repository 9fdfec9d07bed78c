// The rules of accounts: who exists, who is who they say, and what the tokens and sessions they are given may do.

import { randomUUID } from 'node:crypto'
import type { Role, Session, SignIn, TokenAnswer, TokenRequest } from '../../../contract/accounts.ts'
import type { Clock } from '../../clock.ts'
import { timeText } from '../../engine/control/time.ts'
import type { Control, Db } from '../../engine/db.ts'
import { AppError } from '../../errors.ts'
import { createPasswords } from './password.ts'
import { createSessions, type Known, LIFETIMES, SCOPES } from './sessions.ts'
import type { AccountRow } from './store.ts'
import * as store from './store.ts'

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
const PASSWORD_LENGTH = { min: 8, max: 1000 }

export type AccountService = ReturnType<typeof createAccountService>

export function createAccountService({ control, clock }: { control: Control; clock: Clock }) {
  const passwords = createPasswords()
  const sessions = createSessions({ control, clock })

  async function insert({ name, role, password }: NewAccount): Promise<boolean> {
    const account = { id: randomUUID(), name, role, password_hash: await passwords.hash(password) }
    return store.insertAccount(control, account, timeText(clock.now()))
  }

  /** Takes as long and answers the same whether the name, the password or both are wrong. */
  async function verify(name: string, password: string): Promise<AccountRow> {
    // No name has such a character, and PostgreSQL takes no text with it.
    const account = name.includes('\0') ? undefined : await store.findAccount(control, name)
    const right = await passwords.verify(account?.password_hash, password)
    if (account === undefined || !right || account.disabled_at !== null) {
      throw new AppError('wrong_credentials', 'the name or the password is wrong')
    }
    return account
  }

  async function tokenByPassword({ username, password, scope }: TokenRequest): Promise<TokenAnswer> {
    if (username === undefined || password === undefined) {
      throw oauthError('invalid_request', 'grant_type=password needs username and password')
    }
    const account = await verify(username, password)
    const scopes = chooseScopes(scope, SCOPES[account.role])
    return control.write(async (tx) => {
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

  async function findAny(secret: string): Promise<Known | undefined> {
    return (await sessions.find(secret, 'browser')) ?? (await sessions.find(secret, 'access'))
  }

  return {
    /** Adds an account. Throws `invalid` for a name or password that will not do, `conflict` for a name in use. */
    async create(account: NewAccount): Promise<void> {
      refuseName(account.name)
      refusePassword(account)
      if (!(await insert(account))) {
        throw new AppError('conflict', `there is an account ${account.name} already; choose another name`)
      }
    },

    /** Whether there is an account that could sign in. */
    hasAny: (): Promise<boolean> => store.hasAccounts(control),

    /** Gives another password, and ends every session and token of the account. Throws `not_found`. */
    async setPassword({ name, password }: Omit<NewAccount, 'role'>): Promise<void> {
      refusePassword({ name, password })
      const account = await store.findAccount(control, name)
      if (account === undefined) throw new AppError('not_found', `there is no account ${name}`)
      const hash = await passwords.hash(password)
      await sessions.revokeAccount(account.id, (tx) =>
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
          if (account === undefined) await insert(known)
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
      const { id, name, role } = await verify(username, password)
      const { secret, csrf_token, expires_at } = await control.write((tx) =>
        sessions.issue(tx, { kind: 'browser', account_id: id, scopes: SCOPES[role] }),
      )
      const old = replaced === undefined ? undefined : await sessions.find(replaced, 'browser')
      if (old !== undefined) await sessions.revokeFamily(old.family_id)
      return { secret, session: { account: { id, name, role }, csrf_token, expires_at } }
    },

    /** Who holds the secret of a session or token. Throws `not_signed_in`. */
    async getSession(secret: string): Promise<Session> {
      const known = await findAny(secret)
      if (known === undefined) throw new AppError('not_signed_in', 'the session has ended; sign in again')
      return { account: known.account, csrf_token: known.csrf_token, expires_at: known.expires_at }
    },

    /** Ends a session, or a token with all that came from the same sign-in. One that has ended stays ended. */
    async signOut(secret: string): Promise<void> {
      const known = await findAny(secret)
      if (known !== undefined) await sessions.revokeFamily(known.family_id)
    },

    /** The grants of RFC 6749. Errors carry `extra.oauth_error`, one of its section 5.2. */
    async token(request: TokenRequest): Promise<TokenAnswer> {
      if (request.grant_type === 'password') return tokenByPassword(request)
      if (request.grant_type === 'refresh_token') return tokenByRefresh(request)
      throw oauthError('unsupported_grant_type', 'grant_type must be password or refresh_token')
    },

    /** Who holds an access token; undefined when it is not in force. */
    findByToken: (secret: string): Promise<Known | undefined> => sessions.find(secret, 'access'),

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

function oauthError(oauth_error: string, message: string): AppError {
  return new AppError('malformed', message, { extra: { oauth_error } })
}

function refuseName(name: string): void {
  if (/^[\p{L}\p{N}][\p{L}\p{N}._@ -]{0,99}$/u.test(name) && name === name.trim()) return
  const message = 'must begin with a letter or digit and have at most 100 letters, digits, spaces and . _ @ -'
  throw new AppError('invalid', `the name ${message}`, { faults: [{ path: '/name', message }] })
}

function refusePassword({ name, password }: Omit<NewAccount, 'role'>): void {
  const { min, max } = PASSWORD_LENGTH
  if (password.length >= min && password.length <= max && password !== name) return
  const message = `must have ${min} to ${max} characters and differ from the name`
  throw new AppError('invalid', `the password ${message}`, { faults: [{ path: '/password', message }] })
}
