// From the number that stands in a file to the value that is stored: converted to the unit of its signal, and held
// against the rules of the mapping. Only made where a mapping has any of it, so that other files pass by.

import type { FieldRule, Mapping } from '../../contract/mapping.ts'
import { type Broken, checkRules, compileRule, type FieldCheck, type FieldType } from '../field-rule.ts'
import { type Conversion, convert, converted } from '../unit.ts'
import type { FileSignals } from './file-signals.ts'
import { FileRefused, type KnownSignal } from './job.ts'

/** The value as it is stored, or why it is not; `unit` is that of the file, empty where it says none. */
export type ValueSettler = (place: number, value: number, unit: string) => number | Broken

/** Undefined where values are stored as they stand. */
export function createValueSettler(
  rule: FieldRule | undefined,
  signals: FileSignals,
  hasUnits: boolean,
): ValueSettler | undefined {
  const isRuled = Object.keys(rule ?? {}).some((key) => key !== 'required')
  const check = rule && isRuled ? compileRule(rule, {}) : undefined
  if (!check && !hasUnits) return undefined
  const toUnit = createUnitReader(signals)
  return (place, value, unit) => {
    const stored = unit === '' ? value : toUnit(place, value, unit)
    return typeof stored === 'number' ? (check?.(stored) ?? stored) : stored
  }
}

function createUnitReader(signals: FileSignals): ValueSettler {
  /** By the unit of the file, then by place. */
  const known = new Map<string, (Conversion | Broken)[]>()
  return (place, value, unit) => {
    const conversions = known.get(unit) ?? []
    const found = conversions[place] ?? conversionTo(signals.at(place), unit)
    conversions[place] = found
    known.set(unit, conversions)
    if ('rule' in found) return found
    const result = converted(value, found)
    return Number.isFinite(result)
      ? result
      : { rule: 'range', reason: 'it is beyond 1.8e308 in the unit of the signal' }
  }
}

function conversionTo(signal: KnownSignal, unit: string): Conversion | Broken {
  const conversion = convert(unit, signal.unit)
  if (conversion) return conversion
  const reason =
    signal.unit === ''
      ? `the signal has no unit, so that values in ${unit} cannot be told from others; give it one`
      : `${unit} cannot be converted to ${signal.unit}, the unit of the signal`
  return { rule: 'unit', reason }
}

const FIELD_TYPES: Record<string, FieldType> = {
  signal_id: 'text',
  asset_id: 'text',
  quantity: 'text',
  unit: 'text',
  measured_at: 'timestamp',
  value: 'number',
}
const SIGNAL_FIELDS = { signal_id: 'id', asset_id: 'asset_id', quantity: 'quantity', unit: 'unit' } as const

/** A rule that a signal breaks, and by which of its fields. */
export interface SignalFault extends Broken {
  field: keyof typeof SIGNAL_FIELDS
}

/**
 * What the rules of the mapping say of the signal at a place; undefined where they say nothing of signals. AppError
 * `invalid` and FileRefused for rules that no reading can keep.
 */
export function createSignalCheck(
  rules: Mapping['rules'] = {},
  signals: FileSignals,
): ((place: number) => SignalFault | undefined) | undefined {
  checkRules(rules, (field) => FIELD_TYPES[field])
  const { one_of, pattern, required } = rules.measured_at ?? {}
  if (one_of !== undefined || pattern !== undefined || required === false) {
    throw new FileRefused(
      "the mapping's rule of measured_at may only say how far ahead times lie (max_ahead)",
    )
  }
  const checks: [SignalFault['field'], FieldCheck][] = []
  for (const [field, rule] of Object.entries(rules)) {
    if (field in SIGNAL_FIELDS) checks.push([field as SignalFault['field'], compileRule(rule, {})]) // just looked up
  }
  if (checks.length === 0) return undefined
  const faults: (SignalFault | null)[] = []
  const faultOf = (signal: KnownSignal): SignalFault | null => {
    for (const [field, check] of checks) {
      const broken = check(signal[SIGNAL_FIELDS[field]])
      if (broken) return { field, ...broken }
    }
    return null
  }
  return (place) => {
    const known = faults[place]
    if (known !== undefined) return known ?? undefined
    const fault = faultOf(signals.at(place))
    faults[place] = fault
    return fault ?? undefined
  }
}
