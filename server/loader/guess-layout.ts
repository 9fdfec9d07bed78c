// How the bytes of a file become a table: format, encoding, and what stands between and around its fields. What the
// mapping says is not guessed.

import type { FileFormat, Mapping } from '../../contract/mapping.ts'
import { openFileBytes } from './file-bytes.ts'
import { type Guess, given } from './guess.ts'
import { type Dialect, guessDialect } from './guess-dialect.ts'
import { decodeHead, guessEncoding } from './guess-encoding.ts'
import type { FileHead } from './guess-head.ts'
import { guessJsonRecords } from './guess-records.ts'
import { FileRefused, type LoaderJob } from './job.ts'
import { sniffFormat } from './sniff-format.ts'

export interface Layout {
  /** What a load needs to know of the layout, beside what the mapping of the request says. */
  mapping: Mapping
  /** How sure the least sure of it is. */
  confidence: number
  notes: string[]
}

const SNIFFED_BYTES = 64 * 1024
const SURE = 0.75
const GUESSED_XML_BYTES = 1024 * 1024

/** FileRefused for bytes that are no format that is read. */
export function formatOfHead({ bytes }: FileHead, { format }: Mapping, fileName: string): FileFormat {
  const found = format ?? sniffFormat(bytes.subarray(0, SNIFFED_BYTES), fileName)
  if (found !== undefined) return found
  throw new FileRefused(
    'the file is neither text nor a Parquet or Excel file; CSV, JSON, XML and those are read',
  )
}

export async function guessLayout(job: LoaderJob, head: FileHead): Promise<Layout> {
  const { format } = job
  if (format === 'xml') return layoutOfXml(job)
  if (format === 'parquet' || format === 'xlsx') return { mapping: {}, confidence: 1, notes: [] }
  const encoding = job.mapping.encoding ? given(job.mapping.encoding) : guessEncoding(head.bytes)
  const text = decodeHead(head.bytes, encoding.value)
  const inner = format === 'csv' ? layoutOfCsv(text, job.mapping) : layoutOfJson(text, format, job.mapping)
  return {
    mapping: { ...(encoding.value !== 'utf-8' && { encoding: encoding.value }), ...inner.mapping },
    confidence: Math.min(encoding.confidence, inner.confidence),
    notes: [...notesOf('the encoding', encoding), ...inner.notes],
  }
}

function layoutOfCsv(text: string, said: Partial<Dialect>): Layout {
  // Lines of old Macs end with CR alone.
  const lines = text.includes('\n') ? text : text.replaceAll('\r', '\n')
  const { delimiter, quote, skip_lines, header } = guessDialect(lines, said)
  const guesses = [delimiter, quote, skip_lines, header]
  return {
    mapping: {
      delimiter: delimiter.value,
      ...(quote.value !== '"' && { quote: quote.value }),
      ...(skip_lines.value > 0 && { skip_lines: skip_lines.value }),
      ...(!header.value && { header: false }),
    },
    confidence: Math.min(...guesses.map(({ confidence }) => confidence)),
    notes: [
      ...notesOf('the delimiter', delimiter),
      ...(skip_lines.value > 0 ? [`${skip_lines.why}: they are passed over`] : []),
      ...(header.value ? notesOf('the header', header) : [`there is no header: ${header.why}`]),
    ],
  }
}

function layoutOfJson(text: string, format: FileFormat, { records }: Mapping): Layout {
  if (format === 'ndjson' || records !== undefined) return { mapping: {}, confidence: 1, notes: [] }
  const guess = guessJsonRecords(text)
  if (guess === undefined) throw new FileRefused('the JSON has no array of objects; its rows must be in one')
  const mapping = guess.value === '' ? {} : { records: guess.value }
  return { mapping, confidence: guess.confidence, notes: notesOf('the rows', guess) }
}

async function layoutOfXml({ path, mapping, limits }: LoaderJob): Promise<Layout> {
  if (mapping.records !== undefined) return { mapping: {}, confidence: 1, notes: [] }
  const { guessRecordPath } = await import('./xml-records.ts')
  const { chunks } = await openFileBytes(path, mapping.encoding, {
    inflatedLimit: limits.inflatedBytes,
  })
  const records = await guessRecordPath(chunks, GUESSED_XML_BYTES)
  if (records === undefined)
    throw new FileRefused('the file has one element only; its rows must be elements in it')
  const note = `the rows are the elements at ${records}, which come most often`
  return { mapping: { records }, confidence: 0.8, notes: [note] }
}

/** A guess that somebody should look at. */
function notesOf<T>(what: string, { confidence, why }: Guess<T>): string[] {
  return confidence < SURE ? [`${what}: ${why}`] : []
}
