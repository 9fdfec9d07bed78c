// The table behind a panel, in a dialog.

import { Modal } from '@mantine/core'
import { DataTable } from '../../ui/DataTable.tsx'
import { formatCount } from '../../ui/format.ts'
import type { PanelTable } from './PanelFrame.tsx'
import css from './TableView.module.css'

interface TableViewProps {
  title: string
  table: PanelTable
  csvUrl: string | undefined
  onClose: () => void
}

export function TableView({ title, table, csvUrl, onClose }: TableViewProps) {
  return (
    <Modal opened onClose={onClose} title={title} size="xl">
      <div className={css.frame}>
        <DataTable label={`Data of ${title}`} columns={table.columns} rows={table.rows} />
      </div>
      <p className={css.foot}>
        {formatCount(table.rows.length)} rows
        {table.leftOut > 0 && `, ${formatCount(table.leftOut)} more in the CSV`}
        {csvUrl && (
          <a href={csvUrl} download>
            Export CSV
          </a>
        )}
      </p>
    </Modal>
  )
}
