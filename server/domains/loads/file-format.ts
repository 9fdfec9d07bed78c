// What kind of file came, from its type and its name. Pure; nothing is read of the file itself.

import type { FileFormat } from '../../../contract/loads.ts'
import { AppError } from '../../errors.ts'

const BY_TYPE = new Map<string, FileFormat>([
  ['text/csv', 'csv'],
  ['application/csv', 'csv'],
  ['text/tab-separated-values', 'csv'],
  ['text/plain', 'csv'],
  ['application/json', 'json'],
  ['application/x-ndjson', 'ndjson'],
  ['application/jsonl', 'ndjson'],
])

const BY_ENDING = new Map<string, FileFormat>([
  ['csv', 'csv'],
  ['tsv', 'csv'],
  ['txt', 'csv'],
  ['json', 'json'],
  ['ndjson', 'ndjson'],
  ['jsonl', 'ndjson'],
])

/** Types that say nothing of what is inside. */
const OPAQUE = new Set([
  '',
  'application/octet-stream',
  'application/gzip',
  'application/x-gzip',
  'application/vnd.ms-excel',
])

/** The format, and the delimiter where the type tells it. AppError `unsupported_type` where neither tells. */
export function formatOf(contentType: string, fileName: string): { format: FileFormat; delimiter?: string } {
  const type = (contentType.split(';')[0] ?? '').trim().toLowerCase()
  const ending = fileName.toLowerCase().replace(/\.gz$/, '').split('.').at(-1) ?? ''
  const format = BY_TYPE.get(type) ?? (OPAQUE.has(type) ? BY_ENDING.get(ending) : undefined)
  if (format === undefined) {
    throw new AppError(
      'unsupported_type',
      `${type || 'no content type'} is not a type of file that can be loaded: send text/csv, text/tab-separated-values, application/json or application/x-ndjson, plain or with gzip (application/gzip with a file name that ends in .csv.gz, .json.gz or the like)`,
    )
  }
  return type === 'text/tab-separated-values' || ending === 'tsv' ? { format, delimiter: '\t' } : { format }
}

/** The name for showing: control and direction characters, which could make it look like another, are replaced. */
export function shownName(fileName: string): string {
  const shown = fileName.replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '\ufffd')
  return shown.slice(0, 255)
}
