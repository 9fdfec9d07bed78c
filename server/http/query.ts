// Query strings: text made into what the schema asks for. Bodies never pass through here.

import type { TSchema } from 'typebox'

interface Property {
  type?: string
  anyOf?: Property[]
  items?: Property
  default?: unknown
}

/**
 * The parameters with numbers, booleans and lists read from their text, and defaults put where nothing was sent. A
 * list is sent repeatedly or with commas between. What cannot be read stays text, for the schema to refuse.
 */
export function readQuery(schema: TSchema, sent: unknown): Record<string, unknown> {
  const { properties = {} } = schema as { properties?: Record<string, Property> } // every query schema is an object
  const given = Object.entries(sent ?? {}).map(([name, value]) => [name, read(properties[name] ?? {}, value)])
  const defaults = Object.entries(properties)
    .filter(([, property]) => property.default !== undefined)
    .map(([name, property]) => [name, property.default])
  return Object.fromEntries([...defaults, ...given])
}

function read(property: Property, value: unknown): unknown {
  if (property.type === 'array') {
    const texts = [value].flat().flatMap((text) => (typeof text === 'string' ? text.split(',') : [text]))
    return texts.map((text) => read(property.items ?? {}, text))
  }
  if (typeof value !== 'string') return value
  const types = property.anyOf?.map(({ type }) => type) ?? [property.type]
  if (types.includes('boolean') && (value === 'true' || value === 'false')) return value === 'true'
  if (types.some((type) => type === 'number' || type === 'integer') && isNumber(value)) return Number(value)
  return value
}

function isNumber(text: string): boolean {
  return /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text) && Number.isFinite(Number(text))
}
