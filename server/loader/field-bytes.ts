// A field of a record as bytes, wherever it comes from: a column of the file, or a constant of the mapping.

import type { FieldSource } from './columns.ts'
import { ABSENT, ESCAPED, type FileRecord, fieldText, textOf } from './record.ts'

/** Without quotes and blanks around it; good until the next record is read. */
export interface FieldBytes {
  data: Uint8Array
  start: number
  end: number
  /** The column's name in the file, null for a constant. */
  column: string | null
}

export type FieldReader = (record: FileRecord) => FieldBytes

export const textOfField = ({ data, start, end }: FieldBytes) => textOf(data, start, end)

/** Fills the same bytes anew for each record. */
export function createFieldReader(source: FieldSource, quote: number): FieldReader {
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
