// What the parameters of a metric's SQL stand for: values of their declared types, bound beside the text.

import type { Cell, ColumnType } from '../../../contract/datasets.ts'
import type { Parameter, ParameterValues, SqlDefinition } from '../../../contract/metrics.ts'
import { parseWhen } from '../../calendar.ts'
import { type Instant, type Sql, sql } from '../../engine/sql.ts'
import { AppError, type Fault } from '../../errors.ts'

interface Reading {
  tz: string
  now: Instant
}

type Read = (value: Cell, options: Reading & { path: string }) => Sql | undefined

const NUMBER = /^-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/

/** A value by its type; undefined when it is none. In an address all values are texts. */
const READ: Record<ColumnType, Read> = {
  number: (value) => {
    const number = typeof value === 'string' && NUMBER.test(value) ? Number(value) : value
    return Number.isFinite(number) ? sql`cast(${number} as double precision)` : undefined
  },
  integer: (value) => {
    const number = typeof value === 'string' && /^-?\d{1,16}$/.test(value) ? Number(value) : value
    return Number.isSafeInteger(number) ? sql`cast(${number} as bigint)` : undefined
  },
  text: (value) => (typeof value === 'string' && isStorable(value) ? sql`cast(${value} as text)` : undefined),
  boolean: (value) => {
    if (value === true || value === 'true') return sql`true`
    return value === false || value === 'false' ? sql`false` : undefined
  },
  timestamp: (value, options) =>
    typeof value === 'string' ? sql.instant(parseWhen(value, options)) : undefined,
  date: (value) => (typeof value === 'string' && isDate(value) ? sql`cast(${value} as date)` : undefined),
}
const SAYS: Record<ColumnType, string> = {
  number: 'a number',
  integer: 'a whole number',
  text: 'text',
  boolean: 'true or false',
  timestamp: 'a time like 2026-01-31T12:00:00Z',
  date: 'a date like 2026-01-31',
}
/** The same types without a value, for a definition that is only looked at. */
const NULLS: Record<ColumnType, Sql> = {
  number: sql`cast(null as double precision)`,
  integer: sql`cast(null as bigint)`,
  text: sql`cast(null as text)`,
  boolean: sql`cast(null as boolean)`,
  timestamp: sql`cast(null as timestamptz)`,
  date: sql`cast(null as date)`,
}

/** The declared parameters without values but for their defaults, which must be of their types: else `invalid`. */
export function declaredParameters({ parameters = {} }: SqlDefinition, reading: Reading): Map<string, Sql> {
  return new Map(
    Object.entries(parameters).map(([name, { type, default: value = null }]) => {
      const path = `/definition/parameters/${name}/default`
      return [name, value === null ? NULLS[type] : readValue({ type }, value, { ...reading, path })]
    }),
  )
}

/** The declared parameters with what was given for them, or their defaults. AppError `invalid` names what is wrong. */
export function givenParameters(
  { parameters = {} }: SqlDefinition,
  given: ParameterValues,
  reading: Reading,
): Map<string, Sql> {
  refuseParameters(given, parameters)
  return new Map(
    Object.entries(parameters).map(([name, parameter]) => {
      const value = given[name] ?? parameter.default
      if (value === undefined)
        throw refusal({ path: `/${name}`, message: `is needed: ${SAYS[parameter.type]}` })
      return [
        name,
        value === null
          ? NULLS[parameter.type]
          : readValue(parameter, value, { ...reading, path: `/${name}` }),
      ]
    }),
  )
}

/** Refuses what was given and is not declared. */
export function refuseParameters(given: ParameterValues, declared: Record<string, Parameter> = {}): void {
  const strange = Object.keys(given).find((name) => !Object.hasOwn(declared, name))
  if (strange === undefined) return
  const names = Object.keys(declared)
  const known = names.length === 0 ? 'the metric has none' : `there are ${names.join(', ')}`
  throw refusal({ path: `/${strange}`, message: `is not a parameter of this metric; ${known}` })
}

function readValue({ type }: Pick<Parameter, 'type'>, value: Cell, options: Reading & { path: string }): Sql {
  const read = READ[type](value, options)
  if (read === undefined) throw refusal({ path: options.path, message: `must be ${SAYS[type]}` })
  return read
}

function isStorable(text: string): boolean {
  return text.length <= 10_000 && text.isWellFormed() && !text.includes('\u0000')
}

function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || text.startsWith('0000')) return false
  const date = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text)
}

function refusal(fault: Fault): AppError {
  return new AppError('invalid', `The parameter ${fault.path.slice(1)} ${fault.message}.`, {
    faults: [fault],
  })
}
