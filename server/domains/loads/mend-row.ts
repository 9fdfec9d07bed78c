// What is sent for a refused row: the row written anew, or with texts replaced, or as it came. Of a wide row only the
// cells that were refused or changed are sent: the others are stored, and may have been corrected since. Pure.

import type { FileFormat, Mapping } from '../../../contract/mapping.ts'
import type { Reject, RejectReplay } from '../../../contract/rejects.ts'
import { AppError, type Fault } from '../../errors.ts'
import {
  type CsvDialect,
  type OpenRow,
  openCsvRow,
  openJsonRow,
  quoted,
  splitCsvRow,
  unquoted,
} from './row-text.ts'

/** How the file was read whose rows were refused. */
export interface RefusedFile {
  format: FileFormat
  /** The line of a CSV file that names its columns, as it stood. */
  header: string | null
  mapping: Mapping
}

export interface MendedRow {
  /** As it stands in the file that is sent, without a line end. */
  sent: string
  /** The row as it reads now; null where it is as it came. */
  raw: string | null
}

export interface Mender {
  format: 'csv' | 'ndjson'
  /** How the rows that are sent are read: as before but for `change`, and without what was about their file. */
  mapping(change: Mapping): Mapping
  /** The line before the first row, null where there is none; known once that row was mended. */
  header(): string | null
  /** What is sent for one row, given all its refusals that are meant; undefined where it has to be written anew. */
  mend(refusals: Reject[]): MendedRow | undefined
}

/** Rows are shown up to this length; a longer one is not all there. */
const WHOLE_LENGTH = 65_536
const LOST = '\ufffd'
/** Keys of a mapping that say where in the file the rows stood, or how its bytes were text. */
const ABOUT_FILE = new Set(['encoding', 'skip_lines', 'records', 'sheet', 'template'])
const PLAIN_CSV: CsvDialect = { delimiter: ',', quote: '"' }

/** AppError `invalid` where a row is not one row, or a column is none of the file's. */
export function createMender(file: RefusedFile, { rows = [], replace = [] }: RejectReplay): Mender {
  const { format, mapping } = file
  const isTable = format === 'xlsx' || format === 'parquet'
  const dialect = { delimiter: mapping.delimiter ?? ',', quote: mapping.quote ?? '"' }
  const columns = format === 'csv' ? columnsOf(file.header, dialect) : undefined
  const open = (raw: string) => (format === 'csv' ? openCsvRow(raw, columns, dialect) : openJsonRow(raw))
  checkRows(rows, open)
  checkColumns(replace, columns)
  const rewritten = new Map(rows.map(({ line, raw }) => [line, raw]))
  /** The columns of a table, which all its rows have. */
  const state: { table: string[] } = { table: [] }

  function mend(refusals: Reject[]): MendedRow | undefined {
    const [first] = refusals
    if (!first) return undefined
    const given = rewritten.get(first.line)
    if (given === undefined && !isWhole(refusals, format)) return undefined
    const row = open(given ?? first.raw)
    if (!row) return undefined
    const raw = replaceTexts(row, given ?? first.raw, replace)
    const wasLost = refusals.some(({ rule }) => rule === 'encoding') && raw.includes(LOST)
    const mended = wasLost ? undefined : open(raw)
    if (!mended) return undefined
    if (isTable && state.table.length === 0) state.table = (openJsonRow(first.raw) ?? row).names
    const sent = sentOf(mended, raw, settledCells(refusals, { mapping, before: open(first.raw), mended }))
    return { sent, raw: raw === first.raw ? null : raw }
  }

  function sentOf(row: OpenRow, raw: string, settled: string[]): string {
    const text = settled.length === 0 ? raw : row.with(new Map(settled.map((name) => [name, ''])))
    if (!isTable) return format === 'csv' ? text : text.replace(/[\r\n]+/g, ' ')
    const left = new Set(settled)
    return state.table
      .map((name) => quoted(left.has(name) ? '' : (row.textOf(name) ?? ''), PLAIN_CSV))
      .join(PLAIN_CSV.delimiter)
  }

  const sentFormat = format === 'csv' || isTable ? 'csv' : 'ndjson'
  return {
    format: sentFormat,
    mapping(change) {
      const kept = Object.entries({ ...mapping, ...change }).filter(([key]) => !ABOUT_FILE.has(key))
      return { ...Object.fromEntries(kept), ...(isTable && PLAIN_CSV), format: sentFormat }
    },
    header() {
      if (!isTable) return file.header
      if (mapping.header === false) return null
      return state.table.map((name) => quoted(name, PLAIN_CSV)).join(PLAIN_CSV.delimiter)
    },
    mend,
  }
}

function columnsOf(header: string | null, dialect: CsvDialect): string[] | undefined {
  if (header === null) return undefined
  return (splitCsvRow(header, dialect) ?? []).map((cell) => unquoted(cell, dialect).trim())
}

function checkRows(
  rows: NonNullable<RejectReplay['rows']>,
  open: (raw: string) => OpenRow | undefined,
): void {
  const faults: Fault[] = rows.flatMap(({ raw }, index) =>
    raw.trim() !== '' && !raw.includes('\u0000') && open(raw)
      ? []
      : [{ path: `/rows/${index}/raw`, message: 'must be one whole row, as the file has them' }],
  )
  if (faults.length > 0)
    throw new AppError('invalid', 'some rows cannot be sent as they are written', { faults })
}

function checkColumns(replace: NonNullable<RejectReplay['replace']>, columns: string[] | undefined): void {
  const faults: Fault[] = replace.flatMap(({ column }, index) =>
    columns === undefined || columns.includes(column)
      ? []
      : [{ path: `/replace/${index}/column`, message: `must be one of ${columns.slice(0, 20).join(', ')}` }],
  )
  if (faults.length > 0) throw new AppError('invalid', 'the file has no such column', { faults })
}

/** Whether the row is all that stood in the file: not cut, and with every cell of it. */
function isWhole(refusals: Reject[], format: FileFormat): boolean {
  const isText = ['csv', 'json', 'ndjson'].includes(format)
  return refusals.every(({ raw, rule }) => raw.length < WHOLE_LENGTH && (isText || rule !== 'structure'))
}

function replaceTexts(row: OpenRow, raw: string, replace: NonNullable<RejectReplay['replace']>): string {
  const texts = new Map<string, string>()
  for (const { column, from, to } of replace) {
    const text = texts.get(column) ?? row.textOf(column) ?? ''
    if (from === undefined || text === from) texts.set(column, to)
  }
  return texts.size === 0 ? raw : row.with(texts)
}

interface WideRow {
  mapping: Mapping
  before: OpenRow | undefined
  mended: OpenRow
}

/** Cells of a wide row that are stored: neither refused nor changed. None when the row was refused as a whole. */
function settledCells(refusals: Reject[], { mapping, before, mended }: WideRow): string[] {
  const { wide, time } = mapping
  if (wide === undefined || time === undefined || !before) return []
  const isSignal = (name: string) => (wide === '*' ? name !== time : wide.includes(name))
  const refused = new Set(refusals.map(({ column }) => column))
  if (![...refused].every((name) => name !== null && isSignal(name))) return []
  return mended.names.filter(
    (name) => isSignal(name) && !refused.has(name) && mended.textOf(name) === before.textOf(name),
  )
}
