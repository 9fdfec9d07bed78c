// Rows of a long file, one reading each: signal, time and value, found and checked by what was decided from the header.

import type { Mapping } from '../../contract/mapping.ts'
import type { Broken } from '../field-rule.ts'
import { type FieldSources, findSources, requireFields } from './columns.ts'
import { createFieldReader, type FieldBytes, type FieldReader, textOfField } from './field-bytes.ts'
import { isCleanText, NOT_UTF8, quoteOf } from './file-records.ts'
import { MOST_MADE, NOT_THERE, type SignalDraft } from './file-signals.ts'
import { FileRefused } from './job.ts'
import type { ReadingParts, RowReader } from './reading-parts.ts'
import { createValueSettler } from './reading-values.ts'
import type { FileRecord } from './record.ts'
import type { Refusal } from './refusals.ts'
import { createSignalTable, NAME_SEPARATOR, NOT_FOUND, type SignalTable } from './signal-table.ts'

/** The fields of a reading; asset, quantity and unit are also those of a signal that is made. */
export const READING_FIELDS = ['signal_id', 'asset_id', 'quantity', 'unit', 'measured_at', 'value']

export function createLongReader(parts: ReadingParts, header: string[]): RowReader {
  const { sink, readInstant, latest, readNumber, faultOfSignal } = parts
  const { fields, table, nameOf, resolve, unitOf, settle, passesEmpty } = prepare(parts, header)
  const at = fields.reader('measured_at')
  const value = fields.reader('value')
  const { counts, add } = sink

  return (record) => {
    const what = value(record)
    if (passesEmpty && what.start === what.end) return
    counts.rows_read++
    const name = nameOf(record)
    let place = table.find(name.data, name.start, name.end)
    if (place < 0) {
      const resolved = resolve(record, place)
      if (typeof resolved !== 'number') return sink.refuse(record, resolved)
      place = resolved
    }
    const fault = faultOfSignal?.(place)
    if (fault !== undefined) return sink.refuse(record, fields.refusal(record, fault))
    const when = at(record)
    const instant = readInstant(when.data, when.start, when.end)
    if (!(instant <= latest)) return sink.refuse(record, parts.explainTime(when, instant))
    let number = readNumber(what.data, what.start, what.end)
    if (Number.isNaN(number)) return sink.refuse(record, parts.explainValue(what))
    if (settle !== undefined) {
      const settled = settle(place, number, unitOf?.(record) ?? '')
      if (typeof settled !== 'number')
        return sink.refuse(record, fields.refusal(record, { field: 'value', ...settled }))
      number = settled
    }
    add(place, instant, number, record.line)
  }
}

/** What is decided once for all rows. */
function prepare(parts: ReadingParts, header: string[]) {
  const { job, signals } = parts
  const { mapping } = job
  const sources = findSources(header, mapping, { names: READING_FIELDS })
  const byId = sources.has('signal_id')
  requireFields(
    sources,
    [...(byId ? ['signal_id'] : ['asset_id', 'quantity']), 'measured_at', 'value'],
    header,
  )
  const fields = createFields(sources, quoteOf(mapping))
  const unitOf = createUnitField(mapping.units, sources, fields)
  const room = signals.makes ? MOST_MADE : 0
  const table = createSignalTable(signals.known, byId ? 'id' : 'asset_and_quantity', room)
  return {
    fields,
    unitOf,
    table,
    nameOf: byId ? fields.reader('signal_id') : createJoinedName(fields),
    resolve: createResolver({ parts, fields, table, byId, unitOf }),
    settle: createValueSettler(mapping.rules?.value, signals, unitOf !== undefined),
    /** Whether a row without a value is no reading. */
    passesEmpty: mapping.rules?.value?.required === false,
  }
}

interface Fields {
  /** Of a field that has a source. */
  reader(field: string): FieldReader
  /** Its text, empty where the file does not give it. */
  text(record: FileRecord, field: string): string
  /** A refusal of the row by one of its fields. */
  refusal(record: FileRecord, fault: Broken & { field: string }): Refusal
}

function createFields(sources: FieldSources, quote: number): Fields {
  const readers = new Map([...sources].map(([field, source]) => [field, createFieldReader(source, quote)]))
  const bytesOf = (record: FileRecord, field: string) => readers.get(field)?.(record)
  return {
    reader: (field) => readers.get(field) as FieldReader, // the caller knows that it has a source
    text(record, field) {
      const bytes = bytesOf(record, field)
      return bytes ? textOfField(bytes) : ''
    },
    refusal(record, { field, rule, reason }) {
      const bytes = bytesOf(record, field)
      return { column: bytes?.column ?? null, value: bytes ? textOfField(bytes) : null, rule, reason }
    },
  }
}

