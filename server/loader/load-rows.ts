// A file of rows: those of a dataset, checked by its rules, as staged CSV; those of assets and signals as the fields
// of each row, which the service checks against what is stored.

import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import type { Cell, Column } from '../../contract/datasets.ts'
import type { Mapping } from '../../contract/mapping.ts'
import { compileRules, type RowFault } from '../domains/datasets/row-rules.ts'
import { marksOf } from '../number-text.ts'
import { type Conversion, convert } from '../unit.ts'
import { type FieldSources, findSources } from './columns.ts'
import { isCleanText, NOT_UTF8, quoteOf, readRecords } from './file-records.ts'
import {
  FileRefused,
  type LoaderCounts,
  type LoaderJob,
  type LoaderMessage,
  RECORDS_FILE,
  ROWS_FILE,
} from './job.ts'
import { type FileRecord, fieldText, rawText } from './record.ts'
import { createRefusals, type Refusal } from './refusals.ts'
import { createStagedWriter } from './staged-csv.ts'
import { createTextInstant } from './text-instant.ts'

interface Reporting {
  counts: LoaderCounts
  tell: (message: LoaderMessage) => void
}

/** Where the rows of a file go. */
export interface RowSink<T> {
  counts: LoaderCounts
  add: (row: T, record: FileRecord) => void
  /** Counts the row as refused. */
  refuse: (record: FileRecord, refusal: Refusal) => void
  /** Called after each chunk of the file, with how much of it has been read. */
  turn: (fraction: number) => Promise<void>
}

interface RowsTarget {
  columns: Column[]
  unique_key: string[] | null
}

/** Writes the rows that keep the dataset's rules, each with the line it stood in. */
export async function loadDatasetRows(
  job: LoaderJob,
  target: RowsTarget,
  { counts, tell }: Reporting,
): Promise<string | null> {
  const refusals = createRefusals(job.folder, counts)
  const rows = createStagedWriter(join(job.folder, ROWS_FILE))
  const header = await checkDatasetRows(job, target, {
    counts,
    add: (cells, record) => rows.write([...cells, record.line]),
    refuse: refusals.refuse,
    async turn(fraction) {
      await rows.drain()
      tell({ type: 'progress', fraction, rows_read: counts.rows_read })
    },
  })
  await rows.close()
  refusals.close()
  return header
}

/** Gives each row that keeps the rules to the sink, as cells in the order of the columns; writes nothing. */
export async function checkDatasetRows(
  job: LoaderJob,
  { columns, unique_key }: RowsTarget,
  sink: RowSink<Cell[]>,
): Promise<string | null> {
  const { mapping, now } = job
  const names = columns.map((column) => column.name)
  const compile = (conversions: Map<string, Conversion>) =>
    compileRules(
      { columns, unique_key },
      { ...marksOf(mapping), readInstant: createTextInstant(job, sink.counts) },
      { rules: mapping.rules, conversions, now },
    )
  const quote = quoteOf(mapping)
  const state = { sources: new Map() as FieldSources, rules: compile(new Map()) }
  return await readRows(job, names, sink, {
    header(header) {
      state.sources = findSources(header, mapping, { names })
      if (state.sources.size === 0) {
        throw new FileRefused(`none of the file's columns is a column of the dataset: ${names.join(', ')}`)
      }
      if (mapping.units) state.rules = compile(conversionsOf(mapping.units, state.sources, columns))
    },
    take(record) {
      const outcome = state.rules.ofText(names.map((name) => sourceText(record, state.sources, name, quote)))
      if ('fault' in outcome) sink.refuse(record, refusalOf(outcome.fault, state.sources))
      else sink.add(outcome.values, record)
    },
  })
}

/** By the file's column where one fills the field, for whoever mends it. */
function refusalOf(fault: RowFault, sources: FieldSources): Refusal {
  const source = sources.get(fault.column ?? '')
  return source && 'name' in source ? { ...fault, column: source.name } : fault
}

