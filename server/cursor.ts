// Cursors of lists: the last sort key of a page, as text that a client passes back and need not understand.

import type { PageOf } from '../contract/basics.ts'
import { AppError } from './errors.ts'

export const isText = (value: unknown): value is string => typeof value === 'string'
export const isWhole = (value: unknown): value is number => Number.isSafeInteger(value)

/** The sort key of a cursor, null for none. A cursor that was not made for this list is `invalid`. */
export function readCursor<T>(cursor: string | undefined, isKey: (value: unknown) => value is T): T | null {
  if (cursor === undefined) return null
  const key = parse(Buffer.from(cursor, 'base64url').toString())
  if (!isKey(key)) {
    throw new AppError('invalid', 'the cursor is not one that this list gave', {
      faults: [{ path: '/cursor', message: 'must be the `next` of an earlier page of the same list' }],
    })
  }
  return key
}

/** A page of `rows`, of which one more than `limit` was asked for; `next` leads on from the last item shown. */
export function pageOf<T>(rows: T[], limit: number, keyOf: (row: T) => unknown): PageOf<T> {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  const more = rows.length > limit && last !== undefined
  return { items, next: more ? Buffer.from(JSON.stringify(keyOf(last))).toString('base64url') : null }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // no key is undefined, so that it is refused
  }
}
