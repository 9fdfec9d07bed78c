// From rows as they were sent to columns that can be stored: which signal each means, which are refused, and which
// of several for one instant counts. Pure but for the look-up of signals, which is an argument.

import type { NewMeasurement } from '../../../contract/measurements.ts'
import { parseWhen } from '../../calendar.ts'
import type { Instant } from '../../engine/sql.ts'
import { AppError } from '../../errors.ts'
import type { Portion } from './group-commit.ts'

export interface Rejection {
  index: number
  reason: string
}

/** The integer key of the signal that a row means, or why there is none. */
export type KeyOf = (row: NewMeasurement) => number | string

export interface Prepared {
  portion: Portion
  /** By index. */
  rejected: Rejection[]
  /** Rows that repeat an earlier one of the same request, value included. */
  repeated: number
}

/**
 * Of several rows for one instant of a signal the last counts: those with its value before it are `repeated`, those
 * with another value are refused as superseded.
 */
export function prepareRows(
  rows: NewMeasurement[],
  keyOf: KeyOf,
  when: { tz: string; now: Instant },
): Prepared {
  const rejected: Rejection[] = []
  const keys = new Int32Array(rows.length)
  const instants = new Float64Array(rows.length)
  const last = new Map<number, Map<number, number>>()
  for (const [index, row] of rows.entries()) {
    const key = keyOf(row)
    const instant = typeof key === 'string' ? key : readInstant(row.measured_at, when)
    if (typeof key === 'string' || typeof instant === 'string') {
      rejected.push({ index, reason: String(instant) })
      continue
    }
    keys[index] = key
    instants[index] = instant
    const ofSignal = last.get(key) ?? new Map<number, number>()
    last.set(key, ofSignal.set(instant, index))
  }
  return settleRepeats({ rows, rejected, keys, instants, last })
}

function readInstant(text: string, when: { tz: string; now: Instant }): Instant | string {
  try {
    return parseWhen(text, when)
  } catch (error) {
    if (error instanceof AppError) return `measured_at: ${error.message}`
    throw error
  }
}

interface Sorted {
  rows: NewMeasurement[]
  rejected: Rejection[]
  keys: Int32Array
  instants: Float64Array
  last: Map<number, Map<number, number>>
}

function settleRepeats({ rows, rejected, keys, instants, last }: Sorted): Prepared {
  const refused = new Set(rejected.map(({ index }) => index))
  const kept: number[] = []
  let repeated = 0
  for (const [index, row] of rows.entries()) {
    if (refused.has(index)) continue
    const final = last.get(keys[index] as number)?.get(instants[index] as number) // as set for this row
    if (final === undefined || final === index) kept.push(index)
    else if (rows[final]?.value === row.value) repeated++
    else rejected.push({ index, reason: `superseded by index ${final}` })
  }
  rejected.sort((a, b) => a.index - b.index)
  const portion = {
    signal_key: Int32Array.from(kept, (index) => keys[index] as number), // indexes of rows, here and below
    measured_at: Float64Array.from(kept, (index) => instants[index] as number),
    value: Float64Array.from(kept, (index) => (rows[index] as NewMeasurement).value),
  }
  return { portion, rejected, repeated }
}
