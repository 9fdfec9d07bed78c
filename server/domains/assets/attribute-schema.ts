// JSON Schemas that users give for the attributes of a type of asset: which are taken, and what they find wrong.
// Draft 2020-12 without references; schemas are read, never turned into code. Knows nothing of storage.

import * as Schema from 'typebox/schema'
import type { RejectRule } from '../../../contract/rejects.ts'
import type { Fault } from '../../errors.ts'
import { compilePattern } from '../../pattern.ts'

export type AttributeSchema = Record<string, unknown>
export type Attributes = Record<string, unknown>

/** What is wrong with an attribute, and which kind of rule it breaks. */
export interface AttributeFault extends Fault {
  rule: RejectRule
}

/** What is wrong with attributes; paths begin with `/attributes`. Empty when nothing is. */
export type AttributeCheck = (attributes: Attributes) => AttributeFault[]

export const SCHEMA_LIMIT = 32_768
export const ATTRIBUTES_LIMIT = 65_536
const DEPTH_LIMIT = 16
/** Of the JSON of a schema: keyword, name of a member and schema are a level each. */
const SCHEMA_DEPTH_LIMIT = 3 * DEPTH_LIMIT
const FAULTS_SHOWN = 20

const TYPES = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null']
const FORMATS = ['date', 'date-time', 'time', 'duration', 'email', 'hostname', 'ipv4', 'ipv6', 'uri', 'uuid']

type Look = (value: unknown, path: string, depth: number) => Fault[]

const anything: Look = () => []
const isNumber = (value: unknown) => typeof value === 'number' && Number.isFinite(value)
const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0 // a number by then
const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string')
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function must(be: string, holds: (value: unknown) => boolean): Look {
  return (value, path) => (holds(value) ? [] : [{ path, message: `must be ${be}` }])
}

const text = must('text', (value) => typeof value === 'string')
const flag = must('true or false', (value) => typeof value === 'boolean')
const number = must('a number', isNumber)
const count = must('a whole number from 0', isCount)
const names = must(
  'a list of different names',
  (value) => isTexts(value) && new Set(value).size === value.length,
)

const schemas: Look = (value, path, depth) => {
  if (!Array.isArray(value) || value.length === 0) return [{ path, message: 'must be a list of schemas' }]
  return value.flatMap((item, index) => lookAtSchema(item, `${path}/${index}`, depth))
}

const membersAs =
  (look: Look): Look =>
  (value, path, depth) => {
    if (!isObject(value)) return [{ path, message: 'must be an object by the names of attributes' }]
    return Object.entries(value).flatMap(([name, item]) =>
      look(item, `${path}/${escapePointer(name)}`, depth),
    )
  }

const pattern: Look = (value, path) => {
  if (typeof value !== 'string') return [{ path, message: 'must be text' }]
  const compiled = compilePattern(value, 'anywhere')
  return 'fault' in compiled ? [{ path, message: `the pattern ${compiled.fault}` }] : []
}

const lookAtSchema: Look = (value, path, depth) => {
  if (typeof value === 'boolean') return []
  if (!isObject(value)) return [{ path, message: 'must be a schema: an object, true or false' }]
  if (depth > DEPTH_LIMIT) return [{ path, message: `schemas nest at most ${DEPTH_LIMIT} deep` }]
  return Object.entries(value).flatMap(([keyword, item]) => {
    const at = `${path}/${escapePointer(keyword)}`
    const look = KEYWORDS.get(keyword)
    if (!look) return [{ path: at, message: `this keyword is not known here; known are ${known()}` }]
    return look(item, at, depth + 1)
  })
}

const KEYWORDS = new Map<string, Look>([
  ['type', must(`one of ${TYPES.join(', ')}, or a list of them`, isType)],
  ...each(['title', 'description', '$schema', '$comment'], text),
  ['format', must(`one of ${FORMATS.join(', ')}`, (value) => FORMATS.includes(String(value)))],
  ['pattern', pattern],
  ...each(['default', 'const'], anything),
  ['examples', must('a list', Array.isArray)],
  ['enum', must('a list of at least one value', (value) => Array.isArray(value) && value.length > 0)],
  ...each(['deprecated', 'readOnly', 'writeOnly', 'uniqueItems'], flag),
  ...each(['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'], number),
  ['multipleOf', must('a number above 0', (value) => isNumber(value) && (value as number) > 0)], // a number by then
  ...each(['minLength', 'maxLength', 'minItems', 'maxItems', 'minContains', 'maxContains'], count),
  ...each(['minProperties', 'maxProperties'], count),
  ['required', names],
  ['dependentRequired', membersAs(names)],
  ...each(
    ['items', 'contains', 'additionalProperties', 'propertyNames', 'not', 'if', 'then', 'else'],
    lookAtSchema,
  ),
  ...each(['allOf', 'anyOf', 'oneOf', 'prefixItems'], schemas),
  ...each(['properties', 'dependentSchemas'], membersAs(lookAtSchema)),
])

function each(keywords: string[], look: Look): [string, Look][] {
  return keywords.map((keyword) => [keyword, look])
}

function known(): string {
  return [...KEYWORDS.keys()].sort().join(', ')
}

function isType(value: unknown): boolean {
  const listed = typeof value === 'string' ? [value] : value
  return isTexts(listed) && listed.length > 0 && listed.every((item) => TYPES.includes(item))
}

