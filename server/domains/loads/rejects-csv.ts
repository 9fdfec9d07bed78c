// Refused rows as a file that can be mended and loaded again: the rows as they stood, under the header of their file,
// with two columns behind that say where each stood and why it was refused; the next load passes those over.

import type { Mapping, Reject } from '../../../contract/loads.ts'

const PAGE_ROWS = 1000

/** How the file was read, so that what comes of its rows can be read by the same mapping. */
interface FileShape extends Pick<Mapping, 'delimiter' | 'quote' | 'skip_lines'> {
  /** The header of the file, null where it had none: then the rows come in columns of our own. */
  header: string | null
}

/** Reads refused rows behind a line, in pages. */
type ReadPage = (afterLine: number, limit: number) => Promise<Reject[]>

export async function* rejectsCsv(
  { header, delimiter = ',', quote = '"', skip_lines = 0 }: FileShape,
  read: ReadPage,
): AsyncGenerator<string> {
  const cell = (text: string | null) => quoted(text ?? '', delimiter, quote)
  const skipped = '\n'.repeat(skip_lines)
  yield header === null
    ? `${['line', 'column', 'value', 'reason', 'raw'].join(delimiter)}\n`
    : `${skipped}${header}${delimiter}rejected_line${delimiter}rejected_reason\n`
  for (let after = 0; ; ) {
    const page = await read(after, PAGE_ROWS)
    const lines = page.map(({ line, column, value, reason, raw }) =>
      header === null
        ? [String(line), cell(column), cell(value), cell(reason), cell(raw)].join(delimiter)
        : [raw, String(line), cell(column === null ? reason : `${column}: ${reason}`)].join(delimiter),
    )
    if (lines.length > 0) yield `${lines.join('\n')}\n`
    if (page.length < PAGE_ROWS) return
    after = page.at(-1)?.line ?? after
  }
}

function quoted(text: string, delimiter: string, quote: string): string {
  const plain = !/[\r\n]/.test(text) && !text.includes(delimiter) && !text.includes(quote)
  return plain ? text : quote + text.replaceAll(quote, quote + quote) + quote
}
