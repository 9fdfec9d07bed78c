// An answer as CSV (RFC 4180): a line of names, then the rows. Text that a spreadsheet would run as a formula gets an
// apostrophe before it (owasp.org/www-community/attacks/CSV_Injection); numbers stay as they are.

import type { Cell } from '../../../contract/datasets.ts'

const RISKY = /^[=+\-@\t\r]/
const QUOTED = /[",\r\n]/

/** Null is the empty field, the empty text `""`. Lines end with CRLF. */
export function writeCsv(names: readonly string[], rows: readonly Cell[][]): string {
  return `${[names, ...rows].map((row) => row.map(field).join(',')).join('\r\n')}\r\n`
}

function field(cell: Cell): string {
  if (cell === null) return ''
  if (typeof cell !== 'string') return String(cell)
  const safe = RISKY.test(cell) ? `'${cell}` : cell
  return safe === '' || QUOTED.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