/** What keeps a schema from being one for attributes; paths begin with `/attributes_schema`. */
export function findSchemaFaults(schema: AttributeSchema): Fault[] {
  const path = '/attributes_schema'
  if (depthOf(schema, SCHEMA_DEPTH_LIMIT) > SCHEMA_DEPTH_LIMIT)
    return [{ path, message: 'is nested too deep' }]
  if (JSON.stringify(schema).length > SCHEMA_LIMIT) {
    return [{ path, message: `must be at most ${SCHEMA_LIMIT} characters of JSON` }]
  }
  const faults = lookAtSchema(schema, path, 0)
  if (schema.type !== 'object') faults.push({ path: `${path}/type`, message: 'must be "object"' })
  return faults.slice(0, FAULTS_SHOWN)
}

/** The check of a schema in which `findSchemaFaults` finds nothing. */
export function compileAttributes(schema: AttributeSchema): AttributeCheck {
  const checked = withSafePatterns(schema)
  return (attributes) => {
    const unstorable = findUnstorable(attributes)
    if (unstorable.length > 0) return unstorable.map((fault) => ({ ...fault, rule: 'type' }))
    if (Schema.Check(checked, attributes)) return []
    const [, errors] = Schema.Errors(checked, attributes)
    return errors
      .filter(isFirstToSay)
      .flatMap((error) => faultsOf(error).map((fault) => ({ ...fault, rule: ruleOf(error.keyword) })))
      .slice(0, FAULTS_SHOWN)
  }
}

/** The same schema with each `pattern` replaced by a check in linear time. Names of attributes are left alone. */
function withSafePatterns(value: unknown): Record<string, unknown> {
  return rewrite(value, 'schema') as Record<string, unknown> // a schema gives a schema
}

function rewrite(value: unknown, kind: 'schema' | 'members'): unknown {
  if (Array.isArray(value)) return value.map((item) => rewrite(item, kind))
  if (!isObject(value)) return value
  const entries = Object.entries(value).map(([key, item]): [string, unknown] => {
    if (kind === 'members') return [key, rewrite(item, 'schema')]
    if (key === 'pattern') return ['~refine', [refinement(String(item))]]
    if (key === 'properties' || key === 'dependentSchemas') return [key, rewrite(item, 'members')]
    return [key, key === 'const' || key === 'enum' || key === 'default' ? item : rewrite(item, 'schema')]
  })
  return Object.fromEntries(entries)
}

function refinement(source: string) {
  const compiled = compilePattern(source, 'anywhere')
  if ('fault' in compiled) throw new Error(`a stored pattern ${compiled.fault}`)
  return {
    check: (value: unknown) => typeof value !== 'string' || compiled.matches(value),
    error: () => `must match the pattern ${source}`,
  }
}

type SchemaError = ReturnType<typeof Schema.Errors>[1][number]

/** An attribute that is not of the type is said twice; the other time with its name. */
function isFirstToSay(error: SchemaError): boolean {
  return !(error.keyword === 'boolean' && error.schemaPath.endsWith('/additionalProperties'))
}

function faultsOf(error: SchemaError): Fault[] {
  const path = `/attributes${error.instancePath}`
  switch (error.keyword) {
    case 'boolean':
      return [{ path, message: 'must be left out' }]
    case 'required':
      return error.params.requiredProperties.map((name) => ({
        path: `${path}/${escapePointer(name)}`,
        message: 'is required by this type',
      }))
    case 'additionalProperties':
      return error.params.additionalProperties.map((name) => ({
        path: `${path}/${escapePointer(name)}`,
        message: 'is not an attribute of this type',
      }))
    case 'enum': {
      const allowed = error.params.allowedValues.map((value) => JSON.stringify(value))
      return [{ path, message: `must be one of ${allowed.join(', ')}` }]
    }
    default:
      return [{ path, message: error.message }]
  }
}

const RULES = new Map<string, RejectRule>([
  ['required', 'required'],
  ['dependentRequired', 'required'],
  ['additionalProperties', 'structure'],
  ['boolean', 'structure'],
  ['enum', 'one_of'],
  ['const', 'one_of'],
  ['~refine', 'pattern'],
  ['uniqueItems', 'unique'],
])

/** Of lengths, counts and bounds `range`. */
function ruleOf(keyword: string): RejectRule {
  const bounds = /^(exclusive)?(min|max)|^multipleOf$/i
  return RULES.get(keyword) ?? (bounds.test(keyword) ? 'range' : 'type')
}

/** What cannot be stored as JSON in every engine, or is larger than attributes are for. */
function findUnstorable(attributes: Attributes): Fault[] {
  const path = '/attributes'
  if (depthOf(attributes, DEPTH_LIMIT) > DEPTH_LIMIT)
    return [{ path, message: `may nest at most ${DEPTH_LIMIT} deep` }]
  const text = JSON.stringify(attributes)
  if (text.length > ATTRIBUTES_LIMIT) {
    return [{ path, message: `must be at most ${ATTRIBUTES_LIMIT} characters of JSON` }]
  }
  // JSON.stringify writes both as escapes, and a backslash of the text itself as two.
  if (/(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/.test(text)) {
    return [{ path, message: 'must not contain the character NUL or half of a character pair' }]
  }
  return hasInfinite(attributes) ? [{ path, message: 'must not contain numbers beyond 1.8e308' }] : []
}

/** Stops counting beyond the limit, so that depth never costs a stack. */
function depthOf(value: unknown, limit: number, depth = 0): number {
  if (typeof value !== 'object' || value === null || depth > limit) return depth
  return Object.values(value).reduce<number>(
    (most, item) => Math.max(most, depthOf(item, limit, depth + 1)),
    depth + 1,
  )
}

function hasInfinite(value: unknown): boolean {
  if (typeof value === 'number') return !Number.isFinite(value)
  return typeof value === 'object' && value !== null && Object.values(value).some(hasInfinite)
}

function escapePointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1')
}
