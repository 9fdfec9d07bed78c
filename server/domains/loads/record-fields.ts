// From the texts of a file's row to an asset or a signal as the contract has it. Pure.

import { Compile } from 'typebox/compile'
import { NewAsset } from '../../../contract/assets.ts'
import type { Cell } from '../../../contract/datasets.ts'
import type { Mapping } from '../../../contract/mapping.ts'
import type { RejectRule } from '../../../contract/rejects.ts'
import { NewSignal } from '../../../contract/signals.ts'
import { checkRules, compileRule, type FieldCheck, type FieldType } from '../../field-rule.ts'
import { createNumberText, marksOf, type NumberText } from '../../number-text.ts'

/** A row of a file of assets or signals, as the loader leaves it: texts by field. */
export interface FileRow {
  line: number
  raw: string
  fields: Record<string, string | null>
}

export interface FieldFault {
  column: string
  value: string | null
  rule: RejectRule
  reason: string
}

export const ASSET_FIELDS = ['id', 'type', 'name', 'parent_id', 'latitude', 'longitude', 'attributes']
export const SIGNAL_FIELDS = ['id', 'asset_id', 'name', 'quantity', 'unit']

/** The declared type of an attribute of an asset type, undefined where none is declared. */
export type AttributeType = (assetType: string, attribute: string) => string | undefined

export type Checked<T> = { row: T } | { fault: FieldFault }

const ATTRIBUTE = 'attributes.'
const assetCheck = Compile(NewAsset)
const signalCheck = Compile(NewSignal)

/**
 * Reads rows of assets. Text of coordinates and of attributes that are declared numbers is read as a number, with the
 * marks of the mapping. AppError `invalid` for a rule of the mapping that no asset can keep.
 */
export function createAssetReader(
  mapping: Mapping,
  attributeType: AttributeType,
): (row: FileRow) => Checked<NewAsset> {
  const keep = createRuleCheck<NewAsset>(mapping.rules, assetFieldType)
  const number = createNumberText(marksOf(mapping))
  return (row) => {
    const asset: Record<string, unknown> = {}
    const attributes: Record<string, unknown> = {}
    for (const [field, given] of Object.entries(row.fields)) {
      const text = given?.trim() ?? ''
      if (text === '') continue
      if (field.startsWith(ATTRIBUTE)) {
        const attribute = field.slice(ATTRIBUTE.length)
        const type = attributeType(row.fields.type?.trim() ?? '', attribute)
        attributes[attribute] = attributeValue(text, type, number)
      } else if (field === 'attributes') {
        const whole = parseObject(text)
        if (!whole) {
          return { fault: { column: field, value: text, rule: 'type', reason: 'it is not a JSON object' } }
        }
        Object.assign(attributes, whole)
      } else asset[field] = COORDINATES.has(field) ? numberOr(text, number) : text
    }
    if (Object.keys(attributes).length > 0) asset.attributes = attributes
    return keep(checked(asset, row, assetCheck), row)
  }
}

/** Reads rows of signals. AppError `invalid` for a rule of the mapping that no signal can keep. */
export function createSignalReader(mapping: Mapping): (row: FileRow) => Checked<NewSignal> {
  const keep = createRuleCheck<NewSignal>(mapping.rules, (field) =>
    SIGNAL_FIELDS.includes(field) ? 'text' : undefined,
  )
  return (row) => {
    const texts = Object.entries(row.fields).map(([field, text]) => [field, text?.trim() ?? ''])
    const given = Object.fromEntries(texts.filter(([, text]) => text !== ''))
    return keep(checked(given, row, signalCheck), row)
  }
}

const COORDINATES = new Set(['latitude', 'longitude'])

function assetFieldType(field: string): FieldType | undefined {
  if (COORDINATES.has(field)) return 'number'
  if (field.startsWith(ATTRIBUTE)) return 'any'
  return ASSET_FIELDS.includes(field) && field !== 'attributes' ? 'text' : undefined
}

/** Holds a row that fits the contract against the rules of the mapping. */
function createRuleCheck<T extends NewAsset | NewSignal>(
  rules: Mapping['rules'],
  typeOf: (field: string) => FieldType | undefined,
): (read: Checked<T>, row: FileRow) => Checked<T> {
  checkRules(rules, typeOf)
  const checks = Object.entries(rules ?? {}).map(([field, rule]): [string, boolean, FieldCheck] => [
    field,
    rule.required === true,
    compileRule(rule, {}),
  ])
  return (read, { fields }) => {
    if ('fault' in read) return read
    for (const [column, required, check] of checks) {
      const value = storedValue(read.row, column)
      if (value === undefined && !required) continue
      const broken = value === undefined ? REQUIRED : check(value)
      if (broken) return { fault: { column, value: fields[column] ?? null, ...broken } }
    }
    return read
  }
}

const REQUIRED = { rule: 'required', reason: 'is required' } as const

/** A field or an attribute; undefined where it is left out, and for an attribute that is no single value. */
function storedValue(row: NewAsset | NewSignal, column: string): Cell | undefined {
  const holder: object = column.startsWith(ATTRIBUTE) && 'attributes' in row ? (row.attributes ?? {}) : row
  const value: unknown = Object.entries(holder).find(([name]) => name === column.replace(ATTRIBUTE, ''))?.[1]
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? value
    : undefined
}

interface Validator<T> {
  Check(value: unknown): value is T
  Errors(value: unknown): { keyword: string; instancePath: string; message: string; params?: object }[]
}

function checked<T>(value: unknown, row: FileRow, validator: Validator<T>): Checked<T> {
  if (validator.Check(value)) return { row: value }
  const [error] = validator.Errors(value)
  const missing =
    error?.params && 'requiredProperties' in error.params ? error.params.requiredProperties : undefined
  if (Array.isArray(missing)) {
    return { fault: { column: String(missing[0]), value: null, rule: 'required', reason: 'it is missing' } }
  }
  const column = error?.instancePath.slice(1) ?? ''
  const reason = error?.message ?? 'it is not valid'
  return { fault: { column, value: row.fields[column] ?? null, rule: ruleOf(error?.keyword ?? ''), reason } }
}

function ruleOf(keyword: string): RejectRule {
  if (keyword === 'pattern') return 'pattern'
  return /^(min|max)/.test(keyword) ? 'range' : 'type'
}

function attributeValue(text: string, type: string | undefined, number: NumberText): unknown {
  if (type === 'number' || type === 'integer') return numberOr(text, number)
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text
  return text
}

/** The number that a text is, or the text itself, which the schema then refuses. */
function numberOr(text: string, number: NumberText): number | string {
  const value = number(text)
  return Number.isNaN(value) ? text : value
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    // An array or null is no set of attributes.
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    return undefined
  }
}
