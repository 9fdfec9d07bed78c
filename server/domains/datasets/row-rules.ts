// The rules of a dataset's columns: from a cell as it came, JSON or text, to the value that is stored, or why not.
// Pure: how a time is read is given.

import type { Cell, Column, ColumnType, Dataset } from '../../../contract/datasets.ts'
import type { Mapping } from '../../../contract/mapping.ts'
import type { RejectRule } from '../../../contract/rejects.ts'
import { formatInstant, type Instant } from '../../engine/sql.ts'
import type { Fault } from '../../errors.ts'
import { checkRules, compileRule, type FieldCheck, findRuleFaults } from '../../field-rule.ts'
import { createNumberText, type NumberMarks } from '../../number-text.ts'
import { type Conversion, converted } from '../../unit.ts'

export const TEXT_LIMIT = 65_536
const VALUE_SHOWN = 200
const NOTHING = { value: null }

/** Why a row is refused; `column` is null when it is not about one, `value` is shown shortened. */
export interface RowFault {
  column: string | null
  value: string | null
  rule: RejectRule
  reason: string
}

/** The cells of a row in the order of the columns: times as RFC 3339 in UTC, dates as YYYY-MM-DD. */
export type RowOutcome = { values: Cell[] } | { fault: RowFault }

export interface RowRules {
  /** An object by column name. Nothing is coerced; a column left out is null; an unknown one refuses the row. */
  ofJson(row: Record<string, Cell>): RowOutcome
  /** Texts in the order of the columns; an empty one or null is null. Blanks around all but text are ignored. */
  ofText(cells: readonly (string | null)[]): RowOutcome
}

/** How texts are read: times, and by their marks numbers. */
export interface Reading extends NumberMarks {
  /** The instant that a text tells, undefined when it tells none. */
  readInstant(text: string): Instant | undefined
}

/** What a file asks beyond the dataset's own rules: rules by column, and how its numbers come into a column's unit. */
export interface FileRules {
  rules?: Mapping['rules']
  conversions?: Map<string, Conversion>
  now?: Instant
}

/** A reason without a rule is about the type. */
type Read = { value: Cell } | { rule?: RejectRule; reason: string }
type Reader = (cell: Cell) => Read

/**
 * Compiles the rules of columns in which `findColumnFaults` finds nothing. Columns of the unique key are required.
 * AppError `invalid` for rules of the file that no value of their column can keep.
 */
export function compileRules(
  dataset: Pick<Dataset, 'columns' | 'unique_key'>,
  reading: Reading,
  { rules = {}, conversions, now = 0 }: FileRules = {},
): RowRules {
  const fromJson = jsonReaders(reading)
  const fromText = textReaders(reading)
  checkRules(rules, (field) => dataset.columns.find(({ name }) => name === field)?.type)
  const columns = dataset.columns.map((column) => {
    const { name, type } = column
    const read = (option: Cell) => readOption(fromJson[type], option)
    return {
      name,
      required: column.required || rules[name]?.required || dataset.unique_key?.includes(name) || false,
      checks: [column, rules[name] ?? {}].map((rule) => compileRule(rule, { read, now })),
      ofJson: fromJson[type],
      ofText: convertedReader(fromText[type], conversions?.get(name)),
    }
  })
  const known = new Set(columns.map(({ name }) => name))

  function read(kind: 'ofJson' | 'ofText', cellAt: (index: number, name: string) => Cell): RowOutcome {
    const values: Cell[] = []
    for (const [index, column] of columns.entries()) {
      const cell = cellAt(index, column.name)
      const found = cell === null ? NOTHING : readValue(column[kind], column.checks, cell)
      if ('value' in found && found.value === null && column.required) {
        return { fault: { column: column.name, value: null, rule: 'required', reason: 'is required' } }
      }
      if ('reason' in found)
        return {
          fault: {
            column: column.name,
            value: shown(cell),
            rule: found.rule ?? 'type',
            reason: found.reason,
          },
        }
      values.push(found.value)
    }
    return { values }
  }

  return {
    ofJson(row) {
      const unknown = Object.keys(row).find((name) => !known.has(name))
      if (unknown !== undefined) {
        return {
          fault: {
            column: unknown,
            value: shown(row[unknown] ?? null),
            rule: 'structure',
            reason: 'is not a column of this dataset',
          },
        }
      }
      return read('ofJson', (_, name) => (Object.hasOwn(row, name) ? (row[name] ?? null) : null))
    },
    ofText(cells) {
      const surplus = cells.slice(columns.length).find((cell) => cell !== null && cell !== '')
      if (surplus !== undefined) {
        const reason = `the row has ${cells.length} cells for ${columns.length} columns`
        return { fault: { column: null, value: shown(surplus), rule: 'structure', reason } }
      }
      return read('ofText', (index) => cells[index] || null)
    },
  }
}

function readValue(reader: Reader, checks: FieldCheck[], cell: Cell): Read {
  const found = reader(cell)
  if ('reason' in found || found.value === null) return found
  for (const check of checks) {
    const broken = check(found.value)
    if (broken !== undefined) return broken
  }
  return found
}

