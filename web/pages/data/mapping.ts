// How a file is read, as it is changed by hand: which column becomes which field, in long and in wide files. Pure.

import type { Column } from '../../../contract/datasets.ts'
import type { LoadPreview } from '../../../contract/loads.ts'
import type { Mapping } from '../../../contract/mapping.ts'

export interface FieldChoice {
  value: string
  label: string
}

const FIELDS: Record<string, readonly string[]> = {
  measurements: ['signal_id', 'asset_id', 'quantity', 'measured_at', 'value'],
  assets: ['id', 'type', 'name', 'parent_id', 'latitude', 'longitude'],
  signals: ['id', 'asset_id', 'name', 'quantity', 'unit'],
}
/** Fields that a file often lacks, as all of its rows have the same. */
const USUAL_CONSTANTS: Record<string, readonly string[]> = {
  measurements: ['signal_id', 'asset_id', 'quantity'],
  assets: ['type', 'parent_id'],
  signals: ['asset_id', 'quantity', 'unit'],
}
/** The column of a wide file whose values are those of one signal. */
export const OWN_SIGNAL = 'own signal'
const NOT_TAKEN = { value: '', label: 'not taken' }

/** The fields of a target; of a dataset, its columns, or undefined while it is not there. */
export function fieldsOf(target: string, columns?: readonly Column[]): readonly string[] | undefined {
  return target.startsWith('dataset:') ? columns?.map(({ name }) => name) : (FIELDS[target] ?? [])
}

/** What a column can become, for the list to choose from. */
export function fieldChoices(target: string, column: string, fields: readonly string[]): FieldChoice[] {
  const named = fields.map((field) => ({ value: field, label: field }))
  if (target === 'measurements') {
    return [NOT_TAKEN, ...named, { value: OWN_SIGNAL, label: 'own signal' }]
  }
  const attribute = `attributes.${column.replace(/[^A-Za-z0-9_]+/g, '_')}`
  return [NOT_TAKEN, ...named, ...(target === 'assets' ? [{ value: attribute, label: attribute }] : [])]
}

type Understood = Pick<LoadPreview, 'mapping' | 'columns'>

export function fieldOf({ mapping, columns }: Understood, column: string): string {
  if (mapping.time === column) return 'measured_at'
  if (mapping.wide !== undefined) {
    return mapping.wide === '*' || mapping.wide.includes(column) ? OWN_SIGNAL : ''
  }
  return columns.find(({ name }) => name === column)?.target ?? ''
}

/**
 * The part of a mapping that says what the columns become, with one of them changed. A field is that of one column, so
 * another that had it has none; the first column that is a signal of its own makes the file a wide one.
 */
export function withField(understood: Understood, column: string, field: string): Partial<Mapping> {
  const fields = new Map(understood.columns.map(({ name }) => [name, fieldOf(understood, name)]))
  for (const [name, other] of fields) if (other === field && field !== OWN_SIGNAL) fields.set(name, '')
  const wasWide = understood.mapping.wide !== undefined
  fields.set(column, field)
  const named = [...fields].filter(([, other]) => other !== '')
  const wide = named.filter(([, other]) => other === OWN_SIGNAL).map(([name]) => name)
  const isWide = wide.length > 0 && (field === OWN_SIGNAL || !wasWide || isOfWide(field))
  if (!isWide) return { columns: Object.fromEntries(named.filter(([, other]) => other !== OWN_SIGNAL)) }
  const time = named.find(([, other]) => other === 'measured_at')?.[0]
  return { wide, ...(time === undefined ? {} : { time }) }
}

const isOfWide = (field: string) => field === '' || field === 'measured_at'

/** Fields that no column gives and that may be the same in every row. */
export function missingFields(target: string, understood: Understood): string[] {
  if (understood.mapping.wide !== undefined) return []
  const given = new Set(understood.columns.map(({ name }) => fieldOf(understood, name)))
  return (USUAL_CONSTANTS[target] ?? []).filter((field) => {
    if (target === 'measurements' && field === 'signal_id') return !given.has('asset_id') && !given.has(field)
    if (target === 'measurements') return !given.has('signal_id') && !given.has(field)
    return !given.has(field)
  })
}

/** Some of a mapping; what is undefined or empty is guessed. */
export type MappingChange = { [key in keyof Mapping]?: Mapping[key] | undefined }

/** With `change` over it. */
export function changed(mapping: Mapping, change: MappingChange): Mapping {
  const entries = Object.entries({ ...mapping, ...change })
  return Object.fromEntries(entries.filter(([, value]) => !isNothing(value)))
}

/** Changes after which the file has other columns. */
const OTHER_COLUMNS = ['format', 'delimiter', 'quote', 'encoding', 'header', 'skip_lines', 'records', 'sheet']

/**
 * A change with what the columns are taken for beside it, so that a number or time that is read differently does not
 * make another file of it; where the columns change, they are guessed anew.
 */
export function withForm(change: MappingChange, understood: Understood | undefined): MappingChange {
  if (OTHER_COLUMNS.some((key) => Object.hasOwn(change, key))) {
    return { columns: undefined, time: undefined, wide: undefined, ...change }
  }
  if (understood === undefined) return change
  const { columns, time, wide, create_signals } = understood.mapping
  return { columns, time, wide, create_signals, ...change }
}

/** What is left of a mapping when the file goes elsewhere: how it is read, not what its columns become. */
export function withoutFields(mapping: Mapping): Mapping {
  return changed(mapping, {
    columns: undefined,
    constants: undefined,
    time: undefined,
    wide: undefined,
    rules: undefined,
    units: undefined,
  })
}

/** `record` with `key` set to `value`, or without it when that is empty. */
export function withKey<V>(record: Record<string, V> | undefined, key: string, value: V): Record<string, V> {
  const { [key]: _, ...rest } = record ?? {}
  return isNothing(value) ? rest : { ...rest, [key]: value }
}

function isNothing(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0
  return value === undefined || value === '' || value === null
}

/** A table's name from a file's. */
export function datasetNameOf(fileName: string): string {
  const plain = fileName
    .toLowerCase()
    .replace(/\..*$/, '')
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^[^a-z]+|_+$/g, '')
  return plain.slice(0, 63) || 'table'
}
