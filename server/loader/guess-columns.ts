// What stands in the columns of a file: types, times, units, and how much of it is known in the workspace. Pure.

import type { ColumnType } from '../../contract/datasets.ts'
import type { NumberMarks } from '../number-text.ts'
import { type Guess, shareOf } from './guess.ts'
import { createNumberTest, hasLeadingZero, isInteger } from './guess-numbers.ts'
import { guessTimes, type TimeGuess } from './guess-times.ts'
import { guessUnit } from './guess-units.ts'
import type { Known, KnownSignal } from './job.ts'

/** The first rows of a file, as texts. */
export interface Table {
  names: string[]
  /** Cells in the order of the names; null where there is none. */
  rows: (string | null)[][]
}

export interface ColumnProfile {
  name: string
  type: ColumnType | 'empty'
  time: Guess<TimeGuess> | undefined
  unit: string | undefined
  /** The share of rows with a value. */
  filled: number
  /** No value stands twice. */
  distinct: boolean
  /** The first different values. */
  examples: string[]
  /** The shares of the different values that are ids of the workspace, or words of its signals. */
  known: { signals: number; assets: number; quantities: number; types: number }
  /** Whether a value could hardly be an id by chance, as `1` could. */
  telling: boolean
  /** The signals whose ids stand in the column. */
  signals: KnownSignal[]
}

const EXAMPLES = 3
const EXAMPLE_LENGTH = 80
/** Of the cells, so many must fit a type; the others are what a load refuses. */
const LEAST_SHARE = 0.8
const BOOLEANS = new Set(['true', 'false', 'yes', 'no'])
const TELLING = /\p{L}|\d{4}/u

export function profileColumns({ names, rows }: Table, marks: NumberMarks, known: Known): ColumnProfile[] {
  const sets = {
    signals: new Map(known.signals.map((signal) => [signal.id, signal])),
    assets: new Set(known.asset_ids),
    quantities: new Set(known.signals.map(({ quantity }) => quantity)),
    types: new Set(known.asset_types.map(({ name }) => name)),
  }
  const isNumber = createNumberTest(marks)
  return names.map((name, index) => {
    const values = rows.map((row) => row[index]?.trim() ?? '').filter((value) => value !== '')
    const different = [...new Set(values)]
    const knownShare = (ids: { has(id: string): boolean }) => shareOf(different, (value) => ids.has(value))
    const time = guessTimes(values)
    return {
      name,
      type: typeOf(values, isNumber, time),
      time,
      unit: guessUnit(name),
      filled: rows.length === 0 ? 0 : values.length / rows.length,
      distinct: values.length > 1 && different.length === values.length,
      examples: different.slice(0, EXAMPLES).map((value) => value.slice(0, EXAMPLE_LENGTH)),
      known: {
        signals: knownShare(sets.signals),
        assets: knownShare(sets.assets),
        quantities: knownShare(sets.quantities),
        types: knownShare(sets.types),
      },
      telling: different.some((value) => TELLING.test(value)),
      signals: different.flatMap((value) => sets.signals.get(value) ?? []),
    }
  })
}

function typeOf(
  values: string[],
  isNumber: (value: string) => boolean,
  time: Guess<TimeGuess> | undefined,
): ColumnProfile['type'] {
  if (values.length === 0) return 'empty'
  const most = (passes: (value: string) => boolean) => shareOf(values, passes) >= LEAST_SHARE
  if (!values.some(hasLeadingZero)) {
    if (most(isInteger)) return 'integer'
    if (most(isNumber)) return 'number'
  }
  if (time) return time.value.datesOnly ? 'date' : 'timestamp'
  if (most(isNumber) && values.some((value) => /[.,]/.test(value))) return 'number'
  return most((value) => BOOLEANS.has(value.toLowerCase())) ? 'boolean' : 'text'
}

export const isNumeric = ({ type }: ColumnProfile) => type === 'integer' || type === 'number'
