// Refused rows on their way to the warehouse: where each stood, what stood there, and why it was refused.

import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { RejectRule } from '../../contract/rejects.ts'
import { FileRefused, type LoaderCounts, REJECTS_FILE } from './job.ts'
import { type FileRecord, rawText } from './record.ts'
import { stagedLine } from './staged-csv.ts'

export interface Refusal {
  /** The column's name in the file, null when the row as a whole is meant. */
  column: string | null
  value: string | null
  rule: RejectRule
  reason: string
}

const VALUE_LENGTH = 500
const FLUSH_LENGTH = 256 * 1024
/** Of the refused rows of a file: beyond it, the file was read by the wrong mapping. */
const MOST_REFUSED_BYTES = 1e9
/** PostgreSQL's text cannot hold it, and it is nothing that one can see. */
const withoutNul = (text: string) => text.replaceAll('\u0000', '\ufffd')

/** Written at once: a chunk of a wide file may give a hundred times its size, which must not pile up in memory. */
export function createRefusals(folder: string, counts: LoaderCounts) {
  const file = openSync(join(folder, REJECTS_FILE), 'w')
  const state = { text: '', rawLength: 0 }
  const flush = () => {
    const bytes = Buffer.from(state.text)
    state.text = ''
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
  }
  return {
    refuse(record: FileRecord, { column, value, rule, reason }: Refusal): void {
      const raw = withoutNul(rawText(record))
      state.rawLength += raw.length
      if (state.rawLength > MOST_REFUSED_BYTES) {
        throw new FileRefused(
          `the rows that would be refused take more than ${MOST_REFUSED_BYTES / 1e9} GB; that of line ${record.line} because: ${reason}`,
        )
      }
      counts.rows_rejected++
      const shown = value === null ? null : withoutNul(value).slice(0, VALUE_LENGTH)
      state.text += stagedLine([record.line, column && withoutNul(column), shown, rule, reason, raw])
      if (state.text.length > FLUSH_LENGTH) flush()
    },
    close(): void {
      flush()
      closeSync(file)
    },
  }
}
