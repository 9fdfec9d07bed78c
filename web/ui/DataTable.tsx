// A dense table: numbers on the right, a header that stays, scrolling within its own frame.

import type { ReactNode } from 'react'
import css from './DataTable.module.css'

export interface TableColumn {
  key: string
  name: string
  align?: 'left' | 'right'
  /** Left out on a narrow screen. */
  secondary?: boolean
  /** Takes the width that the others leave, and is cut with an ellipsis. */
  grows?: boolean
}

interface DataTableProps {
  /** What the table is about, for those who do not see where it stands. */
  label: string
  columns: readonly TableColumn[]
  rows: readonly { key: string; cells: readonly ReactNode[] }[]
}

export function DataTable({ label, columns, rows }: DataTableProps) {
  const cell = (column: TableColumn) => ({
    'data-align': column.align,
    'data-secondary': column.secondary ? '' : undefined,
    'data-grows': column.grows ? '' : undefined,
  })
  return (
    // A region that scrolls must be reachable by keyboard.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: see above
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields
    <div className={css.frame} role="group" aria-label={label} tabIndex={0}>
      <table className={css.table}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.key} scope="col" {...cell(column)}>
                {column.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.key}>
              {columns.map((column, index) => (
                <td key={column.key} {...cell(column)}>
                  {row.cells[index]}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
