// A dashboard: its panels over one time range, which stands in the address.

import { useQueries, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useCallback, useMemo, useState } from 'react'
import type { Dashboard } from '../../../contract/dashboards.ts'
import { createCursor } from '../../charts/cursor.ts'
import { createPalette } from '../../charts/palette.ts'
import { dashboardQuery, signalQuery } from '../../queries.ts'
import { useSurroundings } from '../../session.tsx'
import { type RangeChoice, RangePicker } from '../../ui/RangePicker.tsx'
import { instantText, type Range, resolveRange } from '../../ui/range.ts'
import { Page } from '../../ui/Shell.tsx'
import { Empty, Failed } from '../../ui/State.tsx'
import { HOUR_MS, knownZone, MINUTE_MS } from '../../ui/zone.ts'
import { PanelGrid } from './PanelGrid.tsx'
import { extentOf, presetsFor, signalIdsOf } from './ranges.ts'
import { type DashboardView, DashboardViewContext } from './view.ts'

const route = getRouteApi('/signed-in/dashboards/$id')

export function DashboardPage() {
  const { api } = useSurroundings()
  const { id } = route.useParams()
  const { data, error, refetch } = useQuery(dashboardQuery(api, id))
  if (data) return <Board key={id} dashboard={data} />
  return (
    <Page title={error ? 'Dashboard' : '\u00a0'}>
      {error && <Failed error={error} onRetry={() => void refetch()} />}
    </Page>
  )
}

function Board({ dashboard }: { dashboard: Dashboard }) {
  const { api, zone: workspaceZone } = useSurroundings()
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const client = useQueryClient()
  const [now, setNow] = useState(() => Date.now())
  const zone = knownZone(dashboard.tz ?? workspaceZone)
  const chosen = { from: search.from ?? dashboard.default_from, to: search.to ?? dashboard.default_to }
  const range = useMemo(
    () => resolveRange(chosen.from, chosen.to, { zone, now }),
    [chosen.from, chosen.to, zone, now],
  )
  const extent = useQueries({
    queries: signalIdsOf(dashboard).map((id) => signalQuery(api, id)),
    combine: (answers) => extentOf(answers.flatMap(({ data }) => (data ? [data] : []))),
  })
  const onChange = useCallback(
    ({ from, to }: RangeChoice) => void navigate({ search: ({ table }) => defined({ from, to, table }) }),
    [navigate],
  )
  const view = useView({ dashboard, range, zone, onChange })

  function refresh() {
    setNow(Date.now())
    void client.invalidateQueries({ queryKey: ['data'] })
  }

  const picker = (
    <RangePicker
      range={range ?? { from: now - HOUR_MS, to: now }}
      choice={{ from: search.from, to: search.to }}
      presets={presetsFor(extent, now)}
      zone={zone}
      onChange={onChange}
      onRefresh={refresh}
    />
  )
  return (
    <Page title={dashboard.name} controls={picker}>
      {dashboard.panels.length === 0 && <Empty title="This dashboard has no panels yet" />}
      {!view && (
        <Empty title="The time range in the address cannot be read">
          It should be like ?from=now-7d&amp;to=now, or two dates, the later one last. Choose one with the
          clock above.
        </Empty>
      )}
      {view && (
        <DashboardViewContext value={view}>
          <PanelGrid dashboard={dashboard} />
        </DashboardViewContext>
      )}
    </Page>
  )
}

interface ViewParts {
  dashboard: Dashboard
  range: Range | null
  zone: string
  onChange: (choice: RangeChoice) => void
}

/** Null when there is no range to show. */
function useView({ dashboard, range, zone, onChange }: ViewParts): DashboardView | null {
  const { table } = route.useSearch()
  const navigate = route.useNavigate()
  const cursor = useMemo(() => createCursor(), [])
  const colourOf = useMemo(() => createPalette(signalIdsOf(dashboard)), [dashboard])
  return useMemo(
    () =>
      range && {
        range,
        rangeText: { from: instantText(range.from), to: instantText(range.to) },
        zone,
        cursor,
        colourOf,
        onZoom: (zoomed) => onChange(rounded(zoomed)),
        openTable: table,
        onTable: (panelId) =>
          void navigate({
            search: ({ from, to }) => defined({ from, to, table: panelId }),
            resetScroll: false,
          }),
      },
    [range, zone, cursor, colourOf, onChange, table, navigate],
  )
}

/** To whole minutes where the range is long enough, so that addresses stay short and answers are found again. */
function rounded({ from, to }: Range): { from: string; to: string } {
  const step = to - from > 2 * HOUR_MS ? MINUTE_MS : 1000
  return { from: instantText(Math.floor(from / step) * step), to: instantText(Math.ceil(to / step) * step) }
}

type Search = { from?: string; to?: string; table?: string }

function defined(search: { [name in keyof Search]?: string | undefined }): Search {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined))
}
