// What kind of file came: by its type, by its name, and where neither tells by its first bytes.

import type { FileFormat } from '../../../contract/mapping.ts'
import { AppError } from '../../errors.ts'
import { endingOf, readHead, sniffFormat } from '../../loader/sniff-format.ts'

const BY_TYPE = new Map<string, FileFormat>([
  ['text/csv', 'csv'],
  ['application/csv', 'csv'],
  ['text/tab-separated-values', 'csv'],
  ['application/json', 'json'],
  ['application/x-ndjson', 'ndjson'],
  ['application/ndjson', 'ndjson'],
  ['application/jsonl', 'ndjson'],
  ['application/xml', 'xml'],
  ['text/xml', 'xml'],
  ['application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', 'xlsx'],
  ['application/vnd.apache.parquet', 'parquet'],
  ['application/x-parquet', 'parquet'],
  ['application/parquet', 'parquet'],
])

/** Types that say nothing of what is inside. */
const OPAQUE = new Set([
  '',
  'text/plain',
  'application/octet-stream',
  'application/gzip',
  'application/x-gzip',
  'application/zstd',
  'application/zip',
  'application/x-zip-compressed',
  'application/vnd.ms-excel',
  'application/x-www-form-urlencoded',
])

/**
 * The format that the type tells, undefined where it tells none, and the delimiter of tab-separated values. AppError
 * `unsupported_type` where it tells that this is no file of rows.
 */
export function formatOf(
  contentType: string,
  fileName: string,
): { format: FileFormat | undefined; delimiter?: string } {
  const type = (contentType.split(';')[0] ?? '').trim().toLowerCase()
  const format = BY_TYPE.get(type)
  if (format === undefined && !OPAQUE.has(type)) {
    throw new AppError(
      'unsupported_type',
      `${type} is not a type of file that can be loaded: send text/csv, application/json, application/x-ndjson, application/xml, XLSX or Parquet, plain or packed with gzip or zstd; what comes as application/octet-stream is told by its name and content`,
    )
  }
  const isTabbed = type === 'text/tab-separated-values' || endingOf(fileName) === 'tsv'
  return isTabbed ? { format, delimiter: '\t' } : { format }
}

/** The format of a file that was kept at `path`. AppError `unsupported_type` where it is neither text nor known. */
export async function tellFormat(
  path: string,
  { content_type, file_name }: { content_type: string; file_name: string },
): Promise<FileFormat> {
  const told = formatOf(content_type, file_name).format
  if (told !== undefined) return told
  const { head } = await readHead(path)
  const format = sniffFormat(head, file_name)
  if (format !== undefined) return format
  throw new AppError(
    'unsupported_type',
    'the file is neither text nor XLSX nor Parquet; name its `format` in the mapping if it is one of those',
  )
}

/** The name for showing: control and direction characters, which could make it look like another, are replaced. */
export function shownName(fileName: string): string {
  const shown = fileName.replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '\ufffd')
  return shown.slice(0, 255)
}
