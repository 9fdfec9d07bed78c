// Lines over time: signals as they were measured, or a metric in buckets.

import { keepPreviousData, useQueries, useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import type { Panel } from '../../../contract/dashboards.ts'
import { measurementsCsvUrl, metricCsvUrl } from '../../api.ts'
import { Legend } from '../../charts/Legend.tsx'
import { LineChart } from '../../charts/LineChart.tsx'
import type { Line } from '../../charts/line-plot.ts'
import { metricDataQuery, metricQuery, seriesQuery, signalQuery } from '../../queries.ts'
import { useSurroundings } from '../../session.tsx'
import { Badge } from '../../ui/Badge.tsx'
import css from './LinePanel.module.css'
import { lineTable, metricLines, seriesLines } from './lines.ts'
import { readRows } from './metric-rows.ts'
import { PanelFrame } from './PanelFrame.tsx'
import { useView } from './view.ts'

type PanelDefinition = Extract<Panel, { type: 'line' }>

const POINTS = 1200
const NO_LINES: readonly Line[] = []

export function LinePanel({ panel }: { panel: PanelDefinition }) {
  return panel.metric_id && !panel.signal_ids ? (
    <MetricLines panel={panel} metricId={panel.metric_id} />
  ) : (
    <SignalLines panel={panel} signalIds={panel.signal_ids ?? []} />
  )
}

function SignalLines({ panel, signalIds }: { panel: PanelDefinition; signalIds: readonly string[] }) {
  const { api } = useSurroundings()
  const { range, rangeText, colourOf } = useView()
  const query = useQuery({
    ...seriesQuery(api, signalIds, rangeText, POINTS),
    placeholderData: keepPreviousData,
  })
  const names = useQueries({
    queries: signalIds.map((id) => signalQuery(api, id)),
    combine: (answers) =>
      Object.fromEntries(answers.flatMap(({ data }) => (data ? [[data.id, data.name]] : []))),
  })
  const lines = useMemo(
    () => (query.data ? seriesLines(query.data, { names, points: POINTS, range, colourOf }) : NO_LINES),
    [query.data, names, range, colourOf],
  )
  return <Lines panel={panel} query={query} lines={lines} csvUrl={measurementsCsvUrl(signalIds, rangeText)} />
}

function MetricLines({ panel, metricId }: { panel: PanelDefinition; metricId: string }) {
  const { api } = useSurroundings()
  const { rangeText, zone, colourOf } = useView()
  const asked = { ...rangeText, tz: zone, bucket: panel.bucket ?? 'auto' }
  const query = useQuery({ ...metricDataQuery(api, metricId, asked), placeholderData: keepPreviousData })
  const metric = useQuery(metricQuery(api, metricId))
  const name = metric.data?.name ?? panel.title
  const rows = useMemo(() => query.data && readRows(query.data), [query.data])
  const lines = useMemo(
    () => (rows ? metricLines(metricId, name, rows, colourOf) : NO_LINES),
    [rows, metricId, name, colourOf],
  )
  const cut = rows?.partial ?? 0
  const notes = cut > 0 && (
    <Badge title="The range starts or ends within a bucket, which then holds only a part of its values">
      {cut} partial {cut === 1 ? 'bucket' : 'buckets'}
    </Badge>
  )
  return (
    <Lines panel={panel} query={query} lines={lines} csvUrl={metricCsvUrl(metricId, asked)} notes={notes} />
  )
}

interface LinesProps {
  panel: PanelDefinition
  query: Parameters<typeof PanelFrame>[0]['query']
  lines: readonly Line[]
  csvUrl: string
  notes?: React.ReactNode
}

function Lines({ panel, query, lines, csvUrl, notes }: LinesProps) {
  const { range, zone, cursor, onZoom } = useView()
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set())
  const shown = useMemo(() => lines.filter((line) => !hidden.has(line.key)), [lines, hidden])
  const empty = lines.every((line) => line.times.length === 0) ? 'No values in this range' : null

  function toggle(key: string) {
    const next = new Set(hidden)
    if (!next.delete(key)) next.add(key)
    setHidden(next)
  }

  return (
    <PanelFrame
      id={panel.i}
      title={panel.title}
      query={query}
      empty={empty}
      notes={notes}
      table={() => lineTable(shown, zone)}
      csvUrl={csvUrl}
    >
      <div className={css.lines}>
        <div className={css.chart}>
          <LineChart
            id={panel.i}
            label={`${panel.title}: ${lines.map((line) => line.name).join(', ')}. The menu has the data as a table.`}
            lines={shown}
            range={range}
            zone={zone}
            cursor={cursor}
            onZoom={onZoom}
            {...(panel.thresholds ? { thresholds: panel.thresholds } : {})}
          />
        </div>
        {lines.length > 1 && <Legend items={lines} hidden={hidden} onToggle={toggle} />}
      </div>
    </PanelFrame>
  )
}
