// A refused row as cells that can be edited, and back to the text that is sent again. Rows of CSV are cells in the order
// of the header; other rows are JSON objects. Pure.

import type { Mapping } from '../../../contract/mapping.ts'

export type Dialect = Pick<Mapping, 'delimiter' | 'quote'>

export interface RawRow {
  names: readonly string[]
  cells: readonly string[]
  /** The row's text with other cells; a cell that is as it was keeps its spelling. */
  write: (cells: readonly string[]) => string
}

/** `header` is the line that names the columns of a CSV file, null where there is none. */
export function readRow(raw: string, header: string | null, dialect: Dialect): RawRow {
  return readJson(raw) ?? readCsv(raw, header, dialect)
}

/** Where the cell of a column stands, -1 for none. In JSON a column may be a path, whose cell is that of its first key. */
export function placeOf(names: readonly string[], column: string | null): number {
  if (column === null) return -1
  const exact = names.indexOf(column)
  return exact >= 0 ? exact : names.indexOf(column.split('.')[0] ?? '')
}

function readCsv(raw: string, header: string | null, dialect: Dialect): RawRow {
  const pieces = splitCsv(raw, dialect)
  const cells = pieces.map((piece) => unquoted(piece, dialect))
  const titles = header === null ? [] : splitCsv(header.replace(/^\ufeff/, ''), dialect)
  const names = Array.from({ length: Math.max(cells.length, titles.length) }, (_, index) =>
    titles[index] === undefined ? String(index + 1) : unquoted(titles[index], dialect),
  )
  return {
    names,
    // A row that is too short can be filled up.
    cells: names.map((_, index) => cells[index] ?? ''),
    write: (next) => {
      const written = next.map((cell, index) =>
        cell === cells[index] ? (pieces[index] ?? '') : quoted(cell, dialect),
      )
      const wanted = Math.max(pieces.length, written.findLastIndex((cell) => cell !== '') + 1)
      return written.slice(0, wanted).join(dialect.delimiter ?? ',')
    },
  }
}

function readJson(raw: string): RawRow | undefined {
  const row = parseObject(raw)
  if (row === undefined) return undefined
  const names = Object.keys(row)
  const cells = names.map((name) => shown(row[name]))
  return {
    names,
    cells,
    write: (next) =>
      JSON.stringify(
        Object.fromEntries(
          names.map((name, index) => [
            name,
            next[index] === cells[index] ? row[name] : typed(next[index] ?? '', row[name]),
          ]),
        ),
      ),
  }
}

function parseObject(raw: string): Record<string, unknown> | undefined {
  if (!/^\s*\{/.test(raw)) return undefined
  try {
    const parsed: unknown = JSON.parse(raw)
    return isObject(parsed) ? parsed : undefined
  } catch {
    // A row of CSV that begins with a brace, or a record that is broken: it is shown as it stands.
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}

/** Text stays text; what was a number, a list or nothing is read as JSON where it can be. */
function typed(text: string, before: unknown): unknown {
  if (typeof before === 'string') return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** The cells as they are spelled, quotes included. */
function splitCsv(line: string, { delimiter = ',', quote = '"' }: Dialect): string[] {
  const pieces: string[] = []
  let start = 0
  let inside = false
  for (let at = 0; at < line.length; at++) {
    // In a cell that does not begin with a quote, one is a character like any other.
    if (line[at] === quote && line[start] === quote) inside = !inside
    else if (line[at] === delimiter && !inside) {
      pieces.push(line.slice(start, at))
      start = at + 1
    }
  }
  return [...pieces, line.slice(start)]
}

function unquoted(piece: string, { quote = '"' }: Dialect): string {
  const whole = piece.length >= 2 && piece.startsWith(quote) && piece.endsWith(quote)
  return whole ? piece.slice(1, -1).replaceAll(quote + quote, quote) : piece
}

function quoted(cell: string, { delimiter = ',', quote = '"' }: Dialect): string {
  const plain = !cell.includes(delimiter) && !cell.includes(quote) && !/[\r\n]/.test(cell)
  return plain ? cell : quote + cell.replaceAll(quote, quote + quote) + quote
}
