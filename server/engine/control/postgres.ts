// Control in the schema `control` of a PostgreSQL database: one pool that may only read, and one that writes.

import type pg from 'pg'
import type { Control, Db } from '../db.ts'
import {
  ensureSchema,
  isLost,
  openPool,
  postgresFailure,
  postgresQuery,
  whileLost,
} from '../postgres-connection.ts'
import { postgresDialect } from '../postgres-dialect.ts'
import type { Sql } from '../sql.ts'
import { createTransactions, guard } from './transaction.ts'

const SCHEMA = 'control'
const READERS = 6
const WRITERS = 4

/** Opens the database at `url`, making the schema when it is missing. */
export async function openPostgresControl(url: string): Promise<Control> {
  const readers = openPool({ url, schema: SCHEMA, max: READERS, readOnly: true, purpose: 'control-read' })
  const writers = openPool({ url, schema: SCHEMA, max: WRITERS, readOnly: false, purpose: 'control-write' })
  const close = async (): Promise<void> => {
    await Promise.all([readers.end(), writers.end()])
  }
  try {
    await ensureSchema(writers, SCHEMA)
  } catch (error) {
    await close()
    throw postgresFailure(error)
  }
  const transactions = createTransactions()

  return {
    dialect: postgresDialect,
    async query<R extends object>(statement: Sql): Promise<R[]> {
      try {
        // Nothing can be written here, so asking twice does no harm.
        const result = await whileLost(() => readers.query(postgresQuery(statement)))
        return result.rows as R[] // the caller knows the shape of its own statement
      } catch (error) {
        throw postgresFailure(error)
      }
    },
    run: (statement) => transactions.notNested(() => inTransaction(writers, (tx) => tx.run(statement))),
    write: (work) => transactions.notNested(() => inTransaction(writers, work)),
    close,
  }
}

/** A connection that is lost before any work is replaced; one lost later fails the transaction. */
async function inTransaction<T>(pool: pg.Pool, work: (tx: Db) => Promise<T>): Promise<T> {
  let client: pg.PoolClient | undefined
  try {
    client = await whileLost(() => begin(pool))
    const guarded = guard(createDb(client))
    const result = await work(guarded.tx)
    guarded.end()
    const end = await client.query('commit')
    // PostgreSQL answers a commit after a failed statement with this, and without an error.
    if (end.command !== 'COMMIT') throw new Error('the database rolled the transaction back')
    client.release()
    return result
  } catch (error) {
    if (client !== undefined) await abandon(client, error)
    throw postgresFailure(error)
  }
}

async function begin(pool: pg.Pool): Promise<pg.PoolClient> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    return client
  } catch (error) {
    client.release(true)
    throw error
  }
}

/** Rolls back, and hands the connection back only when it is known to be in order. */
async function abandon(client: pg.PoolClient, error: unknown): Promise<void> {
  try {
    if (!isLost(error)) await client.query('rollback')
    client.release(isLost(error))
  } catch {
    client.release(true)
  }
}

function createDb(client: pg.PoolClient): Db {
  return {
    dialect: postgresDialect,
    query: async <R extends object>(statement: Sql) => {
      const result = await client.query(postgresQuery(statement))
      return result.rows as R[] // the caller knows the shape of its own statement
    },
    run: async (statement) => (await client.query(postgresQuery(statement))).rowCount ?? 0,
  }
}