/** Of numbers that the file gives in another unit than their column has, by column of the dataset. */
function conversionsOf(
  units: NonNullable<Mapping['units']>,
  sources: FieldSources,
  columns: Column[],
): Map<string, Conversion> {
  const fields = new Map([...sources].map(([field, source]) => ['name' in source ? source.name : '', field]))
  return new Map(
    Object.entries(units).map(([name, unit]) => {
      const column = columns.find((one) => one.name === fields.get(name))
      // Whole numbers do not stay whole in another unit.
      if (column?.type !== 'number') {
        throw new FileRefused(
          `the mapping's units name ${JSON.stringify(name)}, which fills no column of type number`,
        )
      }
      const conversion = convert(unit, column.unit ?? '')
      if (!conversion) {
        const own = column.unit
          ? `${column.unit}, the unit of ${column.name}`
          : `${column.name}, which has no unit`
        throw new FileRefused(`${unit} cannot be converted to ${own}`)
      }
      return [column.name, conversion]
    }),
  )
}

/** A row of assets or signals: its texts by field. */
type RecordFields = Record<string, string | null>

/** Writes `{line, raw, fields}` of each row that can be read, one a line. */
export async function loadRecords(
  job: LoaderJob,
  fields: string[],
  { counts, tell }: Reporting,
): Promise<string | null> {
  const refusals = createRefusals(job.folder, counts)
  const records = createWriteStream(join(job.folder, RECORDS_FILE))
  const header = await checkRecords(job, fields, {
    counts,
    add(given, record) {
      records.write(`${JSON.stringify({ line: record.line, raw: rawText(record), fields: given })}\n`)
    },
    refuse: refusals.refuse,
    async turn(fraction) {
      if (records.writableNeedDrain) await once(records, 'drain')
      tell({ type: 'progress', fraction, rows_read: counts.rows_read })
    },
  })
  records.end()
  await once(records, 'close')
  refusals.close()
  return header
}

/** Gives the fields of each row that can be read to the sink; what they mean is not looked at. */
export async function checkRecords(
  job: LoaderJob,
  fields: string[],
  sink: RowSink<RecordFields>,
): Promise<string | null> {
  const { mapping } = job
  if (mapping.units) throw new FileRefused('units are for measurements and rows of datasets')
  const quote = quoteOf(mapping)
  const open = fields.includes('attributes') ? /^attributes\.[A-Za-z][A-Za-z0-9_]{0,62}$/ : undefined
  const state: { sources: FieldSources } = { sources: new Map() }
  return await readRows(job, fields, sink, {
    header(header) {
      state.sources = findSources(header, mapping, open ? { names: fields, open } : { names: fields })
      if (state.sources.size === 0)
        throw new FileRefused(`none of the file's columns is one of ${fields.join(', ')}`)
    },
    take(record) {
      const texts = [...state.sources.keys()].map((field) => [
        field,
        sourceText(record, state.sources, field, quote),
      ])
      sink.add(Object.fromEntries(texts), record)
    },
  })
}

interface RowTaker {
  header(names: string[]): void
  take(record: FileRecord): void
}

/** Reads rows that are whole and of clean text; the others are refused. Answers the header line of a CSV file. */
async function readRows(
  job: LoaderJob,
  fields: string[],
  sink: RowSink<never>,
  taker: RowTaker,
): Promise<string | null> {
  if (job.mapping.wide ?? job.mapping.time) throw new FileRefused('only measurements come in wide files')
  const state: { header: string | null } = { header: null }
  await readRecords(job, fields, {
    header(names, line) {
      state.header = line
      taker.header(names)
    },
    take(record) {
      sink.counts.rows_read++
      const whole = { column: null, value: null }
      if (record.broken) sink.refuse(record, { ...whole, rule: 'structure', reason: record.broken })
      else if (!isCleanText(record)) sink.refuse(record, { ...whole, rule: 'encoding', reason: NOT_UTF8 })
      else taker.take(record)
    },
    turn: sink.turn,
  })
  return state.header
}

function sourceText(record: FileRecord, sources: FieldSources, field: string, quote: number): string | null {
  const source = sources.get(field)
  if (!source) return null
  return 'constant' in source ? source.constant : fieldText(record, source.index, quote)
}
