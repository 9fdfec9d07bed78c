// Writes of requests that may be sent again: each commits by itself under its key, with its whole answer, so that the
// same request sent after a crash between commit and answer is answered as the first time.

import type { AppendResult } from '../../../contract/measurements.ts'
import type { Clock } from '../../clock.ts'
import { recordChange } from '../../engine/changes.ts'
import type { Warehouse } from '../../engine/db.ts'
import { AppError } from '../../errors.ts'
import type { Prepared } from './append.ts'
import { mergeLayers } from './merge.ts'

/** Readings that may wait for their turn. */
const ROWS_WAITING = 1_000_000

export function createKeyedAppend(warehouse: Warehouse, clock: Clock) {
  const state = { rows: 0 }

  /** Stores the readings durably; a key of the last 15 minutes stores nothing and gives the answer that it had. */
  return async (prepared: Prepared, key: string): Promise<AppendResult> => {
    const { portion } = prepared
    const rows = portion.value.length
    if (state.rows > 0 && state.rows + rows > ROWS_WAITING) {
      throw new AppError(
        'busy',
        'more readings are waiting to be stored than can be soon; send them again later',
      )
    }
    state.rows += rows
    try {
      return await warehouse.write(
        `append:${key}`,
        async (tx) => {
          await recordChange(tx, null, clock.now())
          const [counts] = await mergeLayers(tx, { first: 0, last: 0, samples: [rows] })
          const { inserted = 0, updated = 0, unchanged = 0 } = counts ?? {}
          const { repeated, rejected } = prepared
          return { accepted: inserted, updated, unchanged: unchanged + repeated, rejected }
        },
        {
          keep: 'brief',
          stage: (staging) => staging.stageReadings({ ...portion, layer: new Int32Array(rows) }),
        },
      )
    } finally {
      state.rows -= rows
    }
  }
}
