// The first page: bring a file in, open a dashboard, see what is loading and what is late or failing.

import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useFileInHand } from '../../file-in-hand.tsx'
import { dashboardsQuery, loadsQuery, signalsQuery } from '../../queries.ts'
import { useIsManager, useSurroundings } from '../../session.tsx'
import { DropZone } from '../../ui/DropZone.tsx'
import { Page } from '../../ui/Shell.tsx'
import { Failed, Skeleton } from '../../ui/State.tsx'
import { Attention } from './Attention.tsx'
import { DashboardList } from './DashboardList.tsx'
import { EmptyWorkspace } from './EmptyWorkspace.tsx'
import { RecentLoads } from './RecentLoads.tsx'

export function HomePage() {
  const { api } = useSurroundings()
  const manager = useIsManager()
  const { take } = useFileInHand()
  const navigate = useNavigate()
  const dashboards = useQuery(dashboardsQuery(api))
  const signals = useQuery(signalsQuery(api))
  const loads = useQuery(loadsQuery(api))
  const known = dashboards.data && signals.data && loads.data
  const failed = [dashboards, signals, loads].find((query) => query.error && !query.data)
  const onFile = (file: File) => {
    take(file)
    void navigate({ to: '/data/new' })
  }
  const empty = known && dashboards.data.items.length === 0 && signals.data.items.length === 0

  return (
    <Page title="Home" narrow>
      {failed?.error && <Failed error={failed.error} onRetry={() => void failed.refetch()} />}
      {!known && !failed && <Skeleton height={320} />}
      {known && empty && <EmptyWorkspace loads={loads.data.items} manager={manager} onFile={onFile} />}
      {known && !empty && (
        <>
          {manager && (
            <DropZone
              title="Drop a file to load it"
              text="Measurements, assets, signals or a table of your own. CSV, JSON, Parquet, XML or a spreadsheet."
              onFile={onFile}
            />
          )}
          <Attention
            signals={signals.data.items}
            more={signals.data.next !== null}
            loads={loads.data.items}
          />
          <DashboardList dashboards={dashboards.data.items} />
          <RecentLoads loads={loads.data.items} />
        </>
      )}
    </Page>
  )
}
