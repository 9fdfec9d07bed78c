// A file that describes assets: what they are called, what they are, and where. Pure.

import { type ColumnProfile, isNumeric } from './guess-columns.ts'
import { fillFields } from './guess-fields.ts'
import { type Form, formOf, type Surroundings, weakest } from './guess-form.ts'
import { wordOf } from './guess-words.ts'
import type { Known } from './job.ts'

const ANY_TYPE = 'site'

export function assetsForm(columns: ColumnProfile[], { known }: Surroundings): Form | undefined {
  const filled = fillFields('assets', columns)
  const [id, name, type, parent] = ['id', 'name', 'type', 'parent_id'].map((field) => filled.get(field))
  const named = name ?? id
  const places = [filled.get('latitude'), filled.get('longitude')].filter((degrees) => degrees !== undefined)
  const isTyped = type !== undefined && type.column.known.types > 0
  const isNamed = id !== undefined && name !== undefined
  if (!named || !(places.length === 2 || isTyped || (isNamed && (type ?? parent)))) return undefined
  const sure =
    places.length === 2 ? weakest([named, ...places]) + 0.1 : isTyped ? weakest([named, type]) + 0.1 : 0.55
  const isReading = columns.some((column) => column.time && !isNumeric(column))
  const constant = type ? undefined : typeOf(id?.column.name ?? '', known)
  const form = formOf('assets', filled, {
    confidence: Math.min(0.95, sure) * (isReading ? 0.5 : 1) * (name ? 1 : 0.6),
    why: 'each row describes a thing: what it is called and where or what it is',
    mapping: constant === undefined ? {} : { constants: { type: constant } },
    notes:
      constant === undefined ? [] : [`no column tells the type; each asset gets ${JSON.stringify(constant)}`],
  })
  addAttributes(form, columns, known)
  return form
}

/** The type that the column of ids is called by, such as `substation`. */
function typeOf(idName: string, { asset_types }: Known): string {
  const word = wordOf(idName).replace(/id$/, '')
  return asset_types.find(({ name }) => name === word)?.name ?? ANY_TYPE
}

/** Columns that the types of the workspace have as attributes; others mean nothing. */
function addAttributes(form: Form, columns: ColumnProfile[], { asset_types }: Known): void {
  const attributes = new Set(asset_types.flatMap((type) => type.attributes))
  for (const { name, type } of columns) {
    if (form.columns.has(name) || type === 'empty') continue
    const inPath = name.startsWith('attributes.')
    const attribute = inPath ? name.slice('attributes.'.length) : name
    if (!inPath && !attributes.has(attribute)) continue
    if (!/^[A-Za-z][A-Za-z0-9_]{0,62}$/.test(attribute)) continue
    const target = `attributes.${attribute}`
    form.columns.set(name, { target, confidence: 0.9, why: 'it is an attribute of assets' })
    form.mapping.columns = { ...form.mapping.columns, [name]: target }
  }
}
