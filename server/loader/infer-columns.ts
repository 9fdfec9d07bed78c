// The columns of a dataset that its first file makes: names from the header, types from the first rows.

import type { Column, ColumnType } from '../../contract/datasets.ts'
import { compileRules } from '../domains/datasets/row-rules.ts'
import { marksOf } from '../number-text.ts'
import { list } from './columns.ts'
import { hasColumns, namesOf, quoteOf, readRecords } from './file-records.ts'
import { FileRefused, type LoaderJob } from './job.ts'
import { type FileRecord, fieldText } from './record.ts'
import { createTextInstant } from './text-instant.ts'

/** Rows that are looked at; a later row of another type is refused by its column, with its reason. */
const SAMPLE_ROWS = 1000
const NAME = /^[A-Za-z][A-Za-z0-9_]{0,62}$/
/** From narrow to wide: the first that fits every value of the sample. */
const TYPES: ColumnType[] = ['integer', 'number', 'boolean', 'date', 'timestamp', 'text']

/** Thrown out of the reading when enough has been seen. */
class Enough extends Error {}

interface Sample {
  /** The file's columns that become columns, by their place. */
  columns: { index: number; name: string; values: string[]; unit: string | undefined }[]
  rows: number
}

/** Columns in the order of the file. One without any value is text; one with a unit of the mapping has numbers. */
export async function inferColumns(job: LoaderJob): Promise<Column[]> {
  const quote = quoteOf(job.mapping)
  const sample: Sample = { columns: [], rows: 0 }
  const take = (record: FileRecord) => {
    if (record.broken) return
    for (const column of sample.columns) {
      const text = fieldText(record, column.index, quote)?.trim()
      if (text !== undefined && text !== '') column.values.push(text)
    }
    sample.rows++
    if (sample.rows === SAMPLE_ROWS) throw new Enough()
  }
  const jsonKeys = await jsonKeysOf(job)
  await untilEnough(() =>
    readRecords(job, jsonKeys, {
      header(names) {
        sample.columns = columnsOf(names, job)
      },
      take,
      turn: () => Promise.resolve(),
    }),
  )
  if (sample.rows === 0) throw new FileRefused('the file has no row that tells the types of its columns')
  const fits = createFits(job)
  return sample.columns.map(({ name, values, unit }) => {
    if (unit !== undefined) return { name, type: 'number', unit }
    return {
      name,
      type: values.length === 0 ? 'text' : (TYPES.find((type) => fits(type, values)) ?? 'text'),
    }
  })
}

async function untilEnough(read: () => Promise<void>): Promise<void> {
  try {
    await read()
  } catch (error) {
    if (!(error instanceof Enough)) throw error
  }
}

function columnsOf(header: string[], { mapping }: LoaderJob): Sample['columns'] {
  const columns = header.flatMap((name, index) => {
    const field = mapping.columns ? mapping.columns[name] : name
    return field === undefined ? [] : [{ index, name: field, values: [], unit: mapping.units?.[name] }]
  })
  const unusable = columns.find(({ name }) => !NAME.test(name))
  if (unusable !== undefined) {
    throw new FileRefused(
      `${JSON.stringify(unusable.name)} cannot be the name of a column: letters, digits and _ only, a letter first; give it another name in the mapping's columns`,
    )
  }
  if (columns.length === 0)
    throw new FileRefused(`none of the file's columns is used; they are ${list(header)}`)
  return columns
}

/** Records of JSON and XML have no header: their columns are the keys of the first ones, in the order of appearance. */
export async function jsonKeysOf(job: LoaderJob): Promise<string[]> {
  if (hasColumns(job) || job.mapping.columns) return []
  const keys = new Set<string>()
  const state = { rows: 0 }
  await untilEnough(() =>
    readRecords(job, [], {
      header: () => {},
      take(record) {
        for (const name of namesOf(record)) keys.add(name)
        state.rows++
        if (state.rows === SAMPLE_ROWS) throw new Enough()
      },
      turn: () => Promise.resolve(),
    }),
  )
  return [...keys]
}

function createFits(job: LoaderJob): (type: ColumnType, values: string[]) => boolean {
  const reading = { ...marksOf(job.mapping), readInstant: createTextInstant(job) }
  return (type, values) => {
    // 007 is a name, not the number seven.
    if ((type === 'integer' || type === 'number') && values.some((value) => /^[+-]?0\d/.test(value)))
      return false
    const rules = compileRules({ columns: [{ name: 'value', type }], unique_key: null }, reading)
    return values.every((value) => 'values' in rules.ofText([value]))
  }
}
