// Refused rows as a file that can be mended and loaded again: the rows as they stood, under the header of their file,
// with two columns behind that say where each stood and why it was refused; the next load passes those over.

import type { Mapping } from '../../../contract/mapping.ts'
import type { Reject } from '../../../contract/rejects.ts'
import { type CsvDialect, quoted } from './row-text.ts'

const FLUSH_LENGTH = 64 * 1024

/** How the file was read, so that what comes of its rows can be read by the same mapping. */
interface FileShape extends Pick<Mapping, 'delimiter' | 'quote' | 'skip_lines'> {
  /** The header of the file, null where it had none: then the rows come in columns of our own. */
  header: string | null
}

/** `lines` are the refusals of each line, in the order of the file. */
export async function* rejectsCsv(
  { header, delimiter = ',', quote = '"', skip_lines = 0 }: FileShape,
  lines: AsyncIterable<Reject[]>,
): AsyncGenerator<string> {
  const dialect = { delimiter, quote }
  const skipped = '\n'.repeat(skip_lines)
  let text =
    header === null
      ? `${['line', 'column', 'value', 'reason', 'raw'].join(delimiter)}\n`
      : `${skipped}${header}${delimiter}rejected_line${delimiter}rejected_reason\n`
  for await (const refusals of lines) {
    text += header === null ? ownRows(refusals, dialect) : fileRow(refusals, dialect)
    if (text.length < FLUSH_LENGTH) continue
    yield text
    text = ''
  }
  yield text
}

function ownRows(refusals: Reject[], dialect: CsvDialect): string {
  const rows = refusals.map(({ line, column, value, reason, raw }) =>
    [String(line), ...[column, value, reason, raw].map((text) => quoted(text ?? '', dialect))].join(
      dialect.delimiter,
    ),
  )
  return `${rows.join('\n')}\n`
}

/** The row once, with every reason why something of it was refused. */
function fileRow(refusals: Reject[], dialect: CsvDialect): string {
  const reasons = refusals.map(({ column, reason }) => (column === null ? reason : `${column}: ${reason}`))
  const [first] = refusals
  return `${[first?.raw, String(first?.line), quoted(reasons.join('; '), dialect)].join(dialect.delimiter)}\n`
}
