// What is kept of a user's answer while it is read: so many rows and bytes, and no more. The same for both engines.

import { AppError } from '../../errors.ts'
import type { TypedColumns, ValueType } from '../db.ts'

const MOST_BYTES = 64 * 1024 * 1024

type Piece = ArrayLike<number | string | boolean | null>

/** Takes pieces of equal columns until there are more than `rows` or 64 MB of them: AppError `range_too_large`. */
export function createUserResult(names: string[], types: ValueType[], rows: number) {
  const columns: (number | string | boolean | null)[][] = names.map(() => [])
  const state = { rows: 0, bytes: 0 }
  return {
    add(pieces: readonly Piece[]): void {
      const count = pieces[0]?.length ?? 0
      state.rows += count
      if (state.rows > rows) throw new AppError('range_too_large', `more than ${rows} rows`)
      for (const [index, piece] of pieces.entries()) {
        for (let row = 0; row < count; row++) {
          const value = piece[row] ?? null
          state.bytes += typeof value === 'string' ? value.length * 2 + 8 : 8
          columns[index]?.push(value)
        }
        if (state.bytes > MOST_BYTES) throw new AppError('range_too_large', 'more than 64 MB')
      }
    },
    columns: (): TypedColumns => ({ names, types, columns, rows: state.rows }),
  }
}