/** Asset and quantity joined, as the signal table knows them. */
function createJoinedName(fields: Fields): FieldReader {
  const asset = fields.reader('asset_id')
  const quantity = fields.reader('quantity')
  const scratch = Buffer.alloc(4096)
  const joined: FieldBytes = { data: scratch, start: 0, end: 0, column: null }
  return (record) => {
    const first = asset(record)
    const second = quantity(record)
    const [left, right] = [first.end - first.start, second.end - second.start]
    if (left + right + 1 > scratch.length) return first
    scratch.set(first.data.subarray(first.start, first.end), 0)
    scratch[left] = NAME_SEPARATOR
    scratch.set(second.data.subarray(second.start, second.end), left + 1)
    joined.end = left + 1 + right
    return joined
  }
}

type UnitField = (record: FileRecord) => string

/** The unit in which a row gives its value, empty where it says none; undefined where the file never says it. */
function createUnitField(
  units: Mapping['units'] = {},
  sources: FieldSources,
  fields: Fields,
): UnitField | undefined {
  const value = sources.get('value')
  const column = value && 'index' in value ? value.name : undefined
  const stranger = Object.keys(units).find((name) => name !== column)
  if (stranger !== undefined) {
    throw new FileRefused(
      `the mapping's units name ${JSON.stringify(stranger)}, which is not the column of values`,
    )
  }
  const fixed = column === undefined ? undefined : units[column]
  const source = sources.get('unit')
  if (fixed !== undefined && source) throw new FileRefused('the unit is given twice: by units and by a field')
  if (fixed !== undefined) return () => fixed
  if (!source) return undefined
  if ('constant' in source) return () => source.constant
  return (record) => fields.text(record, 'unit')
}

interface Resolving {
  parts: ReadingParts
  fields: Fields
  table: SignalTable
  byId: boolean
  unitOf: UnitField | undefined
}

/** The place of a signal that the table does not know, once it is made; or why the row is refused. */
function createResolver({ parts: { signals }, fields, table, byId, unitOf }: Resolving) {
  const assets = new Set<string>()

  function make(record: FileRecord, draft: Omit<SignalDraft, 'unit'>, name: string): number | Refusal {
    const place = signals.make({ ...draft, unit: unitOf?.(record) ?? '' })
    return typeof place === 'number' ? table.add(Buffer.from(name)) : fields.refusal(record, place)
  }

  function byItsId(record: FileRecord): number | Refusal {
    const id = fields.text(record, 'signal_id')
    if (id === '') return fields.refusal(record, missing('signal_id', 'signal'))
    if (!signals.makes) return fields.refusal(record, { field: 'signal_id', ...NOT_THERE })
    const asset_id = fields.text(record, 'asset_id') || null
    const quantity = fields.text(record, 'quantity') || id
    return make(record, { id, asset_id, quantity, name: id }, id)
  }

  function byAsset(record: FileRecord, isAmbiguous: boolean): number | Refusal {
    const asset_id = fields.text(record, 'asset_id')
    const quantity = fields.text(record, 'quantity')
    if (asset_id === '') return fields.refusal(record, missing('asset_id', 'asset'))
    if (quantity === '') return fields.refusal(record, missing('quantity', 'quantity'))
    if (isAmbiguous) return fields.refusal(record, SEVERAL)
    if (signals.makes) {
      const draft = { id: `${asset_id}:${quantity}`, asset_id, quantity, name: quantity }
      return make(record, draft, asset_id + String.fromCharCode(NAME_SEPARATOR) + quantity)
    }
    if (assets.size === 0) for (const signal of signals.known) assets.add(signal.asset_id)
    return fields.refusal(record, assets.has(asset_id) ? NO_QUANTITY : NO_ASSET)
  }

  return (record: FileRecord, place: number): number | Refusal => {
    if (!isCleanText(record)) {
      const field = byId ? 'signal_id' : 'asset_id'
      return fields.refusal(record, { field, rule: 'encoding', reason: NOT_UTF8 })
    }
    return byId ? byItsId(record) : byAsset(record, place !== NOT_FOUND)
  }
}

const missing = (field: string, what: string) =>
  ({ field, rule: 'required', reason: `the ${what} is missing` }) as const

const SEVERAL = {
  field: 'quantity',
  rule: 'reference',
  reason: 'the asset has several signals of this quantity; name the signal_id',
} as const
const NO_QUANTITY = {
  field: 'quantity',
  rule: 'reference',
  reason: 'the asset has no signal of this quantity',
} as const
const NO_ASSET = {
  field: 'asset_id',
  rule: 'reference',
  reason: 'there is no such asset, or it has no signals',
} as const
