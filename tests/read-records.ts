/** A file on disk, and the records that the loader reads of it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FileFormat, Mapping } from '../contract/mapping.ts'
import { isCleanText, quoteOf, readRecords } from '../server/loader/file-records.ts'
import { type FileRecord, fieldText, rawText } from '../server/loader/record.ts'

export interface ReadRecord {
  line: number
  fields: (string | null)[]
  broken: string
  raw: string
  /** Whether its bytes are text of the file's encoding. */
  clean: boolean
}

export interface ReadFile {
  names: string[]
  header: string | null
  records: ReadRecord[]
}

interface Given {
  format: FileFormat
  mapping?: Mapping
  /** What records of JSON and XML are asked for where the mapping names no columns. */
  fields?: string[]
  inflatedBytes?: number
}

/** Reads bytes as the loader reads a file. FileRefused for a file that is refused as a whole. */
export async function readBytes(
  bytes: Uint8Array,
  { format, mapping = {}, fields = [], inflatedBytes = 1e9 }: Given,
): Promise<ReadFile> {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-read-'))
  const path = join(folder, 'file')
  const found: ReadFile = { names: [], header: null, records: [] }
  const job = { path, folder, mapping, format, tz: 'UTC', now: 0, limits: { inflatedBytes } }
  try {
    await writeFile(path, bytes)
    await readRecords({ ...job, target: { kind: 'infer' } }, fields, {
      header(names, line) {
        found.names = names
        found.header = line
      },
      take: (record) => void found.records.push(shown(record, quoteOf(mapping))),
      turn: () => Promise.resolve(),
    })
    return found
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function shown(record: FileRecord, quote: number): ReadRecord {
  const fields = Array.from({ length: record.count }, (_, index) => fieldText(record, index, quote))
  return {
    line: record.line,
    fields,
    broken: record.broken,
    raw: rawText(record),
    clean: isCleanText(record),
  }
}

/** The texts of all records. */
export const fieldsOf = ({ records }: ReadFile): (string | null)[][] => records.map(({ fields }) => fields)
