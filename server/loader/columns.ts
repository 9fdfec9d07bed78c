// Which column of a file, or which constant, fills each field of the target: worked out once, from the header and the
// mapping, with a sentence where the two do not fit.

import type { Mapping } from '../../contract/mapping.ts'
import { FileRefused } from './job.ts'

/** Where a field's text comes from. */
export type FieldSource = { index: number; name: string } | { constant: string }

export type FieldSources = Map<string, FieldSource>

/** Fields of the target; `open` takes any name that matches. */
export interface TargetFields {
  names: string[]
  open?: RegExp
}

const isField = (name: string, { names, open }: TargetFields) =>
  names.includes(name) || open?.test(name) === true

/**
 * Sources by field. Without `mapping.columns` the file's columns fill the fields of their own names, and others are
 * left alone; with it, only those that it names.
 */
export function findSources(header: string[], mapping: Mapping, fields: TargetFields): FieldSources {
  const sources: FieldSources = new Map()
  for (const [field, value] of Object.entries(mapping.constants ?? {})) {
    if (!isField(field, fields)) throw new FileRefused(unknownField('constants', field, fields))
    sources.set(field, { constant: String(value) })
  }
  const chosen =
    mapping.columns ??
    Object.fromEntries(header.filter((name) => isField(name, fields)).map((name) => [name, name]))
  for (const [column, field] of Object.entries(chosen)) {
    if (!isField(field, fields)) throw new FileRefused(unknownField('columns', field, fields))
    const index = header.indexOf(column)
    if (index < 0) {
      throw new FileRefused(
        `the file has no column ${JSON.stringify(column)}; its columns are ${list(header)}`,
      )
    }
    if (header.indexOf(column, index + 1) >= 0)
      throw new FileRefused(`the file has two columns ${JSON.stringify(column)}`)
    if (sources.has(field)) throw new FileRefused(`the field ${field} is filled twice by the mapping`)
    sources.set(field, { index, name: column })
  }
  return sources
}

function unknownField(where: string, field: string, { names }: TargetFields): string {
  return `the mapping's ${where} name ${JSON.stringify(field)}, which is no field of the target; its fields are ${names.join(', ')}`
}

/** Refuses a file that cannot fill a field which every row needs. */
export function requireFields(sources: FieldSources, needed: string[], header: string[]): void {
  const missing = needed.find((field) => !sources.has(field))
  if (missing === undefined) return
  throw new FileRefused(
    `no column gives ${missing}: name it in the mapping's columns; the columns of the file are ${list(header)}`,
  )
}

export function list(names: string[]): string {
  const shown = names.slice(0, 20).map((name) => JSON.stringify(name.slice(0, 60)))
  return shown.join(', ') + (names.length > 20 ? ` and ${names.length - 20} more` : '')
}
