// Requests against the contract: compiled once a schema; bodies are taken as they are, query strings are read first.

import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { Settings } from 'typebox/system'
import { AppError, type Fault } from '../errors.ts'
import { faultsOf } from './faults.ts'
import { readQuery } from './query.ts'

const PART_NAMES: Record<string, string> = {
  body: 'the body',
  querystring: 'the query string',
  params: 'the address',
  headers: 'the headers',
}

/** Fastify's validator: gives the value as the route will see it, or an AppError `invalid` with every fault. */
export function createValidatorCompiler(): FastifySchemaCompiler<TSchema> {
  Settings.Set({ maxErrors: 500 }) // the default of 8 ends in the middle of a union
  return ({ schema, httpPart }) => {
    const validator = Compile(schema)
    return (sent: unknown) => {
      const value = httpPart === 'querystring' ? readQuery(schema, sent) : sent
      if (validator.Check(value)) return { value }
      const faults = faultsOf(schema, validator.Errors(value))
      return {
        error: new AppError('invalid', summary(PART_NAMES[httpPart ?? 'body'] ?? 'it', faults), { faults }),
      }
    }
  }
}

function summary(part: string, faults: Fault[]): string {
  const [first] = faults
  if (first === undefined) return `in ${part}, something is not valid`
  const rest = faults.length === 1 ? '' : ` (and ${faults.length - 1} more, listed in errors)`
  return `in ${part}, ${first.path === '' ? 'the whole' : first.path} ${first.message}${rest}`
}
