// From the texts of a file's row to an asset or a signal as the contract has it. Pure.

import { Compile } from 'typebox/compile'
import { NewAsset } from '../../../contract/assets.ts'
import { NewSignal } from '../../../contract/signals.ts'

/** A row of a file of assets or signals, as the loader leaves it: texts by field. */
export interface FileRow {
  line: number
  raw: string
  fields: Record<string, string | null>
}

export interface FieldFault {
  column: string
  value: string | null
  reason: string
}

export const ASSET_FIELDS = ['id', 'type', 'name', 'parent_id', 'latitude', 'longitude', 'attributes']
export const SIGNAL_FIELDS = ['id', 'asset_id', 'name', 'quantity', 'unit']

/** The declared type of an attribute of an asset type, undefined where none is declared. */
export type AttributeType = (assetType: string, attribute: string) => string | undefined

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i
const assetCheck = Compile(NewAsset)
const signalCheck = Compile(NewSignal)

type Checked<T> = { row: T } | { fault: FieldFault }

/** Text of coordinates and of attributes that are declared numbers is read as a number, with the decimal mark. */
export function assetOf(row: FileRow, attributeType: AttributeType, decimal: '.' | ','): Checked<NewAsset> {
  const asset: Record<string, unknown> = {}
  const attributes: Record<string, unknown> = {}
  for (const [field, text] of Object.entries(row.fields)) {
    if (text === null || text.trim() === '') continue
    const attribute = field.startsWith('attributes.') ? field.slice('attributes.'.length) : undefined
    if (attribute !== undefined) {
      attributes[attribute] = attributeValue(
        text.trim(),
        attributeType(row.fields.type ?? '', attribute),
        decimal,
      )
    } else if (field === 'attributes') {
      const whole = parseObject(text)
      if (!whole) return { fault: { column: field, value: text, reason: 'it is not a JSON object' } }
      Object.assign(attributes, whole)
    } else {
      asset[field] =
        field === 'latitude' || field === 'longitude' ? numberOr(text.trim(), decimal) : text.trim()
    }
  }
  if (Object.keys(attributes).length > 0) asset.attributes = attributes
  return checked(asset, row, assetCheck)
}

export function signalOf(row: FileRow): Checked<NewSignal> {
  const given = Object.entries(row.fields).filter(([, text]) => text !== null && text.trim() !== '')
  return checked(Object.fromEntries(given.map(([field, text]) => [field, text?.trim()])), row, signalCheck)
}

interface Validator<T> {
  Check(value: unknown): value is T
  Errors(value: unknown): { instancePath: string; message: string; params?: object }[]
}

function checked<T>(value: unknown, row: FileRow, validator: Validator<T>): Checked<T> {
  if (validator.Check(value)) return { row: value }
  const [error] = validator.Errors(value)
  const missing =
    error?.params && 'requiredProperties' in error.params ? error.params.requiredProperties : undefined
  const column = Array.isArray(missing) ? String(missing[0]) : (error?.instancePath.slice(1) ?? '')
  const reason = Array.isArray(missing) ? 'it is missing' : (error?.message ?? 'it is not valid')
  return { fault: { column, value: row.fields[column] ?? null, reason } }
}

function attributeValue(text: string, type: string | undefined, decimal: '.' | ','): unknown {
  if (type === 'number' || type === 'integer') return numberOr(text, decimal)
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text
  return text
}

/** The number that a text is, or the text itself, which the schema then refuses. */
function numberOr(text: string, decimal: '.' | ','): number | string {
  const plain = decimal === ',' ? text.replace(',', '.') : text
  return NUMBER.test(plain) ? Number(plain) : text
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
