// What a schema found wrong, in words for the sender: a JSON pointer and what would be right there. Of a union,
// only the branch that the value most resembles is reported.

import type { TSchema } from 'typebox'
import type { TLocalizedValidationError } from 'typebox/error'
import type { Fault } from '../errors.ts'

const FAULTS_SHOWN = 100

/** Where a value breaks its schema and what the schema says there; one fault a place. */
export function faultsOf(schema: TSchema, errors: TLocalizedValidationError[]): Fault[] {
  let chosen: Found[] = []
  for (const error of errors) {
    if (error.keyword === 'anyOf') chosen = settleUnion(chosen, error)
    else chosen.push({ error })
  }
  const faults = chosen.flatMap(({ error, message }) =>
    message === undefined ? describe(schema, error) : [{ path: error.instancePath, message }],
  )
  const firstAtPath = faults.filter(
    (fault, index) => faults.findIndex(({ path }) => path === fault.path) === index,
  )
  return firstAtPath.slice(0, FAULTS_SHOWN)
}

/** An error still in the engine's terms, or with the words that replace them. */
interface Found {
  error: TLocalizedValidationError
  message?: string
  /** What the place may be, where it is only a matter of that. */
  types?: string[]
}

function settleUnion(found: Found[], union: TLocalizedValidationError): Found[] {
  const branchOf = ({ error }: Found): string | undefined => {
    const within =
      error.instancePath === union.instancePath || error.instancePath.startsWith(`${union.instancePath}/`)
    const below = error.schemaPath.startsWith(`${union.schemaPath}/anyOf/`)
    return within && below ? error.schemaPath.slice(union.schemaPath.length + 7).split('/')[0] : undefined
  }
  const branches = Object.values(Object.groupBy(found.filter(branchOf), (one) => branchOf(one) ?? ''))
  const others = found.filter((one) => branchOf(one) === undefined)
  return [
    ...others,
    ...nearestBranch(
      union,
      branches.filter((branch) => branch !== undefined),
    ),
  ]
}

function nearestBranch(union: TLocalizedValidationError, branches: Found[][]): Found[] {
  const choices = branches.map((branch) => branch.find(({ error }) => error.keyword === 'const'))
  const path = choices[0]?.error.instancePath
  if (path !== undefined && choices.every((choice) => choice?.error.instancePath === path)) {
    const allowed = choices.flatMap((choice) => (choice === undefined ? [] : constantOf(choice.error)))
    const message = `must be one of ${[...new Set(allowed)].join(', ')}`
    return [{ error: { ...union, instancePath: path }, message }]
  }
  const alike = branches.filter((branch) => !branch.some(({ error }) => error.keyword === 'const'))
  const shapes = alike.filter((branch) => !branch.some((one) => isOtherType(one, union)))
  const [best] = shapes.toSorted((a, b) => weight(a) - weight(b))
  if (best !== undefined) return best
  const types = [...new Set(branches.flat().flatMap(typesOf))]
  return [
    { error: union, types, message: types.length > 0 ? `must be ${types.join(' or ')}` : 'is not accepted' },
  ]
}

function typesOf({ error, types }: Found): string[] {
  return types ?? (error.keyword === 'type' ? [typeName(error.params.type)] : [])
}

function isOtherType({ error, types }: Found, union: TLocalizedValidationError): boolean {
  return (error.keyword === 'type' || types !== undefined) && error.instancePath === union.instancePath
}

/** A missing or unknown key says more against a branch than a wrong value does. */
function weight(branch: Found[]): number {
  return branch.reduce(
    (sum, { error }) => sum + (error.keyword === 'required' || error.keyword === 'boolean' ? 3 : 1),
    0,
  )
}

function constantOf(error: TLocalizedValidationError): string[] {
  return error.keyword === 'const' ? [JSON.stringify(error.params.allowedValue)] : []
}

function describe(schema: TSchema, error: TLocalizedValidationError): Fault[] {
  const path = error.instancePath
  if (error.keyword === 'required') {
    return error.params.requiredProperties.map((name) => ({
      path: `${path}/${escapePointer(name)}`,
      message: 'is required',
    }))
  }
  // Each unknown key is also reported on its own, as a schema that is false.
  if (error.keyword === 'additionalProperties') {
    return error.params.additionalProperties.map((name) => ({
      path: `${path}/${escapePointer(name)}`,
      message: 'is not known here',
    }))
  }
  return [{ path, message: sentence(schema, error) }]
}

function sentence(schema: TSchema, error: TLocalizedValidationError): string {
  switch (error.keyword) {
    case 'boolean':
      return 'is not known here'
    case 'type':
      return `must be ${[error.params.type].flat().map(typeName).join(' or ')}`
    case 'const':
      return `must be ${JSON.stringify(error.params.allowedValue)}`
    case 'enum':
      return `must be one of ${error.params.allowedValues.map((value) => JSON.stringify(value)).join(', ')}`
    case 'pattern':
      return patternSentence(schemaAt(schema, error.schemaPath), error.params.pattern)
    case 'format':
      return `must be a ${error.params.format}`
    case 'minLength':
      return error.params.limit === 1
        ? 'must not be empty'
        : `must have at least ${error.params.limit} characters`
    case 'maxLength':
      return `must have at most ${error.params.limit} characters`
    case 'minimum':
    case 'exclusiveMinimum':
      return `must be ${error.keyword === 'minimum' ? 'at least' : 'more than'} ${error.params.limit}`
    case 'maximum':
    case 'exclusiveMaximum':
      return `must be ${error.keyword === 'maximum' ? 'at most' : 'less than'} ${error.params.limit}`
    case 'minItems':
      return `must have at least ${error.params.limit} ${error.params.limit === 1 ? 'item' : 'items'}`
    case 'maxItems':
      return `must have at most ${error.params.limit} items`
    case 'minProperties':
      return `must have at least ${error.params.limit} ${error.params.limit === 1 ? 'member' : 'members'}`
    case 'maxProperties':
      return `must have at most ${error.params.limit} members`
    case 'uniqueItems':
      return 'must not name anything twice'
    default:
      return error.message
  }
}

function patternSentence(schema: unknown, pattern: string | RegExp): string {
  const { description, examples } = (schema ?? {}) as { description?: string; examples?: unknown[] } // any schema may have them
  if (description !== undefined) return `is not accepted; it takes: ${description}`
  if (examples?.[0] !== undefined) return `must look like ${JSON.stringify(examples[0])}`
  return `must match ${pattern}`
}

function schemaAt(schema: unknown, schemaPath: string): unknown {
  return schemaPath
    .split('/')
    .slice(1)
    .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[unescapePointer(key)], schema) // walks objects only
}

function typeName(type: string | string[]): string {
  const names: Record<string, string> = {
    integer: 'a whole number',
    number: 'a number',
    string: 'text',
    boolean: 'true or false',
    array: 'a list',
    object: 'an object',
    null: 'null',
  }
  return [type]
    .flat()
    .map((name) => names[name] ?? name)
    .join(' or ')
}

function escapePointer(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}

function unescapePointer(key: string): string {
  return key.replaceAll('~1', '/').replaceAll('~0', '~')
}
