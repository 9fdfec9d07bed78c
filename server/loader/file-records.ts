// The records of a file in any format, with the header that names their fields.

import { isUtf8 } from 'node:buffer'
import type { Mapping } from '../../contract/loads.ts'
import { createCsvScanner, type RecordScanner } from './csv-records.ts'
import { openFileBytes } from './file-bytes.ts'
import { FileRefused, type LoaderJob } from './job.ts'
import { createJsonScanner, createNdjsonScanner } from './json-records.ts'
import { type FileRecord, fieldText, rawText } from './record.ts'

export interface RecordTaker {
  /** Called once before the first record; `line` is the header as it stood in the file, null where there is none. */
  header(names: string[], line: string | null): void
  take(record: FileRecord): void
  /** Called after each chunk of the file, with how much of it has been read. */
  turn(fraction: number): Promise<void>
}

/** Character code of the quote of a mapping. */
export const quoteOf = (mapping: Mapping) => codeOf(mapping.quote ?? '"', 'quote')

function codeOf(character: string, setting: string): number {
  const code = character.charCodeAt(0)
  if (character.length !== 1 || code > 127 || code === 10 || code === 13) {
    throw new FileRefused(`the mapping's ${setting} must be one ASCII character and no line end`)
  }
  return code
}

/** `jsonFields` are the fields that records of JSON are asked for where the mapping names no columns. */
export async function readRecords(job: LoaderJob, jsonFields: string[], taker: RecordTaker): Promise<void> {
  const { mapping } = job
  const format = mapping.format ?? job.format
  const scanner = format === 'csv' ? csvScanner(mapping, taker) : jsonScanner(job, jsonFields, taker)
  const bytes = await openFileBytes(job.path, mapping.encoding, job.limits.inflatedBytes)
  for await (const chunk of bytes.chunks) {
    scanner.push(chunk)
    await taker.turn(bytes.fraction())
  }
  scanner.end()
  await taker.turn(1)
}

function csvScanner(mapping: Mapping, taker: RecordTaker): RecordScanner {
  const quote = quoteOf(mapping)
  const delimiter = codeOf(mapping.delimiter ?? ',', 'delimiter')
  if (delimiter === quote) throw new FileRefused("the mapping's delimiter and quote must be two characters")
  const skipLines = mapping.skip_lines ?? 0
  const state = { width: -1 }
  const hasHeader = mapping.header ?? true
  const take = (record: FileRecord) => {
    if (record.line <= skipLines) return
    if (state.width < 0) {
      state.width = record.count
      if (hasHeader) {
        taker.header(
          Array.from({ length: record.count }, (_, index) => (fieldText(record, index, quote) ?? '').trim()),
          rawText(record),
        )
        return
      }
      taker.header(
        Array.from({ length: record.count }, (_, index) => String(index + 1)),
        null,
      )
    }
    if (record.count !== state.width && record.broken === '') {
      record.broken = `it has ${record.count} ${record.count === 1 ? 'field' : 'fields'}, the others have ${state.width}`
    }
    taker.take(record)
  }
  return createCsvScanner({ delimiter, quote }, take)
}

function jsonScanner({ mapping, format }: LoaderJob, fields: string[], taker: RecordTaker): RecordScanner {
  const names = Object.keys(mapping.columns ?? {})
  const paths = mapping.columns ? names : fields
  const scanner =
    (mapping.format ?? format) === 'ndjson'
      ? createNdjsonScanner(paths, taker.take)
      : createJsonScanner(mapping.records ?? '', paths, taker.take)
  taker.header(paths, null)
  return scanner
}

/** Whether a record's bytes are UTF-8; text of a file in another encoding would be stored as nonsense. */
export function isCleanText(record: FileRecord): boolean {
  return isUtf8(record.data.subarray(record.from, record.to))
}
export const NOT_UTF8 = 'it is not UTF-8; name the encoding of the file in the mapping'
