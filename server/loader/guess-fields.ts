// Which columns fill the fields of a target: by what they are called, what stands in them, and what the workspace
// knows. Each column fills one field at most, the surest first. Pure.

import type { ColumnProfile } from './guess-columns.ts'
import { isNumeric } from './guess-columns.ts'
import { FIELD_WORDS, scoreName, wordOf } from './guess-words.ts'

/** Why a column is taken for a field, and how sure that is. */
export interface FieldGuess {
  confidence: number
  why: string
}

export interface FilledField extends FieldGuess {
  column: ColumnProfile
}

type FieldTest = (column: ColumnProfile) => FieldGuess | undefined
type Fields = Map<string, FilledField>

/** Of the values that are looked at, so many must be known for it to be more than chance. */
const MOST_KNOWN = 0.5

const KINDS = {
  signals: 'ids of signals',
  assets: 'ids of assets',
  quantities: 'quantities of signals',
  types: 'types of assets',
}

const percent = (share: number) => (share === 1 ? 'all' : `${Math.floor(share * 100)} of 100`)

function byKnown({ telling, known }: ColumnProfile, kind: keyof typeof KINDS): FieldGuess | undefined {
  const share = known[kind]
  if (share < MOST_KNOWN || !telling) return undefined
  return { confidence: share > 0.9 ? 0.97 : 0.9, why: `${percent(share)} of its values are ${KINDS[kind]}` }
}

function byName({ name }: ColumnProfile, words: string[], kind = 'such columns'): FieldGuess | undefined {
  const score = scoreName(name, words)
  if (score === 0) return undefined
  return {
    confidence: score * 0.9,
    why: score > 0.8 ? `${kind} are called so` : `its name is like that of ${kind}`,
  }
}

function timeTest(column: ColumnProfile): FieldGuess | undefined {
  const { time } = column
  if (!time) return undefined
  const named = byName(column, FIELD_WORDS.measurements.measured_at)
  if (named)
    return { confidence: time.value.ambiguous ? time.confidence : 0.95, why: `${time.why}, and ${named.why}` }
  const confidence = isNumeric(column) ? 0.3 : Math.min(0.75, time.confidence)
  return { confidence, why: time.why }
}

function valueTest(column: ColumnProfile): FieldGuess | undefined {
  if (!isNumeric(column)) return undefined
  const named = byName(column, FIELD_WORDS.measurements.value)
  if (named) return { confidence: 0.95, why: `it holds numbers, and ${named.why}` }
  // An id, or a time since 1970.
  const isOther = /id$|nr$|nummer$|^id/.test(wordOf(column.name)) || column.time !== undefined
  return { confidence: isOther ? 0.1 : column.unit === undefined ? 0.45 : 0.7, why: 'it holds numbers' }
}

/** Columns of text, or of whole numbers, can name things. */
const canName = ({ type }: ColumnProfile) => type === 'text' || type === 'integer'
const named =
  (words: string[], kind: string): FieldTest =>
  (column) =>
    canName(column) ? byName(column, words, kind) : undefined
const words = FIELD_WORDS

const MEASUREMENT_TESTS: [string, FieldTest][] = [
  ['measured_at', timeTest],
  ['value', valueTest],
  [
    'signal_id',
    (column) => byKnown(column, 'signals') ?? named(words.measurements.signal_id, 'ids of signals')(column),
  ],
  [
    'asset_id',
    (column) => byKnown(column, 'assets') ?? named(words.measurements.asset_id, 'ids of assets')(column),
  ],
  [
    'quantity',
    (column) =>
      byKnown(column, 'quantities') ??
      (column.type === 'text' && !column.distinct
        ? byName(column, words.measurements.quantity, 'quantities')
        : undefined),
  ],
  ['unit', (column) => (column.type === 'text' ? byName(column, words.signals.unit, 'units') : undefined)],
]

const SIGNAL_TESTS: [string, FieldTest][] = [
  ['id', (column) => byKnown(column, 'signals') ?? named(words.signals.id, 'ids of signals')(column)],
  [
    'asset_id',
    (column) => byKnown(column, 'assets') ?? named(words.signals.asset_id, 'ids of assets')(column),
  ],
  ['name', named(words.signals.name, 'names')],
  [
    'quantity',
    (column) =>
      column.known.types >= MOST_KNOWN
        ? undefined
        : (byKnown(column, 'quantities') ?? named(words.signals.quantity, 'quantities')(column)),
  ],
  ['unit', (column) => (column.type === 'text' ? byName(column, words.signals.unit, 'units') : undefined)],
]

/** Degrees, by their name: every column of numbers could be some. */
const degrees =
  (kinds: string[], kind: string): FieldTest =>
  (column) =>
    isNumeric(column) ? byName(column, kinds, kind) : undefined

const ASSET_TESTS: [string, FieldTest][] = [
  [
    'id',
    (column) => {
      const id = byKnown(column, 'assets') ?? named(words.assets.id, 'ids of assets')(column)
      // What stands twice names something else, such as what the asset belongs to.
      return (
        id && {
          ...id,
          confidence: column.distinct ? Math.min(0.98, id.confidence + 0.05) : id.confidence - 0.2,
        }
      )
    },
  ],
  ['type', (column) => byKnown(column, 'types') ?? named(words.assets.type, 'types')(column)],
  ['name', named(words.assets.name, 'names')],
  [
    'parent_id',
    (column) => {
      const known = column.distinct ? undefined : byKnown(column, 'assets')
      const parent = named(words.assets.parent_id, 'what an asset belongs to')(column) ?? known
      return (
        parent && { ...parent, confidence: column.distinct ? parent.confidence - 0.2 : parent.confidence }
      )
    },
  ],
  ['latitude', degrees(words.assets.latitude, 'latitudes')],
  ['longitude', degrees(words.assets.longitude, 'longitudes')],
]

const TESTS: Record<'measurements' | 'signals' | 'assets', [string, FieldTest][]> = {
  measurements: MEASUREMENT_TESTS,
  signals: SIGNAL_TESTS,
  assets: ASSET_TESTS,
}

export function fillFields(target: keyof typeof TESTS, columns: ColumnProfile[]): Fields {
  const possible = TESTS[target].flatMap(([field, test]) =>
    columns.flatMap((column) => {
      const guess = column.type === 'empty' ? undefined : test(column)
      return guess ? [{ field, column, ...guess }] : []
    }),
  )
  const filled: Fields = new Map()
  const used = new Set<ColumnProfile>()
  for (const { field, ...one } of possible.sort((a, b) => b.confidence - a.confidence)) {
    if (filled.has(field) || used.has(one.column)) continue
    filled.set(field, one)
    used.add(one.column)
  }
  return filled
}
