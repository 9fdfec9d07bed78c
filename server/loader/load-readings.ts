// A file of measurements: each row checked for its signal, time and value, and collected into runs.

import { checkZone, instantOf } from '../zone.ts'
import { type FieldSource, type FieldSources, findSources, requireFields } from './columns.ts'
import { isCleanText, NOT_UTF8, quoteOf, readRecords } from './file-records.ts'
import {
  FileRefused,
  type KnownSignal,
  type LoaderCounts,
  type LoaderJob,
  type LoaderMessage,
} from './job.ts'
import { createInstantReader, createNumberReader, explainInstant, explainNumber } from './reading-fields.ts'
import { createRunWriter, RUN_ROWS } from './reading-runs.ts'
import { ABSENT, ESCAPED, type FileRecord, fieldText } from './record.ts'
import { createRefusals, type Refusal } from './refusals.ts'
import { createSignalTable, NAME_SEPARATOR } from './signal-table.ts'

const FIELDS = ['signal_id', 'asset_id', 'quantity', 'measured_at', 'value']
/** Chunks of the file are a megabyte, so that a run never overflows between two turns. */
const ROWS_BEFORE_FLUSH = RUN_ROWS - 600_000

export async function loadReadings(
  job: LoaderJob,
  signals: KnownSignal[],
  { counts, tell }: { counts: LoaderCounts; tell: (message: LoaderMessage) => void },
): Promise<{ layers: number; header: string | null }> {
  const refusals = createRefusals(job.folder, counts)
  const runs = createRunWriter({
    folder: job.folder,
    keys: Int32Array.from(signals, (signal) => signal.signal_key),
    counts,
    wrote: (path, layer) => tell({ type: 'run', path, layer }),
    capacity: RUN_ROWS,
  })
  const state: { read: RowReader | undefined; header: string | null } = { read: undefined, header: null }
  await readRecords(job, FIELDS, {
    header(names, line) {
      state.header = line
      state.read = createRowReader(job, signals, names)
    },
    take(record) {
      counts.rows_read++
      const refusal = record.broken
        ? ({ column: null, value: null, rule: 'structure', reason: record.broken } as const)
        : state.read?.(record, runs.add)
      if (refusal) refusals.refuse(record, refusal)
    },
    async turn(fraction) {
      if (runs.pending() >= ROWS_BEFORE_FLUSH) await runs.flush()
      await refusals.drain()
      tell({ type: 'progress', fraction, rows_read: counts.rows_read })
    },
  })
  await runs.flush()
  await runs.finish()
  await refusals.close()
  return { layers: runs.layers(), header: state.header }
}

type RowReader = (
  record: FileRecord,
  add: (place: number, instant: number, value: number) => void,
) => Refusal | undefined

function createRowReader(
  { mapping, tz: defaultZone }: LoaderJob,
  signals: KnownSignal[],
  header: string[],
): RowReader {
  const sources = findSources(header, mapping, { names: FIELDS })
  const byId = sources.has('signal_id')
  requireFields(sources, [...(byId ? [] : ['asset_id', 'quantity']), 'measured_at', 'value'], header)
  const quote = quoteOf(mapping)
  const table = createSignalTable(signals, byId ? 'id' : 'asset_and_quantity')
  const nameOf = byId ? createPlainName(sources, quote) : createJoinedName(sources, quote)
  const format = mapping.time_format ?? 'iso'
  const decimal = mapping.decimal ?? '.'
  const tz = mapping.tz ?? defaultZone
  checkZone(tz)
  const readInstant = createInstantReader(format, createLocalReader(tz))
  if (!readInstant)
    throw new FileRefused(
      `the time_format ${JSON.stringify(format)} cannot be understood; it needs YYYY, MM and DD`,
    )
  const readNumber = createNumberReader(decimal)
  const at = createFieldReader(sources, 'measured_at', quote)
  const value = createFieldReader(sources, 'value', quote)

  return (record, add) => {
    const name = nameOf(record)
    const place = table.find(name.data, name.start, name.end)
    if (place < 0) return refuseName({ record, name, place, byId })
    const when = at(record)
    const instant = readInstant(when.data, when.start, when.end)
    if (Number.isNaN(instant)) return refuse(when, (text) => explainInstant(text, format))
    const what = value(record)
    const number = readNumber(what.data, what.start, what.end)
    if (Number.isNaN(number)) return refuse(what, (text) => explainNumber(text, decimal))
    add(place, instant, number)
    return undefined
  }
}

