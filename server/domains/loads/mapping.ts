// A mapping as it comes with a request: JSON text, held against the contract.

import { Compile } from 'typebox/compile'
import { Mapping } from '../../../contract/mapping.ts'
import { AppError } from '../../errors.ts'

const mappingCheck = Compile(Mapping)

/** A mapping from the text of a request. AppError `invalid` with the place of what is wrong. */
export function parseMapping(text: string | undefined): Mapping {
  if (text === undefined || text.trim() === '') return {}
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new AppError('invalid', 'the mapping is not JSON', {
      cause,
      faults: [{ path: '/mapping', message: 'must be JSON' }],
    })
  }
  if (mappingCheck.Check(value)) return value
  const faults = mappingCheck.Errors(value).slice(0, 20)
  throw new AppError('invalid', 'the mapping is not valid', {
    faults: faults.map(({ instancePath, message }) => ({ path: `/mapping${instancePath}`, message })),
  })
}
