// One bar for each group of a metric over the whole range.

import { keepPreviousData, useQuery } from '@tanstack/react-query'
import type { Panel } from '../../../contract/dashboards.ts'
import { metricCsvUrl } from '../../api.ts'
import { Bars } from '../../charts/Bars.tsx'
import { metricDataQuery } from '../../queries.ts'
import { useSurroundings } from '../../session.tsx'
import { formatCount } from '../../ui/format.ts'
import { withUnit } from './lines.ts'
import { readRows } from './metric-rows.ts'
import { PanelFrame, type PanelTable } from './PanelFrame.tsx'
import { useView } from './view.ts'

type PanelDefinition = Extract<Panel, { type: 'bar' }>

export function BarPanel({ panel }: { panel: PanelDefinition }) {
  const { api } = useSurroundings()
  const { rangeText, zone } = useView()
  const asked = { ...rangeText, tz: zone }
  const query = useQuery({
    ...metricDataQuery(api, panel.metric_id, asked),
    placeholderData: keepPreviousData,
  })
  const rows = query.data && readRows(query.data)
  const bars = (rows?.groups ?? []).flatMap(({ key, name, values }) => {
    const value = values[0]
    return typeof value === 'number' ? [{ key, name: name || panel.title, value, colour: '--series-1' }] : []
  })

  function table(): PanelTable {
    return {
      columns: [
        { key: 'group', name: 'Group' },
        { key: 'value', name: withUnit('Value', rows?.unit ?? ''), align: 'right' },
      ],
      rows: bars.map(({ key, name, value }) => ({ key, cells: [name, formatCount(value)] })),
      leftOut: 0,
    }
  }

  return (
    <PanelFrame
      id={panel.i}
      title={panel.title}
      query={query}
      empty={bars.length === 0 ? 'No values in this range' : null}
      table={table}
      csvUrl={metricCsvUrl(panel.metric_id, asked)}
    >
      <Bars label={panel.title} bars={bars} unit={rows?.unit ?? ''} />
    </PanelFrame>
  )
}
