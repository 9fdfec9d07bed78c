// What becomes of a result set: plain rows for a store, or text for a client. The same for both engines.

import type { Row, TextFormat } from '../db.ts'
import { formatInstant } from '../sql.ts'
import type { ResultSet } from './frames.ts'

type Value = number | string | boolean | null

function cellOf(set: ResultSet, column: number, row: number): Value {
  const value = set.columns[column]?.[row] ?? null
  if (set.kinds[column] === 'instant' && typeof value === 'number') return formatInstant(value)
  return value
}

export function toRows(set: ResultSet): Row[] {
  const rows: Row[] = []
  for (let row = 0; row < set.rows; row++) {
    const object: Row = {}
    for (let column = 0; column < set.names.length; column++) {
      object[set.names[column] as string] = cellOf(set, column, row) // as many names as columns
    }
    rows.push(object)
  }
  return rows
}

/** A cell of CSV. Text that a spreadsheet would run as a formula gets an apostrophe in front. */
export function csvCell(value: Value): string {
  if (value === null) return ''
  if (typeof value !== 'string') return String(value)
  const harmless = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}

/** The header line of CSV; nothing in the other formats. */
export function textHeader(names: string[], format: TextFormat): string {
  return format === 'csv' ? `${names.map(csvCell).join(',')}\n` : ''
}

/** The rows of a set as text. `first` tells whether any came before, since `json` puts commas between rows. */
export function toText(set: ResultSet, format: TextFormat, first: boolean): string {
  const lines: string[] = []
  const columns = set.names.map((_, column) => column)
  const keys = set.names.map((name) => `${JSON.stringify(name)}:`)
  for (let row = 0; row < set.rows; row++) {
    if (format === 'csv') {
      lines.push(columns.map((column) => csvCell(cellOf(set, column, row))).join(','))
    } else {
      const members = columns.map((column) => keys[column] + JSON.stringify(cellOf(set, column, row)))
      lines.push(`{${members.join(',')}}`)
    }
  }
  if (lines.length === 0) return ''
  if (format === 'json') return (first ? '' : ',') + lines.join(',')
  return `${lines.join('\n')}\n`
}
