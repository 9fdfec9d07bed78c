// One load: how far it is, what became of its rows, how the file was read, and every row that was refused.

import { Button } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useEffect } from 'react'
import type { Load } from '../../../contract/loads.ts'
import { dashboardsQuery, isUnderWay, loadQuery } from '../../queries.ts'
import { useIsManager, useSession, useSurroundings } from '../../session.tsx'
import { formatDuration, formatInstant, formatSize } from '../../ui/format.ts'
import { Progress } from '../../ui/Progress.tsx'
import { Page } from '../../ui/Shell.tsx'
import { Failed, Skeleton } from '../../ui/State.tsx'
import { StatusBadge } from '../../ui/StatusBadge.tsx'
import css from './LoadPage.module.css'
import { MappingList } from './MappingList.tsx'
import { RejectList } from './RejectList.tsx'
import { RowCounts } from './RowCounts.tsx'

const route = getRouteApi('/signed-in/loads/$id')

export function LoadPage() {
  const { api } = useSurroundings()
  const { id } = route.useParams()
  const { data: load, error, refetch } = useQuery(loadQuery(api, id))
  return (
    <Page title={load?.file_name || 'Load'} note={load && <StatusBadge status={load.status} />} narrow>
      {!load && error && <Failed error={error} onRetry={() => void refetch()} />}
      {!load && !error && <Skeleton height={240} />}
      {load && <LoadDetail load={load} />}
    </Page>
  )
}

function LoadDetail({ load }: { load: Load }) {
  const client = useQueryClient()
  const underWay = isUnderWay(load)
  useEffect(() => {
    // What the load brought shows on other pages as soon as it is there.
    if (!underWay) void client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'load' })
  }, [client, underWay])
  return (
    <>
      <Facts load={load} />
      {underWay && <Running load={load} />}
      {load.error && (
        <p className={css.error} role="alert">
          {load.error}
        </p>
      )}
      <RowCounts load={load} />
      {load.status === 'done' && <NextStep />}
      {load.rows_rejected > 0 && <RejectList key={load.rows_rejected} load={load} />}
      <MappingList mapping={load.mapping} />
    </>
  )
}

function Facts({ load }: { load: Load }) {
  const { zone } = useSurroundings()
  const { session } = useSession()
  const took =
    load.started_at && load.finished_at && Date.parse(load.finished_at) - Date.parse(load.started_at)
  return (
    <p className={css.facts}>
      <span>
        into <strong>{load.target}</strong>
      </span>
      <span>{formatSize(load.size_bytes)}</span>
      <span>
        by {session?.account.id === load.created_by ? session.account.name : load.created_by},{' '}
        <time dateTime={load.created_at}>{formatInstant(Date.parse(load.created_at), zone)}</time> {zone}
      </span>
      {typeof took === 'number' && <span>took {took < 1000 ? `${took} ms` : formatDuration(took)}</span>}
    </p>
  )
}

function Running({ load }: { load: Load }) {
  const { api } = useSurroundings()
  const manager = useIsManager()
  const client = useQueryClient()
  const cancel = useMutation({
    mutationFn: () => api.cancelLoad(load.id),
    onSettled: () => client.invalidateQueries({ queryKey: ['load', load.id] }),
  })
  return (
    <div className={css.running}>
      <Progress part={load.progress} label="Progress of this load" />
      {manager && (
        <Button variant="default" loading={cancel.isPending} onClick={() => cancel.mutate()}>
          Cancel
        </Button>
      )}
    </div>
  )
}

/** To where the rows can be looked at. */
function NextStep() {
  const { api } = useSurroundings()
  const { data } = useQuery(dashboardsQuery(api))
  return (
    <p className={css.next}>
      {data?.items.slice(0, 3).map(({ id, name }) => (
        <Link key={id} to="/dashboards/$id" params={{ id }}>
          Open {name}
        </Link>
      ))}
      <Link to="/">Load another file</Link>
    </p>
  )
}
