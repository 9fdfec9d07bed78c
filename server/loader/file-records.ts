// The records of a file in any format, with the header that names their fields.

import { isUtf8 } from 'node:buffer'
import type { Mapping } from '../../contract/mapping.ts'
import { createCsvScanner, type RecordScanner } from './csv-records.ts'
import { openFileBytes } from './file-bytes.ts'
import { FileRefused, type LoaderJob } from './job.ts'
import { createJsonScanner, createNdjsonScanner } from './json-records.ts'
import { type FileRecord, fieldText, rawText, textOf } from './record.ts'
import { readHead } from './sniff-format.ts'

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

/** The formats whose records carry no names: a header, or their place, tells them. */
export const hasColumns = ({ mapping, format }: LoaderJob) =>
  ['csv', 'xlsx', 'parquet'].includes(mapping.format ?? format)

/** `fields` are those that records of JSON and XML are asked for where the mapping names no columns. */
export async function readRecords(job: LoaderJob, fields: string[], taker: RecordTaker): Promise<void> {
  const { mapping } = job
  const format = mapping.format ?? job.format
  // What only some files need is loaded when one comes.
  if (format === 'parquet') return (await import('./parquet-records.ts')).readParquet(job, taker)
  if (format === 'xlsx') return (await import('./xlsx-records.ts')).readXlsx(job, taker)
  if (format === 'xml') return readXml(job, fields, taker)
  if (format !== 'csv') return readText(job, jsonScanner(job, fields, taker), { taker })
  const { head } = await readHead(job.path)
  return readText(job, csvScanner(mapping, taker), {
    taker,
    oldLineEnds: head.includes(13) && !head.includes(10),
  })
}

/** `oldLineEnds`: lines end with CR alone, as on old Macs. */
async function readText(
  { mapping, path, limits, whole }: LoaderJob,
  scanner: RecordScanner,
  { taker, oldLineEnds = false }: { taker: RecordTaker; oldLineEnds?: boolean },
): Promise<void> {
  const bytes = await openFileBytes(path, mapping.encoding, {
    inflatedLimit: limits.inflatedBytes,
    whole,
  })
  for await (const chunk of bytes.chunks) {
    scanner.push(oldLineEnds ? chunk.map((byte) => (byte === 13 ? 10 : byte)) : chunk)
    await taker.turn(bytes.fraction())
  }
  if (!limits.breaks_off) scanner.end()
  await taker.turn(1)
}

const GUESSED_BYTES = 1024 * 1024

async function readXml(job: LoaderJob, fields: string[], taker: RecordTaker): Promise<void> {
  const { createXmlScanner, guessRecordPath } = await import('./xml-records.ts')
  const { declaredEncoding } = await import('./xml-events.ts')
  const { mapping, path, limits } = job
  const encoding = mapping.encoding ?? declaredEncoding((await readHead(path)).head)
  const open = () => openFileBytes(path, encoding, { inflatedLimit: limits.inflatedBytes })
  const records = mapping.records ?? (await guessRecordPath((await open()).chunks, GUESSED_BYTES))
  if (records === undefined)
    throw new FileRefused('the file has one element only; name the path of its rows in `records`')
  const paths = mapping.columns ? Object.keys(mapping.columns) : fields
  const scanner = createXmlScanner({ records, fields: paths }, taker.take)
  taker.header(paths, null)
  const decoded: LoaderJob = { ...job, mapping: { ...mapping, ...(encoding && { encoding }) } }
  await readText(decoded, scanner, { taker })
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
  const asked = { paths, decimal: mapping.decimal }
  const scanner =
    (mapping.format ?? format) === 'ndjson'
      ? createNdjsonScanner(asked, taker.take)
      : createJsonScanner(mapping.records ?? '', asked, taker.take)
  taker.header(paths, null)
  return scanner
}

/**
 * The names by which the fields of a record of JSON or XML can be asked for, but for those around it; none when it is
 * broken.
 */
export function namesOf(record: FileRecord): string[] {
  if (record.broken) return []
  const object = JSON.parse(record.raw?.() ?? textOf(record.data, record.from, record.to)) as object // not broken
  const names = Object.keys(object).filter((name) => !record.raw || !name.startsWith('../'))
  return record.raw ? names.map((name) => name.replace(/^@/, '')) : names
}

/** Whether a record's bytes are UTF-8; text of a file in another encoding would be stored as nonsense. */
export function isCleanText(record: FileRecord): boolean {
  return isUtf8(record.data.subarray(record.from, record.to))
}
export const NOT_UTF8 = 'it is not UTF-8; name the encoding of the file in the mapping'
