// The rules of who has an account: names and passwords that will do, roles, and that a manager is always left. What an
// account loses, its sessions and keys lose at once.

import { randomUUID } from 'node:crypto'
import type { User, UserChange, UserQuery } from '../../../contract/accounts.ts'
import type { PageOf } from '../../../contract/basics.ts'
import type { Clock } from '../../clock.ts'
import { isText, pageOf, readCursor } from '../../cursor.ts'
import { timeText } from '../../engine/control/time.ts'
import type { Control, Db } from '../../engine/db.ts'
import { AppError } from '../../errors.ts'
import { removeKeysOf } from './key-store.ts'
import type { Passwords } from './password.ts'
import type { NewAccount } from './service.ts'
import type { AccountRow } from './store.ts'
import * as store from './store.ts'

export interface UserDeps {
  control: Control
  clock: Clock
  passwords: Passwords
  /** Ends every session and token of an account, together with `work`, and forgets what was known of it. */
  revokeAccount(id: string, work: (tx: Db) => Promise<void>): Promise<void>
}

const PASSWORD_LENGTH = { min: 8, max: 1000 }

export function userRules({ control, clock, passwords, revokeAccount }: UserDeps) {
  const now = () => timeText(clock.now())

  async function getRow(id: string): Promise<AccountRow> {
    const row = await store.findAccountById(control, id)
    if (row === undefined) throw nowhere(id)
    return row
  }

  const get = async (id: string): Promise<User> => shown(await getRow(id))

  return {
    /** By name. */
    async listUsers({ limit, cursor }: UserQuery): Promise<PageOf<User>> {
      const rows = await store.listAccounts(control, readCursor(cursor, isText) ?? '', limit + 1)
      const page = pageOf(rows, limit, ({ name }) => name)
      return { ...page, items: page.items.map(shown) }
    },

    getUser: get,

    /** Adds an account. Throws `invalid` for a name or password that will not do, `conflict` for a name in use. */
    async create({ name, role, password }: NewAccount): Promise<User> {
      refuseName(name)
      refusePassword({ name, password })
      const account = { id: randomUUID(), name, role, password_hash: await passwords.hash(password) }
      if (!(await store.insertAccount(control, account, now()))) {
        throw new AppError('conflict', `there is an account ${name} already; choose another name`)
      }
      return get(account.id)
    },

    /** Changes what is named. Throws `conflict` when no manager would be left who can sign in. */
    async changeUser(id: string, { role, password, disabled }: UserChange): Promise<User> {
      const { name } = await getRow(id)
      if (password !== undefined) refusePassword({ name, password })
      const newHash = password === undefined ? undefined : await passwords.hash(password)
      await revokeAccount(id, async (tx) => {
        const { before, others } = await lock(tx, id)
        const isDisabled = disabled ?? before.disabled_at !== null
        const after = {
          id,
          role: role ?? before.role,
          password_hash: newHash ?? before.password_hash,
          disabled_at: isDisabled ? (before.disabled_at ?? now()) : null,
        }
        if (!canManage(after)) refuseLast(before, others)
        await store.updateAccount(tx, after, now())
      })
      return get(id)
    },

    /** Removes an account with its keys; what it did stays in the audit. Throws `conflict` as above. */
    async removeUser(id: string): Promise<null> {
      await revokeAccount(id, async (tx) => {
        const { before, others } = await lock(tx, id)
        refuseLast(before, others)
        await removeKeysOf(tx, id)
        await store.removeAccount(tx, id)
      })
      return null
    },
  }
}

/** The account, and the managers beside it; both stay as they are until the transaction ends. */
async function lock(tx: Db, id: string): Promise<{ before: AccountRow; others: AccountRow[] }> {
  const locked = await store.lockAccounts(tx, id)
  const before = locked.find((row) => row.id === id)
  if (before === undefined) throw nowhere(id)
  return { before, others: locked.filter((row) => row.id !== id) }
}

function refuseLast(before: AccountRow, otherManagers: AccountRow[]): void {
  if (!canManage(before) || otherManagers.length > 0) return
  throw new AppError('conflict', 'this is the last manager who can sign in; make another one first')
}

const canManage = ({ role, disabled_at }: Pick<AccountRow, 'role' | 'disabled_at'>): boolean =>
  role === 'manager' && disabled_at === null

function nowhere(id: string): AppError {
  return new AppError('not_found', `there is no account ${JSON.stringify(id)}`)
}

export function refusePassword({ name, password }: Omit<NewAccount, 'role'>): void {
  const { min, max } = PASSWORD_LENGTH
  if (password.length >= min && password.length <= max && password !== name) return
  const message = `must have ${min} to ${max} characters and differ from the name`
  throw new AppError('invalid', `the password ${message}`, { faults: [{ path: '/password', message }] })
}

function refuseName(name: string): void {
  if (/^[\p{L}\p{N}][\p{L}\p{N}._@ -]{0,99}$/u.test(name) && name === name.trim()) return
  const message = 'must begin with a letter or digit and have at most 100 letters, digits, spaces and . _ @ -'
  throw new AppError('invalid', `the name ${message}`, { faults: [{ path: '/name', message }] })
}

function shown({ id, name, role, disabled_at, created_at, updated_at }: AccountRow): User {
  return { id, name, role, disabled: disabled_at !== null, created_at, updated_at }
}
