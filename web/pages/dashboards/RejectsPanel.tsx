// Refused rows: of one load, or of the newest loads that have any.

import { useQueries, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { Panel } from '../../../contract/dashboards.ts'
import type { Load } from '../../../contract/loads.ts'
import { rejectsCsvUrl } from '../../api.ts'
import { loadQuery, loadsQuery, rejectsQuery } from '../../queries.ts'
import { useSurroundings } from '../../session.tsx'
import { Badge } from '../../ui/Badge.tsx'
import { DataTable } from '../../ui/DataTable.tsx'
import { formatCount } from '../../ui/format.ts'
import { Empty, Skeleton } from '../../ui/State.tsx'
import { PanelFrame, type PanelTable } from './PanelFrame.tsx'

type PanelDefinition = Extract<Panel, { type: 'rejects' }>

const LOADS = 50
const LOADS_SHOWN = 3
const ROWS_EACH = 100

export function RejectsPanel({ panel }: { panel: PanelDefinition }) {
  const { api } = useSurroundings()
  const id = panel.load_id
  const one = useQuery({ ...loadQuery(api, id ?? ''), enabled: id !== undefined })
  const many = useQuery({ ...loadsQuery(api, LOADS), enabled: id === undefined })
  const query = id === undefined ? many : one
  const known = id === undefined ? (many.data?.items ?? []) : one.data ? [one.data] : []
  const loads = known.filter((load) => load.rows_rejected > 0)
  const shown = loads.slice(0, LOADS_SHOWN)
  const answers = useQueries({ queries: shown.map((load) => rejectsQuery(api, load, ROWS_EACH)) })
  const total = loads.reduce((sum, load) => sum + load.rows_rejected, 0)
  const rows = shown.flatMap((load, index) => rejectRows(load, answers[index]?.data?.items ?? []))

  const table = (): PanelTable => ({ columns: COLUMNS, rows, leftOut: Math.max(0, total - rows.length) })

  return (
    <PanelFrame
      id={panel.i}
      title={panel.title}
      query={query}
      notes={total > 0 && <Badge tone="warn">{formatCount(total)} refused</Badge>}
      table={table}
      csvUrl={shown[0] && rejectsCsvUrl(shown[0].id)}
    >
      {total === 0 && <Empty title="No row was refused">Every row of every file was taken.</Empty>}
      {total > 0 && answers.some((answer) => answer.isPending) && <Skeleton />}
      {total > 0 && answers.every((answer) => !answer.isPending) && (
        <DataTable label={panel.title} columns={COLUMNS} rows={rows} />
      )}
    </PanelFrame>
  )
}

const COLUMNS: PanelTable['columns'] = [
  { key: 'line', name: 'Line', align: 'right' },
  { key: 'column', name: 'Column', secondary: true },
  { key: 'value', name: 'Value' },
  { key: 'reason', name: 'Why it was refused', grows: true },
  { key: 'file', name: 'File', secondary: true },
]

function rejectRows(
  load: Load,
  items: readonly { line: number; column: string | null; value: string | null; reason: string }[],
) {
  return items.map(({ line, column, value, reason }, index) => ({
    key: `${load.id} ${line} ${index}`,
    cells: [
      formatCount(line),
      column ?? '',
      <code key="value">{value ?? ''}</code>,
      <span key="reason" title={reason}>
        {reason}
      </span>,
      <Link key="file" to="/data/loads/$id" params={{ id: load.id }}>
        {load.file_name || load.target}
      </Link>,
    ],
  }))
}
