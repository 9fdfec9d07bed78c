// One way to understand a file: a target, and the columns that fill its fields. Pure.

import type { Mapping } from '../../contract/mapping.ts'
import type { FieldGuess, FilledField } from './guess-fields.ts'
import type { Known } from './job.ts'

export interface Form extends FieldGuess {
  target: string
  /** What each column that is used is for: a field, or in wide form `value`. */
  columns: Map<string, FieldGuess & { target: string }>
  mapping: Mapping
  notes: string[]
}

/** What is known beside the columns. */
export interface Surroundings {
  known: Known
  fileName: string
  /** Whether the file names its columns. */
  header: boolean
}

const LEAST_SURE = 0.05

export function formOf(
  target: string,
  filled: Map<string, FilledField>,
  rest: Omit<Form, 'target' | 'columns'>,
): Form {
  const columns = [...filled].map(
    ([field, { column, confidence, why }]) => [column.name, { target: field, confidence, why }] as const,
  )
  const names = Object.fromEntries([...filled].map(([field, { column }]) => [column.name, field]))
  return { target, columns: new Map(columns), ...rest, mapping: { columns: names, ...rest.mapping } }
}

/** How sure the least sure of the fields is. */
export const weakest = (fields: (FieldGuess | undefined)[]) =>
  Math.min(...fields.map((field) => field?.confidence ?? LEAST_SURE))

/** The name of a file without folders and endings. */
export const stemOf = (fileName: string) =>
  fileName.replace(/^.*[\\/]/, '').replace(/(\.[A-Za-z0-9]{1,8}){1,2}$/, '')
