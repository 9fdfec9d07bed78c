// The newest loads: how far they are, and what became of their rows.

import { Link } from '@tanstack/react-router'
import type { Load } from '../../../contract/loads.ts'
import { isUnderWay } from '../../queries.ts'
import { useSurroundings } from '../../session.tsx'
import { Ago } from '../../ui/Ago.tsx'
import { DataTable, type TableColumn } from '../../ui/DataTable.tsx'
import { formatCount, formatSize } from '../../ui/format.ts'
import { Progress } from '../../ui/Progress.tsx'
import { Section } from '../../ui/Section.tsx'
import { Empty } from '../../ui/State.tsx'
import { StatusBadge } from '../../ui/StatusBadge.tsx'
import css from './HomePage.module.css'

const COLUMNS: readonly TableColumn[] = [
  { key: 'file', name: 'File', grows: true },
  { key: 'target', name: 'Into', secondary: true },
  { key: 'size', name: 'Size', align: 'right', secondary: true },
  { key: 'read', name: 'Rows', align: 'right' },
  { key: 'refused', name: 'Refused', align: 'right' },
  { key: 'status', name: 'Status' },
  { key: 'when', name: 'When', align: 'right', secondary: true },
]

export function RecentLoads({ loads }: { loads: readonly Load[] }) {
  const { zone } = useSurroundings()
  const rows = loads.map((load) => ({
    key: load.id,
    cells: [
      <Link key="file" to="/data/loads/$id" params={{ id: load.id }} title={load.file_name}>
        {load.file_name || 'without a name'}
      </Link>,
      load.target,
      formatSize(load.size_bytes),
      formatCount(load.rows_read),
      load.rows_rejected > 0 ? formatCount(load.rows_rejected) : '–',
      isUnderWay(load) && load.progress > 0 ? (
        <span className={css.running} key="status">
          <Progress part={load.progress} label={`Progress of ${load.file_name}`} />
        </span>
      ) : (
        <StatusBadge key="status" status={load.status} />
      ),
      <Ago key="when" instant={load.created_at} zone={zone} />,
    ],
  }))
  return (
    <Section title="Recent loads" end={<Link to="/data">All loads</Link>} framed>
      {rows.length === 0 ? (
        <Empty title="Nothing has been loaded yet" />
      ) : (
        <DataTable label="Recent loads" columns={COLUMNS} rows={rows} />
      )}
    </Section>
  )
}
