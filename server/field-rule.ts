// What a field must be beyond its type (range, set of values, pattern, how far ahead), from the words of a rule to a
// check. Knows neither files nor tables.

import type { Cell, Column, ColumnType } from '../contract/datasets.ts'
import type { FieldRule, Mapping } from '../contract/mapping.ts'
import type { RejectRule } from '../contract/rejects.ts'
import type { Instant } from './engine/sql.ts'
import { AppError, type Fault } from './errors.ts'
import { compilePattern, PATTERN_TEXT_LIMIT } from './pattern.ts'

/** The rules of a column of a dataset and those of a mapping. */
export type Rule = Pick<Column, 'min' | 'max' | 'one_of' | 'pattern'> & Pick<FieldRule, 'max_ahead'>

/** `any` is a field that has no type of its own, such as an attribute of an asset. */
export type FieldType = ColumnType | 'any'

export interface Broken {
  rule: RejectRule
  reason: string
}

/** What is wrong with a value as it would be stored: times as text, null never. Undefined when nothing is. */
export type FieldCheck = (value: Cell) => Broken | undefined

export interface RuleSetting {
  /** A value of `one_of` as it would be stored. */
  read?: (option: Cell) => Cell | undefined
  now?: Instant
}

const MICROS = { s: 1e6, m: 60e6, h: 3600e6, d: 86_400e6, w: 7 * 86_400e6, y: 366 * 86_400e6 }
const OPTIONS_SHOWN = 10

/** The last instant that a time may have. */
export function latestOf(ahead: string, now: Instant): Instant {
  const unit = ahead.at(-1) as keyof typeof MICROS // the contract's pattern
  return now + Number(ahead.slice(0, -1)) * MICROS[unit]
}

/** The reason for a time that is too far ahead. */
export const tooFarAhead = (ahead: string): Broken => ({
  rule: 'future',
  reason: `lies more than ${ahead} in the future`,
})

/** The check of a rule in which `findRuleFaults` finds nothing. */
export function compileRule(rule: Rule, { read = (option) => option, now = 0 }: RuleSetting): FieldCheck {
  const checks: FieldCheck[] = []
  const { min, max, one_of, pattern, max_ahead } = rule
  const add = (kind: RejectRule, reason: string, holds: (value: Cell) => boolean) =>
    checks.push((value) => (holds(value) ? undefined : { rule: kind, reason }))
  if (min !== undefined) add('range', `must be at least ${min}`, (value) => !(Number(value) < min))
  if (max !== undefined) add('range', `must be at most ${max}`, (value) => !(Number(value) > max))
  if (one_of !== undefined) {
    const allowed = new Set(one_of.map(read))
    const rest = one_of.length > OPTIONS_SHOWN ? ', …' : ''
    const list = one_of.slice(0, OPTIONS_SHOWN).join(', ') + rest
    add('one_of', `must be one of ${list}`, (value) => allowed.has(value))
  }
  if (pattern !== undefined) checks.push(patternCheck(pattern))
  if (max_ahead !== undefined) {
    const latest = latestOf(max_ahead, now)
    const { rule: kind, reason } = tooFarAhead(max_ahead)
    add(kind, reason, (value) => Date.parse(String(value)) * 1000 <= latest)
  }
  return (value) => {
    for (const check of checks) {
      const broken = check(value)
      if (broken !== undefined) return broken
    }
    return undefined
  }
}

function patternCheck(source: string): FieldCheck {
  const compiled = compilePattern(source, 'whole')
  if ('fault' in compiled) throw new Error(`a stored pattern ${compiled.fault}`)
  return (value) => {
    const text = String(value)
    const reason =
      text.length > PATTERN_TEXT_LIMIT
        ? `must be at most ${PATTERN_TEXT_LIMIT} characters to match a pattern`
        : `must match the pattern ${source}`
    return text.length <= PATTERN_TEXT_LIMIT && compiled.matches(text)
      ? undefined
      : { rule: 'pattern', reason }
  }
}

/** What keeps a rule from being one for values of the type; paths are of the rule, such as `/min`. */
export function findRuleFaults(
  { min, max, one_of, pattern, max_ahead }: Rule,
  type: FieldType,
  /** Why a value of `one_of` is none of the type. */
  faultOf: (option: Cell) => string | undefined,
): Fault[] {
  const faults: Fault[] = []
  const numeric = type === 'integer' || type === 'number' || type === 'any'
  if (min !== undefined && !numeric) faults.push({ path: '/min', message: 'is only for numbers' })
  if (max !== undefined && !numeric) faults.push({ path: '/max', message: 'is only for numbers' })
  if (min !== undefined && max !== undefined && min > max) {
    faults.push({ path: '/max', message: 'must not be below min' })
  }
  for (const [index, option] of (one_of ?? []).entries()) {
    const message = option === null ? 'must not be null' : faultOf(option)
    if (message !== undefined) faults.push({ path: `/one_of/${index}`, message })
  }
  if (max_ahead !== undefined && type !== 'timestamp') {
    faults.push({ path: '/max_ahead', message: 'is only for times' })
  }
  if (pattern === undefined) return faults
  if (type !== 'text' && type !== 'any') return [...faults, { path: '/pattern', message: 'is only for text' }]
  const compiled = compilePattern(pattern, 'whole')
  if ('fault' in compiled) faults.push({ path: '/pattern', message: `the pattern ${compiled.fault}` })
  return faults
}

/**
 * Makes sure that the rules of a mapping are about fields of its target, and that each can be kept by values of its
 * type; `typeOf` answers undefined for what is no field. AppError `invalid` with the first that is not.
 */
export function checkRules(rules: Mapping['rules'], typeOf: (field: string) => FieldType | undefined): void {
  for (const [field, rule] of Object.entries(rules ?? {})) {
    const type = typeOf(field)
    if (type === undefined) {
      throw new AppError(
        'invalid',
        `the mapping's rules name ${JSON.stringify(field)}, which is no field of the target`,
      )
    }
    const [fault] = findRuleFaults(rule, type, (option) => faultOfOption(option, type))
    if (fault) {
      const at = `${fault.path.slice(1).replace('/', ' ')} ${fault.message}`
      throw new AppError('invalid', `the mapping's rule of ${field} cannot be kept: ${at}`)
    }
  }
}

function faultOfOption(option: Cell, type: FieldType): string | undefined {
  const numeric = type === 'integer' || type === 'number'
  if (numeric && typeof option !== 'number') return 'must be a number'
  if (type === 'boolean' && typeof option !== 'boolean') return 'must be true or false'
  return (type === 'text' || type === 'date' || type === 'timestamp') && typeof option !== 'string'
    ? 'must be text'
    : undefined
}
