// Rows of a wide file, a reading in each cell: which signal each column is, decided from the header, and the cells
// that are empty passed over.

import type { Mapping } from '../../contract/mapping.ts'
import type { Broken } from '../field-rule.ts'
import { list } from './columns.ts'
import { createFieldReader, type FieldReader, textOfField } from './field-bytes.ts'
import { quoteOf } from './file-records.ts'
import { NOT_THERE, type NotMade } from './file-signals.ts'
import { FileRefused } from './job.ts'
import type { ReadingParts, RowReader } from './reading-parts.ts'
import { createValueSettler } from './reading-values.ts'

/** The constants of a wide file are those of signals that it makes, and of all its columns. */
const CONSTANTS = ['asset_id', 'quantity', 'unit']

interface WideColumn {
  name: string
  read: FieldReader
  /** Of its signal; meaningless where `fault` says why all its cells are refused. */
  place: number
  fault: Broken | undefined
  unit: string
}

export function createWideReader(parts: ReadingParts, header: string[]): RowReader {
  const { job, signals, sink, readInstant, latest, readNumber } = parts
  const { mapping } = job
  const columns = findColumns(parts, header)
  const time = createFieldReader(sourceOf(header, mapping.time ?? ''), quoteOf(mapping))
  const hasUnits = columns.some(({ unit }) => unit !== '')
  const settle = createValueSettler(mapping.rules?.value, signals, hasUnits)
  const takesEmpty = mapping.rules?.value?.required !== true
  const { counts, add } = sink

  return (record) => {
    const when = time(record)
    const instant = readInstant(when.data, when.start, when.end)
    if (!(instant <= latest)) {
      counts.rows_read++
      return sink.refuse(record, parts.explainTime(when, instant))
    }
    for (const { read, place, fault, unit, name } of columns) {
      const what = read(record)
      if (takesEmpty && what.start === what.end) continue
      counts.rows_read++
      if (fault !== undefined) {
        sink.refuse(record, { column: name, value: textOfField(what), ...fault })
        continue
      }
      const number = readNumber(what.data, what.start, what.end)
      if (Number.isNaN(number)) {
        sink.refuse(record, parts.explainValue(what))
        continue
      }
      const settled = settle === undefined ? number : settle(place, number, unit)
      if (typeof settled === 'number') add(place, instant, settled, record.line)
      else sink.refuse(record, { column: name, value: textOfField(what), ...settled })
    }
  }
}

function findColumns(parts: ReadingParts, header: string[]): WideColumn[] {
  const { mapping } = parts.job
  checkNames(mapping, header)
  const find = createColumnFinder(parts)
  const quote = quoteOf(mapping)
  const taken = new Map<number, string>()
  return wideNames(mapping, header).map((name) => {
    const read = createFieldReader(sourceOf(header, name), quote)
    const unit = mapping.units?.[name] ?? String(mapping.constants?.unit ?? '')
    const found = find(name, unit)
    if (typeof found !== 'number') return { name, read, place: 0, fault: brokenOf(found), unit }
    const other = taken.get(found)
    if (other !== undefined) {
      throw new FileRefused(
        `the columns ${list([other, name])} are the same signal; leave one out of \`wide\``,
      )
    }
    taken.set(found, name)
    const fault = parts.faultOfSignal?.(found)
    return { name, read, place: found, fault: fault && brokenOf(fault), unit }
  })
}

const brokenOf = ({ rule, reason }: Broken): Broken => ({ rule, reason })

/**
 * Columns that are no signals: those without a name, as the delimiter at the end of each line makes them, and those that
 * a file of refused rows has behind its own.
 */
const NO_SIGNALS = ['', 'rejected_line', 'rejected_reason']

function wideNames({ wide = '*', time }: Mapping, header: string[]): string[] {
  return wide === '*' ? header.filter((name) => name !== time && !NO_SIGNALS.includes(name)) : wide
}

/** Holds the names in the mapping against those of the file. */
function checkNames(mapping: Mapping, header: string[]): void {
  const { time, wide, constants = {}, columns = {}, units = {} } = mapping
  if (time === undefined) throw new FileRefused('a wide file needs `time`, the name of its column of times')
  if (wide !== '*' && wide?.includes(time))
    throw new FileRefused(`the column of times cannot be one of \`wide\``)
  const names = wideNames(mapping, header)
  if (names.length === 0) throw new FileRefused('the file has no column but that of its times')
  if (new Set(names).size < names.length && wide !== '*') throw new FileRefused('`wide` names a column twice')
  const constant = Object.keys(constants).find((name) => !CONSTANTS.includes(name))
  if (constant !== undefined) {
    throw new FileRefused(
      `the mapping's constants name ${JSON.stringify(constant)}; those of a wide file are ${CONSTANTS.join(', ')}`,
    )
  }
  for (const [where, given] of Object.entries({ columns, units })) {
    const stranger = Object.keys(given).find((name) => !names.includes(name))
    if (stranger !== undefined) {
      throw new FileRefused(
        `the mapping's ${where} name ${JSON.stringify(stranger)}, which is no column of values; those are ${list(names)}`,
      )
    }
  }
}

function sourceOf(header: string[], name: string): { index: number; name: string } {
  const index = header.indexOf(name)
  if (index < 0) {
    throw new FileRefused(`the file has no column ${JSON.stringify(name)}; its columns are ${list(header)}`)
  }
  if (header.includes(name, index + 1))
    throw new FileRefused(`the file has two columns ${JSON.stringify(name)}`)
  return { index, name }
}

const SEVERAL: Broken = {
  rule: 'reference',
  reason: 'the asset has several signals of this quantity; name its signal in the columns of the mapping',
}

/**
 * Which signal a column is: the one whose id `columns` gives it; else that of the constant asset whose quantity is its
 * name; else the one whose id is its name. Where signals are made, one with that id, or with the asset's id before it
 * where a signal of another asset has it.
 */
function createColumnFinder({ job: { mapping }, signals }: ReadingParts) {
  const { columns = {}, constants = {} } = mapping
  const asset = constants.asset_id === undefined ? undefined : String(constants.asset_id)
  const byId = new Map<string, number>()
  const byQuantity = new Map<string, number[]>()
  for (const [place, signal] of signals.known.entries()) {
    byId.set(signal.id, place)
    if (signal.asset_id !== asset) continue
    byQuantity.set(signal.quantity, [...(byQuantity.get(signal.quantity) ?? []), place])
  }
  return (name: string, unit: string): number | Broken | NotMade => {
    const id = columns[name] ?? name
    const isMapped = columns[name] !== undefined
    const [first, second] = isMapped ? [] : (byQuantity.get(name) ?? [])
    if (second !== undefined) return SEVERAL
    if (first !== undefined) return first
    const place = byId.get(id)
    const isOther =
      !isMapped && asset !== undefined && place !== undefined && signals.at(place).asset_id !== asset
    if (place !== undefined && !isOther) return place
    if (!signals.makes) return NOT_THERE
    const quantity = String(constants.quantity ?? name)
    return signals.make({
      id: isOther ? `${asset}:${name}` : id,
      asset_id: asset ?? null,
      name,
      quantity,
      unit,
    })
  }
}
