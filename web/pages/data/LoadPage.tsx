// One load: how far it is, what became of its rows, how the file was read, and its refused rows as a place to work.

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useEffect } from 'react'
import type { Load } from '../../../contract/loads.ts'
import { dashboardsQuery, isUnderWay, loadQuery } from '../../queries.ts'
import { useSession, useSurroundings } from '../../session.tsx'
import { Badge } from '../../ui/Badge.tsx'
import { Disclosure } from '../../ui/Disclosure.tsx'
import { formatCount, formatDuration, formatInstant, formatSize } from '../../ui/format.ts'
import { Page } from '../../ui/Shell.tsx'
import { Failed, Skeleton } from '../../ui/State.tsx'
import { StatusBadge } from '../../ui/StatusBadge.tsx'
import { LoadActions } from './LoadActions.tsx'
import css from './LoadPage.module.css'
import { MappingList } from './MappingList.tsx'
import { RejectGroups } from './RejectGroups.tsx'
import { RowCounts } from './RowCounts.tsx'

const route = getRouteApi('/signed-in/data/loads/$id')

export function LoadPage() {
  const { api } = useSurroundings()
  const { id } = route.useParams()
  const { data: load, error, refetch } = useQuery(loadQuery(api, id))
  return (
    <Page
      title={load?.file_name || 'Load'}
      note={load && (load.undone_at ? <Badge>undone</Badge> : <StatusBadge status={load.status} />)}
      controls={<div className={css.actions}>{load && <LoadActions load={load} />}</div>}
    >
      <div className={css.page}>
        {!load && error && <Failed error={error} onRetry={() => void refetch()} />}
        {!load && !error && <Skeleton height={240} />}
        {load && <LoadDetail load={load} />}
      </div>
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
      {load.error && (
        <p className={css.error} role="alert">
          {load.error}
        </p>
      )}
      <Undone load={load} />
      <RowCounts load={load} />
      {load.status === 'done' && !load.undone_at && <NextStep target={load.target} />}
      <Disclosure title="How it was read" open={load.rows_rejected === 0}>
        <MappingList mapping={load.mapping} />
      </Disclosure>
      {load.rows_rejected > 0 && !underWay && <RejectGroups load={load} />}
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
      <span>
        {load.format}, {formatSize(load.size_bytes)}
      </span>
      <span>
        by {session?.account.id === load.created_by ? session.account.name : load.created_by},{' '}
        <time dateTime={load.created_at}>{formatInstant(Date.parse(load.created_at), zone)}</time> {zone}
      </span>
      {typeof took === 'number' && <span>took {took < 1000 ? `${took} ms` : formatDuration(took)}</span>}
      {load.replays && (
        <span>
          mended rows of{' '}
          <Link to="/data/loads/$id" params={{ id: load.replays }}>
            an earlier load
          </Link>
        </span>
      )}
    </p>
  )
}

function Undone({ load }: { load: Load }) {
  const { zone } = useSurroundings()
  if (!load.undone_at) return null
  const rows = (count: number, words: string) =>
    `${formatCount(count)} ${count === 1 ? 'row' : 'rows'} ${words}`
  return (
    <p className={css.undone} role="status">
      Undone {formatInstant(Date.parse(load.undone_at), zone)}: {rows(load.rows_removed, 'removed')}
      {load.rows_restored > 0 && `, ${rows(load.rows_restored, 'again as before it')}`}.
    </p>
  )
}

/** To where the rows can be looked at. */
function NextStep({ target }: { target: string }) {
  const { api } = useSurroundings()
  const { data } = useQuery(dashboardsQuery(api))
  const name = target.startsWith('dataset:') ? target.slice('dataset:'.length) : undefined
  return (
    <p className={css.next}>
      {name === undefined ? (
        data?.items.slice(0, 3).map(({ id, name: title }) => (
          <Link key={id} to="/dashboards/$id" params={{ id }}>
            Open {title}
          </Link>
        ))
      ) : (
        <Link to="/data/datasets/$name" params={{ name }}>
          Open the table {name}
        </Link>
      )}
      <Link to="/data/new">Load another file</Link>
    </p>
  )
}