function convertedReader(reader: Reader, conversion: Conversion | undefined): Reader {
  if (!conversion) return reader
  return (cell) => {
    const found = reader(cell)
    if ('reason' in found || found.value === null) return found
    const value = converted(Number(found.value), conversion)
    return Number.isFinite(value)
      ? { value }
      : { rule: 'range', reason: 'is beyond 1.8e308 in the unit of the column' }
  }
}

function shown(cell: Cell): string | null {
  if (cell === null) return null
  const text = String(cell)
  return text.length > VALUE_SHOWN ? `${text.slice(0, VALUE_SHOWN)}…` : text
}

function readOption(reader: Reader, option: Cell): Cell | undefined {
  const found = reader(option)
  return 'value' in found ? found.value : undefined
}

const WHOLE = { reason: 'must be a whole number between -9007199254740991 and 9007199254740991' }
const NUMBER = { reason: 'must be a number' }
const BOOLEAN = { reason: 'must be true or false' }
const DATE = { reason: 'must be a date like 2026-01-31' }
const TIME = { reason: 'must be a time like 2026-01-31T12:00:00Z' }

function jsonReaders({ readInstant }: Reading): Record<ColumnType, Reader> {
  return {
    integer: (cell) => (Number.isSafeInteger(cell) ? { value: Number(cell) + 0 } : WHOLE),
    number: (cell) => (typeof cell === 'number' && Number.isFinite(cell) ? { value: cell } : NUMBER),
    text: (cell) => (typeof cell === 'string' ? readText(cell) : { reason: 'must be text' }),
    boolean: (cell) => (typeof cell === 'boolean' ? { value: cell } : BOOLEAN),
    timestamp: (cell) => (typeof cell === 'string' ? readTime(cell, readInstant) : TIME),
    date: (cell) => (typeof cell === 'string' && isDate(cell) ? { value: cell } : DATE),
  }
}

function textReaders({ readInstant, ...marks }: Reading): Record<ColumnType, Reader> {
  const { decimal = '.' } = marks
  const readNumber = createNumberText(marks)
  const reasons = decimal === '.' ? NUMBER : { reason: 'must be a number with a decimal comma' }
  const trimmed =
    (reader: (text: string) => Read): Reader =>
    (cell) => {
      const text = String(cell).trim()
      return text === '' ? { value: null } : reader(text)
    }
  return {
    integer: trimmed((text) => {
      const value = /e/i.test(text) || text.includes(decimal) ? Number.NaN : readNumber(text) + 0
      return Number.isSafeInteger(value) ? { value } : WHOLE
    }),
    number: trimmed((text) => {
      const value = readNumber(text)
      return Number.isNaN(value) ? reasons : { value }
    }),
    text: (cell) => readText(String(cell)),
    boolean: trimmed((text) => {
      const value = BOOLEAN_WORDS.get(text.toLowerCase())
      return value === undefined ? { reason: 'must be true, false, yes, no, 1 or 0' } : { value }
    }),
    timestamp: trimmed((text) => readTime(text, readInstant)),
    date: trimmed((text) => (isDate(text) ? { value: text } : DATE)),
  }
}

const BOOLEAN_WORDS = new Map([
  ['true', true],
  ['yes', true],
  ['1', true],
  ['false', false],
  ['no', false],
  ['0', false],
])

/** Text that every engine stores as it is. */
function readText(text: string): Read {
  if (text.length > TEXT_LIMIT) return { reason: `must be at most ${TEXT_LIMIT} characters` }
  if (text.includes('\u0000') || !text.isWellFormed()) {
    return { reason: 'must not contain the character NUL or half of a character pair' }
  }
  return { value: text }
}

function readTime(text: string, readInstant: Reading['readInstant']): Read {
  const instant = readInstant(text)
  return instant === undefined ? TIME : { value: formatInstant(instant) }
}

function isDate(text: string): boolean {
  const found = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text)
  if (!found || found[1] === '0000') return false
  const date = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text)
}

const TAKEN_COLUMNS = new Set(['rowid', 'tableoid', 'xmin', 'cmin', 'xmax', 'cmax', 'ctid'])

/** What keeps columns from being those of a dataset; paths are of the body that defines it. */
export function findColumnFaults(columns: Column[], uniqueKey: string[] | null, reading: Reading): Fault[] {
  const faults: Fault[] = []
  const seen = new Set<string>()
  for (const [index, column] of columns.entries()) {
    const path = `/columns/${index}`
    const name = column.name.toLowerCase()
    if (seen.has(name))
      faults.push({ path: `${path}/name`, message: 'another column has this name, but for its case' })
    if (TAKEN_COLUMNS.has(name))
      faults.push({ path: `${path}/name`, message: 'databases use this name themselves' })
    seen.add(name)
    const reader = jsonReaders(reading)[column.type]
    const faultOf = (option: Cell) => {
      const found = reader(option)
      return 'reason' in found ? found.reason : undefined
    }
    const wrong = findRuleFaults(column, column.type, faultOf)
    faults.push(...wrong.map((fault) => ({ ...fault, path: path + fault.path })))
  }
  for (const [index, name] of (uniqueKey ?? []).entries()) {
    const path = `/unique_key/${index}`
    if (!columns.some((column) => column.name === name))
      faults.push({ path, message: 'is not one of the columns' })
    if (uniqueKey?.indexOf(name) !== index) faults.push({ path, message: 'is named twice' })
  }
  return faults
}
