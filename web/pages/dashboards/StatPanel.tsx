// One number of a metric over the range, with the period before it and its course.

import { keepPreviousData, useQuery } from '@tanstack/react-query'
import type { Panel } from '../../../contract/dashboards.ts'
import { metricCsvUrl } from '../../api.ts'
import { Sparkline } from '../../charts/Sparkline.tsx'
import { metricDataQuery } from '../../queries.ts'
import { useSurroundings } from '../../session.tsx'
import { formatCount, formatRange, formatValue } from '../../ui/format.ts'
import { instantText, type Range } from '../../ui/range.ts'
import { fromWall, toWall } from '../../ui/zone.ts'
import { withUnit } from './lines.ts'
import { readRows } from './metric-rows.ts'
import { PanelFrame, type PanelTable } from './PanelFrame.tsx'
import css from './StatPanel.module.css'
import { useView } from './view.ts'

type PanelDefinition = Extract<Panel, { type: 'stat' }>

export function StatPanel({ panel }: { panel: PanelDefinition }) {
  const { api } = useSurroundings()
  const { range, rangeText, zone } = useView()
  const before = periodBefore(range, zone)
  const asked = { ...rangeText, tz: zone }
  const now = useQuery({ ...metricDataQuery(api, panel.metric_id, asked), placeholderData: keepPreviousData })
  const earlier = useQuery({
    ...metricDataQuery(api, panel.metric_id, {
      from: instantText(before.from),
      to: instantText(before.to),
      tz: zone,
    }),
    enabled: panel.compare === true,
  })
  const course = useQuery(metricDataQuery(api, panel.metric_id, { ...asked, bucket: 'auto' }))

  const rows = now.data && readRows(now.data)
  const value = rows?.groups[0]?.values[0] ?? null
  const previous = earlier.data ? (readRows(earlier.data).groups[0]?.values[0] ?? null) : undefined
  const values = (course.data && readRows(course.data).groups[0]?.values) || []

  function table(): PanelTable {
    const unit = rows?.unit ?? ''
    const row = (period: Range, shown: number | null | undefined) => ({
      key: String(period.from),
      cells: [
        formatRange(period.from, period.to, zone),
        shown === null || shown === undefined ? '' : formatCount(shown),
      ],
    })
    return {
      columns: [
        { key: 'period', name: `Period, ${zone}` },
        { key: 'value', name: withUnit(panel.title, unit), align: 'right' },
      ],
      rows: [row(range, value), ...(panel.compare ? [row(before, previous)] : [])],
      leftOut: 0,
    }
  }

  return (
    <PanelFrame
      id={panel.i}
      title={panel.title}
      query={now}
      table={table}
      csvUrl={metricCsvUrl(panel.metric_id, asked)}
    >
      <div className={css.stat}>
        <Figure value={value} unit={rows?.unit ?? ''} />
        <div className={css.course}>
          <Sparkline values={values} />
        </div>
        {panel.compare && (
          <Change value={value} previous={previous} title={formatRange(before.from, before.to, zone)} />
        )}
      </div>
    </PanelFrame>
  )
}

function Figure({ value, unit }: { value: number | null; unit: string }) {
  if (value === null) return <p className={css.none}>No value in this range</p>
  const shown = formatValue(value, unit)
  return (
    <p className={css.value}>
      {shown.text} <span className={css.unit}>{shown.unit}</span>
    </p>
  )
}

interface ChangeProps {
  value: number | null
  previous: number | null | undefined
  title: string
}

function Change({ value, previous, title }: ChangeProps) {
  if (previous === undefined || value === null) return <p className={css.change}>&nbsp;</p>
  if (previous === null || previous === 0) return <p className={css.change}>Nothing to compare before</p>
  const percent = ((value - previous) / Math.abs(previous)) * 100
  const sign = percent > 0.05 ? '▲' : percent < -0.05 ? '▼' : '='
  return (
    <p className={css.change} title={`Against ${title}`}>
      <span className={css.sign} aria-hidden="true">
        {sign}
      </span>{' '}
      {percent > 0 && '+'}
      {percent.toFixed(1).replace('-', '\u2212')} % <span className={css.against}>on the period before</span>
    </p>
  )
}

/** Of equal length on the zone's clock: the two weeks before a range of two weeks, also across a clock change. */
function periodBefore({ from, to }: Range, zone: string): Range {
  const span = toWall(zone, to) - toWall(zone, from)
  return { from: fromWall(zone, toWall(zone, from) - span), to: from }
}
