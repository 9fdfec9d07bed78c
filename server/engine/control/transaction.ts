// What holds for a transaction on every engine of control: it is not nested, ends with its work, and fails as a whole.

import { AsyncLocalStorage } from 'node:async_hooks'
import type { Db } from '../db.ts'

export interface Transactions {
  /** Refuses work that is started inside other work: on SQLite it would wait for itself for ever. */
  notNested<T>(work: () => Promise<T>): Promise<T>
}

export function createTransactions(): Transactions {
  const current = new AsyncLocalStorage<{ running: boolean }>()
  return {
    async notNested(work) {
      if (current.getStore()?.running) throw new Error('a transaction was started inside another')
      const state = { running: true }
      try {
        return await current.run(state, work)
      } finally {
        state.running = false
      }
    },
  }
}

export interface GuardedDb {
  tx: Db
  /** Throws when a statement failed, even if the work went on as if it had not: PostgreSQL would keep nothing. */
  end(): void
}

/** The transaction's statements; refuses any after the end, and after one that failed. */
export function guard(db: Db): GuardedDb {
  const state: { over: boolean; failure: unknown } = { over: false, failure: undefined }
  const attempt = async <T>(ask: () => Promise<T>): Promise<T> => {
    if (state.over) throw new Error('the transaction is over')
    if (state.failure !== undefined) {
      throw new Error('an earlier statement of this transaction failed', { cause: state.failure })
    }
    try {
      return await ask()
    } catch (error) {
      state.failure = error
      throw error
    }
  }
  return {
    tx: {
      dialect: db.dialect,
      query: (statement) => attempt(() => db.query(statement)),
      run: (statement) => attempt(() => db.run(statement)),
    },
    end() {
      state.over = true
      if (state.failure !== undefined) {
        throw new Error('a statement of this transaction failed', { cause: state.failure })
      }
    },
  }
}
