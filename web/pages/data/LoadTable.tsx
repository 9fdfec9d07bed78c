// Loads as a table: what came, where it went, and what became of its rows.

import { Link } from '@tanstack/react-router'
import type { Load } from '../../../contract/loads.ts'
import { isUnderWay } from '../../queries.ts'
import { useSession, useSurroundings } from '../../session.tsx'
import { Ago } from '../../ui/Ago.tsx'
import { Badge } from '../../ui/Badge.tsx'
import { DataTable, type TableColumn } from '../../ui/DataTable.tsx'
import { formatCount, formatSize } from '../../ui/format.ts'
import { Progress } from '../../ui/Progress.tsx'
import { StatusBadge } from '../../ui/StatusBadge.tsx'
import css from './DataPage.module.css'

const COLUMNS: readonly TableColumn[] = [
  { key: 'file', name: 'File', grows: true },
  { key: 'target', name: 'Into', secondary: true },
  { key: 'status', name: 'State' },
  { key: 'loaded', name: 'New', align: 'right', secondary: true },
  { key: 'updated', name: 'Corrected', align: 'right', secondary: true },
  { key: 'unchanged', name: 'Already there', align: 'right', secondary: true },
  { key: 'refused', name: 'Refused', align: 'right' },
  { key: 'speed', name: 'Rows a second', align: 'right', secondary: true },
  { key: 'size', name: 'Size', align: 'right', secondary: true },
  { key: 'when', name: 'When', align: 'right' },
  { key: 'who', name: 'By', secondary: true },
]
/** Of fewer rows the speed says only how long a start takes. */
const SPEED_ROWS = 10_000

export function LoadTable({ loads }: { loads: readonly Load[] }) {
  const { zone } = useSurroundings()
  const { session } = useSession()
  const account = session?.account
  const rows = loads.map((load) => ({
    key: load.id,
    cells: [
      <Link key="file" to="/data/loads/$id" params={{ id: load.id }} title={load.file_name}>
        {load.file_name || 'without a name'}
      </Link>,
      load.target,
      <LoadState key="state" load={load} />,
      count(load.rows_loaded),
      count(load.rows_updated),
      count(load.rows_unchanged),
      load.rows_rejected > 0 ? (
        <strong key="refused" className={css.refused}>
          {formatCount(load.rows_rejected)}
        </strong>
      ) : (
        '–'
      ),
      load.rows_per_second !== null && load.rows_read >= SPEED_ROWS
        ? formatCount(Math.round(load.rows_per_second))
        : '–',
      formatSize(load.size_bytes),
      <Ago key="when" instant={load.created_at} zone={zone} />,
      <span key="who" title={load.created_by}>
        {account?.id === load.created_by ? account.name : load.created_by.slice(0, 8)}
      </span>,
    ],
  }))
  return <DataTable label="Loads" columns={COLUMNS} rows={rows} />
}

function LoadState({ load }: { load: Load }) {
  if (load.undone_at !== null) return <Badge>undone</Badge>
  if (!isUnderWay(load) || load.progress === 0) return <StatusBadge status={load.status} />
  return (
    <span className={css.running}>
      <Progress part={load.progress} label={`Progress of ${load.file_name}`} />
    </span>
  )
}

const count = (rows: number) => (rows > 0 ? formatCount(rows) : '–')
