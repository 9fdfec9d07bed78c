// SQL of users on PostgreSQL: as a role that may read the public views and the datasets and nothing else, in a
// transaction that cannot write and is always rolled back, with limits on time, rows and bytes.

import type pg from 'pg'
import Cursor from 'pg-cursor'
import { AppError } from '../../errors.ts'
import type { TypedColumns, ValueType } from '../db.ts'
import { openPool, postgresFailure, postgresQuery, whileLost } from '../postgres-connection.ts'
import type { Sql } from '../sql.ts'
import { columnTypes } from './postgres-columns.ts'
import { createUserResult } from './user-result.ts'

const AT_ONCE = 4
const PIECE_ROWS = 1000
/** Made by the migration 0002_public_data. */
const READER = 'tidemark_reader'

const TYPES = new Map<number, ValueType>([
  [20, 'integer'],
  [21, 'integer'],
  [23, 'integer'],
  [700, 'number'],
  [701, 'number'],
  [1700, 'number'],
  [16, 'boolean'],
  [19, 'text'],
  [25, 'text'],
  [1042, 'text'],
  [1043, 'text'],
  [1082, 'date'],
  [1114, 'local'],
  [1184, 'timestamp'],
])

export interface UntrustedStatement {
  statement: Sql
  rows: number
  timeoutMs: number
}

export function openUserReads(url: string) {
  const pool = openPool({
    url,
    schema: 'pg_catalog',
    max: AT_ONCE,
    readOnly: true,
    purpose: 'warehouse-user',
  })

  /** The rows of a statement; AppError `sql_invalid` with the engine's words and the line, `range_too_large`, `query_timeout`. */
  async function untrusted(asked: UntrustedStatement): Promise<TypedColumns> {
    const client = await whileLost(() => pool.connect()).catch((error: unknown) => {
      throw postgresFailure(error)
    })
    const { text, values } = postgresQuery(asked.statement)
    try {
      const found = await read(client, { ...asked, text, values })
      await client.query('rollback')
      client.release()
      return found
    } catch (error) {
      client.release(true)
      throw faultOfUser(error, text)
    }
  }

  return { untrusted, pool }
}

async function read(
  client: pg.PoolClient,
  { text, values, rows, timeoutMs }: UntrustedStatement & { text: string; values: unknown[] },
): Promise<TypedColumns> {
  const deadline = performance.now() + timeoutMs
  await client.query(`
    begin transaction read only;
    set local statement_timeout = ${Math.floor(timeoutMs)};
    set local standard_conforming_strings = on;
    set local role ${READER}`)
  const cursor: Cursor & { callback?: () => void } = new Cursor(text, values, {
    rowMode: 'array',
    types: columnTypes,
  })
  client.query(cursor)
  // `pg` sets a time limit for one answer on the cursor's whole life; this takes it off.
  cursor.callback?.()
  let kept: ReturnType<typeof createUserResult> | undefined
  for (;;) {
    const { fields, found } = await readPiece(cursor)
    kept ??= createUserResult(
      fields.map(({ name }) => name),
      fields.map(typeOf),
      rows,
    )
    kept.add(fields.map((_, column) => found.map((row) => row[column] ?? null)))
    if (found.length < PIECE_ROWS) break
    if (performance.now() > deadline)
      throw new AppError('query_timeout', 'the question took too long; ask for less')
  }
  await cursor.close()
  return kept.columns()
}

const typeOf = ({ dataTypeID }: pg.FieldDef): ValueType => TYPES.get(dataTypeID) ?? 'other'

function readPiece(
  cursor: Cursor,
): Promise<{ fields: pg.FieldDef[]; found: (number | string | boolean | null)[][] }> {
  return new Promise((resolve, reject) => {
    cursor.read(PIECE_ROWS, (error, found, result) => {
      if (error) reject(error)
      else resolve({ fields: result.fields, found })
    })
  })
}

/** Syntax, names and types; data that cannot be converted; limits of the program; what is not there. */
const OF_USER = /^(?:42|22|21|0A|54)/

function faultOfUser(error: unknown, text: string): unknown {
  if (error instanceof AppError || !(error instanceof Error)) return error
  const { code, position } = error as Error & { code?: unknown; position?: unknown } // as `pg` has it
  // 42501: what the role may not read, which the gate should have kept out.
  if (typeof code === 'string' && OF_USER.test(code) && code !== '42501') {
    const before = Array.from(text)
      .slice(0, Number(position ?? 0))
      .join('')
    const line = position === undefined ? 0 : before.split('\n').length
    return new AppError('sql_invalid', sentence(error.message), { cause: error, extra: { line } })
  }
  if (code === '53200' || code === '53400') {
    return new AppError('range_too_large', 'the question needs more memory than there is; ask for less', {
      cause: error,
    })
  }
  return postgresFailure(error)
}

function sentence(message: string): string {
  return message.charAt(0).toUpperCase() + message.slice(1)
}
