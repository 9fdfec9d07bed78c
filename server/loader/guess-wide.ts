// Measurements in wide form: each row is a time with the values of many signals, one in each column. Pure.

import { convert } from '../unit.ts'
import { shareOf } from './guess.ts'
import { type ColumnProfile, isNumeric } from './guess-columns.ts'
import { type FilledField, fillFields } from './guess-fields.ts'
import { type Form, formOf, type Surroundings } from './guess-form.ts'
import { CREATION, noteOfNew } from './guess-long.ts'
import { wordOf } from './guess-words.ts'
import type { KnownSignal } from './job.ts'

export function wideForm(columns: ColumnProfile[], around: Surroundings): Form | undefined {
  const time = fillFields('measurements', columns).get('measured_at')
  if (!time) return undefined
  const others = columns.filter((column) => column !== time.column && column.type !== 'empty')
  const signals = new Map(around.known.signals.map((signal) => [signal.id, signal]))
  const known = others.filter(({ name }) => signals.has(name))
  const values = known.length > 0 ? known : others.filter(isNumeric)
  if (values.length === 0 || (known.length === 0 && values.length < others.length)) return undefined
  const isKnown = known.length > 0
  const confidence = isKnown
    ? Math.min(0.97, time.confidence)
    : sureOfWide(time, values) * (around.header ? 1 : 0.4)
  const units = unitsOf(values, signals)
  const form = formOf('measurements', new Map([['measured_at', time]]), {
    confidence,
    why: `each row is a time (${time.column.name}) with the values of ${values.length} signals, one in each column`,
    mapping: {
      time: time.column.name,
      wide: values.length === columns.length - 1 ? '*' : values.map(({ name }) => name),
      ...(Object.keys(units).length > 0 && { units }),
      ...(isKnown ? {} : CREATION),
    },
    notes: isKnown ? [] : [noteOfNew(around, false)],
  })
  // In a wide file, these name signals.
  delete form.mapping.columns
  const why = isKnown ? 'it has the id of a signal' : 'it holds numbers beside a time'
  for (const { name } of values) form.columns.set(name, { target: 'value', confidence, why })
  return form
}

/** A table of numbers with a date may be anything; one with times that never repeat is rarely anything else. */
function sureOfWide(time: FilledField, values: ColumnProfile[]): number {
  const base = values.length > 1 ? 0.85 : 0.6
  const daily = time.column.time?.value.datesOnly === true ? 0.75 : 1
  const repeated = time.column.distinct ? 1 : 0.5
  const likeIds = values.some(({ name }) => /id$|nummer$/.test(wordOf(name))) ? 0.5 : 1
  const sparse = shareOf(values, ({ filled }) => filled >= 0.3) < 0.5 ? 0.5 : 1
  return Math.min(time.confidence, base) * daily * repeated * likeIds * sparse
}

/** Units that the columns' names tell, where they are those of new signals or convert to those of their signals. */
function unitsOf(values: ColumnProfile[], signals: Map<string, KnownSignal>): Record<string, string> {
  return Object.fromEntries(
    values.flatMap(({ name, unit }) => {
      const signal = signals.get(name)
      const counts = unit !== undefined && (!signal || convert(unit, signal.unit) !== undefined)
      return counts ? [[name, unit]] : []
    }),
  )
}
