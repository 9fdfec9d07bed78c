// Long results of PostgreSQL as text, read through a cursor as the reader takes them.

import type pg from 'pg'
import Cursor from 'pg-cursor'
import { AppError } from '../../errors.ts'
import type { TextFormat } from '../db.ts'
import { limitTime, postgresFailure, postgresQuery, whileLost } from '../postgres-connection.ts'
import type { Sql } from '../sql.ts'
import { columnTypes, resultSet } from './postgres-columns.ts'
import { textHeader, toText } from './result-rows.ts'

/** Each holds a connection as long as its reader likes, so they have a pool of their own. */
export const STREAMS_AT_ONCE = 16
const CURSOR_ROWS = 1000

export interface TextQuestion {
  statement: Sql
  format: TextFormat
  /** For each piece: how slowly they are taken is the reader's business. */
  timeoutMs: number
}

export function createTextStreams(pool: pg.Pool) {
  const state = { open: 0 }

  /** The rows as text, in pieces of a cursor. AppError `busy`, `query_timeout`, `engine_lost`. */
  return async function* text(question: TextQuestion): AsyncGenerator<Uint8Array> {
    if (state.open >= STREAMS_AT_ONCE) {
      throw new AppError(
        'busy',
        `more than ${STREAMS_AT_ONCE} long answers are under way; try again in a moment`,
      )
    }
    state.open++
    try {
      yield* streamText(pool, question)
    } finally {
      state.open--
    }
  }
}

async function* streamText(pool: pg.Pool, question: TextQuestion): AsyncGenerator<Uint8Array> {
  const { format } = question
  const { client, cursor, head } = await begin(pool, question)
  let broken = true
  try {
    for (let piece = head, first = true; ; first = false) {
      const set = resultSet(piece.fields, piece.rows, 0)
      const header = first ? textHeader(set.names, format) : ''
      const text = header + toText(set, format, first)
      broken = false
      if (text.length > 0) yield Buffer.from(text)
      if (piece.rows.length < CURSOR_ROWS) return
      broken = true
      piece = await readSome(cursor)
    }
  } catch (error) {
    throw postgresFailure(error)
  } finally {
    if (!broken) await cursor.close().catch(() => undefined)
    client.release(broken)
  }
}

/** Opens a cursor and reads its first rows; until then a lost connection may be tried again. */
async function begin(pool: pg.Pool, { statement, timeoutMs }: TextQuestion) {
  const { text, values } = postgresQuery(statement)
  const attempt = async () => {
    const client = await pool.connect()
    try {
      await limitTime(client, timeoutMs)
      const cursor: LimitedCursor = new Cursor(text, values, { rowMode: 'array', types: columnTypes })
      client.query(cursor)
      cursor.callback?.()
      return { client, cursor, head: await readSome(cursor) }
    } catch (error) {
      client.release(true)
      throw error
    }
  }
  return await whileLost(attempt).catch((error: unknown) => {
    throw postgresFailure(error)
  })
}

/** `pg` sets a time limit for one answer on the cursor's whole life, and takes it off when `callback` is called. */
type LimitedCursor = Cursor & { callback?: () => void }

interface CursorPiece {
  rows: (number | string | boolean | null)[][]
  fields: pg.FieldDef[]
}

function readSome(cursor: Cursor): Promise<CursorPiece> {
  return new Promise((resolve, reject) => {
    cursor.read(CURSOR_ROWS, (error, rows, result) => {
      if (error) reject(error)
      else resolve({ rows, fields: result.fields })
    })
  })
}
