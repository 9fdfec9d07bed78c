// A file of rows: those of a dataset, checked by its rules, as staged CSV; those of assets and signals as the fields
// of each row, which the service checks against what is stored.

import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import type { Column } from '../../contract/datasets.ts'
import { compileRules } from '../domains/datasets/row-rules.ts'
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
import { createRefusals } from './refusals.ts'
import { createStagedWriter } from './staged-csv.ts'
import { createTextInstant } from './text-instant.ts'

interface Reporting {
  counts: LoaderCounts
  tell: (message: LoaderMessage) => void
}

/** Writes the rows that keep the dataset's rules, each with the line it stood in. */
export async function loadDatasetRows(
  job: LoaderJob,
  { columns, unique_key }: { columns: Column[]; unique_key: string[] | null },
  { counts, tell }: Reporting,
): Promise<string | null> {
  const { mapping } = job
  const refusals = createRefusals(job.folder, counts)
  const rows = createStagedWriter(join(job.folder, ROWS_FILE))
  const names = columns.map((column) => column.name)
  const rules = compileRules(
    { columns, unique_key },
    { readInstant: createTextInstant(job), decimal: mapping.decimal ?? '.' },
  )
  const quote = quoteOf(mapping)
  const state: { sources: FieldSources; header: string | null } = { sources: new Map(), header: null }
  await readRecords(job, names, {
    header(header, line) {
      state.header = line
      state.sources = findSources(header, mapping, { names })
      if (state.sources.size === 0) {
        throw new FileRefused(`none of the file's columns is a column of the dataset: ${names.join(', ')}`)
      }
    },
    take(record) {
      counts.rows_read++
      const reason = record.broken || (isCleanText(record) ? '' : NOT_UTF8)
      if (reason) {
        refusals.refuse(record, {
          column: null,
          value: null,
          rule: record.broken ? 'structure' : 'encoding',
          reason,
        })
        return
      }
      const outcome = rules.ofText(names.map((name) => sourceText(record, state.sources, name, quote)))
      if ('fault' in outcome) refusals.refuse(record, outcome.fault)
      else rows.write([...outcome.values, record.line])
    },
    async turn(fraction) {
      await rows.drain()
      await refusals.drain()
      tell({ type: 'progress', fraction, rows_read: counts.rows_read })
    },
  })
  await rows.close()
  await refusals.close()
  return state.header
}

/** Writes `{line, raw, fields}` of each row that can be read, one a line. */
export async function loadRecords(
  job: LoaderJob,
  fields: string[],
  { counts, tell }: Reporting,
): Promise<string | null> {
  const { mapping } = job
  const refusals = createRefusals(job.folder, counts)
  const records = createWriteStream(join(job.folder, RECORDS_FILE))
  const quote = quoteOf(mapping)
  const open = fields.includes('attributes') ? /^attributes\.[A-Za-z][A-Za-z0-9_]{0,62}$/ : undefined
  const state: { sources: FieldSources; header: string | null } = { sources: new Map(), header: null }
  await readRecords(job, fields, {
    header(header, line) {
      state.header = line
      state.sources = findSources(header, mapping, open ? { names: fields, open } : { names: fields })
      if (state.sources.size === 0)
        throw new FileRefused(`none of the file's columns is one of ${fields.join(', ')}`)
    },
    take(record) {
      counts.rows_read++
      const reason = record.broken || (isCleanText(record) ? '' : NOT_UTF8)
      if (reason) {
        refusals.refuse(record, {
          column: null,
          value: null,
          rule: record.broken ? 'structure' : 'encoding',
          reason,
        })
        return
      }
      const texts = [...state.sources.keys()].map((field) => [
        field,
        sourceText(record, state.sources, field, quote),
      ])
      records.write(
        `${JSON.stringify({ line: record.line, raw: rawText(record), fields: Object.fromEntries(texts) })}\n`,
      )
    },
    async turn(fraction) {
      if (records.writableNeedDrain) await once(records, 'drain')
      await refusals.drain()
      tell({ type: 'progress', fraction, rows_read: counts.rows_read })
    },
  })
  records.end()
  await once(records, 'close')
  await refusals.close()
  return state.header
}

function sourceText(record: FileRecord, sources: FieldSources, field: string, quote: number): string | null {
  const source = sources.get(field)
  if (!source) return null
  return 'constant' in source ? source.constant : fieldText(record, source.index, quote)
}
