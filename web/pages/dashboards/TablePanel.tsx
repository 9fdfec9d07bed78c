// The rows of a metric as they are: what its SQL gives, column by column.

import { keepPreviousData, useQuery } from '@tanstack/react-query'
import type { Panel } from '../../../contract/dashboards.ts'
import type { MetricData } from '../../../contract/metrics.ts'
import { metricCsvUrl } from '../../api.ts'
import { metricDataQuery } from '../../queries.ts'
import { useSurroundings } from '../../session.tsx'
import { DataTable } from '../../ui/DataTable.tsx'
import { formatCount, formatInstant } from '../../ui/format.ts'
import { PanelFrame, type PanelTable } from './PanelFrame.tsx'
import { useView } from './view.ts'

type PanelDefinition = Extract<Panel, { type: 'table' }>

const ROWS_SHOWN = 500

export function TablePanel({ panel }: { panel: PanelDefinition }) {
  const { api } = useSurroundings()
  const { rangeText, zone } = useView()
  const asked = { ...rangeText, tz: zone }
  const query = useQuery({
    ...metricDataQuery(api, panel.metric_id, asked),
    placeholderData: keepPreviousData,
  })
  const table = (): PanelTable => tableOf(query.data, zone)

  return (
    <PanelFrame
      id={panel.i}
      title={panel.title}
      query={query}
      empty={query.data?.rows.length === 0 ? 'No rows in this range' : null}
      table={table}
      csvUrl={metricCsvUrl(panel.metric_id, asked)}
    >
      <DataTable label={panel.title} {...table()} />
    </PanelFrame>
  )
}

function tableOf(data: MetricData | undefined, zone: string): PanelTable {
  const columns = data?.columns ?? []
  const rows = data?.rows ?? []
  return {
    columns: columns.map(({ name, type }, index) => ({
      key: String(index),
      name,
      align: type === 'number' || type === 'integer' ? 'right' : 'left',
    })),
    rows: rows.slice(0, ROWS_SHOWN).map((row, index) => ({
      key: String(index),
      cells: row.map((cell, column) => cellText(cell, columns[column]?.type, zone)),
    })),
    leftOut: Math.max(0, rows.length - ROWS_SHOWN),
  }
}

function cellText(cell: MetricData['rows'][number][number], type: string | undefined, zone: string): string {
  if (cell === null) return ''
  if (typeof cell === 'number') return formatCount(cell)
  return type === 'timestamp' ? formatInstant(Date.parse(String(cell)), zone) : String(cell)
}