/** A field's bytes, without quotes and blanks around it. */
interface FieldBytes {
  data: Uint8Array
  start: number
  end: number
  column: string | null
}

const textOfField = ({ data, start, end }: FieldBytes) => Buffer.from(data.subarray(start, end)).toString()

function refuse(field: FieldBytes, explain: (text: string) => string): Refusal {
  const text = textOfField(field)
  return { column: field.column, value: text, rule: 'type', reason: explain(text) }
}

function refuseName(found: { record: FileRecord; name: FieldBytes; place: number; byId: boolean }): Refusal {
  const { record, name, place, byId } = found
  const text = textOfField(name)
  if (!isCleanText(record)) return { column: name.column, value: text, rule: 'encoding', reason: NOT_UTF8 }
  const separator = String.fromCharCode(NAME_SEPARATOR)
  if (byId) {
    return {
      column: name.column,
      value: text,
      rule: text === '' ? 'required' : 'reference',
      reason: text === '' ? 'the signal is missing' : 'there is no such signal',
    }
  }
  const [asset = '', quantity = ''] = text.split(separator)
  const which = `asset ${JSON.stringify(asset)} has`
  const reason =
    place === -1
      ? `the ${which} no signal of quantity ${JSON.stringify(quantity)}`
      : `the ${which} several signals of quantity ${JSON.stringify(quantity)}; name the signal_id`
  return { column: name.column, value: asset, rule: 'reference', reason }
}

type FieldReader = (record: FileRecord) => FieldBytes

function createFieldReader(sources: FieldSources, field: string, quote: number): FieldReader {
  const source = sources.get(field) as FieldSource // the caller has required the field
  const empty = new Uint8Array(0)
  const bytes: FieldBytes = { data: empty, start: 0, end: 0, column: 'index' in source ? source.name : null }
  if ('constant' in source) {
    bytes.data = Buffer.from(source.constant)
    bytes.end = bytes.data.length
    return () => bytes
  }
  const { index } = source
  return (record) => {
    const kind = record.kinds[index]
    if (kind === ABSENT || kind === ESCAPED) {
      bytes.data = Buffer.from(fieldText(record, index, quote) ?? '')
      bytes.start = 0
      bytes.end = bytes.data.length
    } else {
      bytes.data = record.data
      bytes.start = record.starts[index] as number // the record has as many fields as its header
      bytes.end = record.ends[index] as number
    }
    while (bytes.start < bytes.end && bytes.data[bytes.start] === 32) bytes.start++
    while (bytes.end > bytes.start && bytes.data[bytes.end - 1] === 32) bytes.end--
    return bytes
  }
}

const createPlainName = (sources: FieldSources, quote: number) =>
  createFieldReader(sources, 'signal_id', quote)

/** Asset and quantity joined, as the signal table knows them. */
function createJoinedName(sources: FieldSources, quote: number): FieldReader {
  const asset = createFieldReader(sources, 'asset_id', quote)
  const quantity = createFieldReader(sources, 'quantity', quote)
  const scratch = Buffer.alloc(4096)
  return (record) => {
    const first = asset(record)
    const second = quantity(record)
    const [left, right] = [first.end - first.start, second.end - second.start]
    if (left + right + 1 > scratch.length) return first
    scratch.set(first.data.subarray(first.start, first.end), 0)
    scratch[left] = NAME_SEPARATOR
    scratch.set(second.data.subarray(second.start, second.end), left + 1)
    return { data: scratch, start: 0, end: left + 1 + right, column: first.column }
  }
}

const QUARTER_MICROS = 900_000_000

/** Local time to instants: offsets only change on quarters of an hour, so each quarter is worked out once. */
function createLocalReader(tz: string): (local: number) => number {
  if (tz === 'UTC') return (local) => local
  const shifts = new Map<number, number>()
  return (local) => {
    if (Number.isNaN(local)) return local
    const quarter = Math.floor(local / QUARTER_MICROS)
    let shift = shifts.get(quarter)
    if (shift === undefined) {
      shift = instantOf(tz, quarter * QUARTER_MICROS) - quarter * QUARTER_MICROS
      shifts.set(quarter, shift)
    }
    return local + shift
  }
}
