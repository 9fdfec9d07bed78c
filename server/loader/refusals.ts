// Refused rows on their way to the warehouse: where each stood, what stood there, and why it was refused.

import { join } from 'node:path'
import type { RejectRule } from '../../contract/loads.ts'
import { type LoaderCounts, REJECTS_FILE } from './job.ts'
import { type FileRecord, rawText } from './record.ts'
import { createStagedWriter } from './staged-csv.ts'

export interface Refusal {
  /** The column's name in the file, null when the row as a whole is meant. */
  column: string | null
  value: string | null
  rule: RejectRule
  reason: string
}

const VALUE_LENGTH = 500
/** PostgreSQL's text cannot hold it, and it is nothing that one can see. */
const withoutNul = (text: string) => text.replaceAll('\u0000', '\ufffd')

export function createRefusals(folder: string, counts: LoaderCounts) {
  const writer = createStagedWriter(join(folder, REJECTS_FILE))
  return {
    refuse(record: FileRecord, { column, value, rule, reason }: Refusal): void {
      counts.rows_rejected++
      const shown = value === null ? null : withoutNul(value).slice(0, VALUE_LENGTH)
      writer.write([
        record.line,
        column && withoutNul(column),
        shown,
        rule,
        reason,
        withoutNul(rawText(record)),
      ])
    },
    drain: writer.drain,
    close: writer.close,
  }
}
