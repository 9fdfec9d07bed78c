// The refused rows of one reason: looked at, mended one by one or all at once, sent again, or put aside.

import { Button } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { Load } from '../../../contract/loads.ts'
import type { RejectReplay } from '../../../contract/rejects.ts'
import { rejectsCsvUrl } from '../../api.ts'
import { rejectPageQuery } from '../../queries.ts'
import { useIsManager, useSurroundings } from '../../session.tsx'
import { formatCount } from '../../ui/format.ts'
import { Empty, Failed, Skeleton } from '../../ui/State.tsx'
import { MendWays } from './MendWays.tsx'
import { Pager, withoutCursor } from './Pager.tsx'
import type { Group } from './RejectGroups.tsx'
import { RejectRows } from './RejectRows.tsx'
import css from './Rejects.module.css'
import { ReplayNote } from './ReplayNote.tsx'

const route = getRouteApi('/signed-in/data/loads/$id')
const STATES = [
  ['open', 'Open'],
  ['mended', 'Mended'],
  ['dismissed', 'Put aside'],
] as const

interface RejectGroupProps {
  load: Load
  group: Group
  /** The line that names the columns of a CSV file. */
  header: string | null
}

export function RejectGroup({ load, group, header }: RejectGroupProps) {
  const { api } = useSurroundings()
  const manager = useIsManager()
  const search = route.useSearch()
  const state = STATES.find(([known]) => known === search.state)?.[0] ?? 'open'
  const which = whichOf(group)
  const { data, error, isPending, refetch } = useQuery(
    rejectPageQuery(api, load.id, { ...which, state, cursor: search.cursor }),
  )
  const [mended, setMended] = useState<ReadonlyMap<number, string>>(new Map())
  const { replay, dismiss } = useMending(load, () => setMended(new Map()))
  // What a replay refused again is open in the load that it came from.
  const mayMend = manager && load.status === 'done' && load.replays === null && state !== 'mended'
  const send = () => replay.mutate({ rows: [...mended].map(([line, raw]) => ({ line, raw })) })
  const rows = data?.items ?? []
  return (
    <>
      <p className={css.states}>
        {STATES.map(([known, name]) => (
          <Link
            key={known}
            to="."
            search={(search) => ({ ...withoutCursor(search), state: known })}
            resetScroll={false}
            aria-current={state === known ? 'true' : undefined}
          >
            {name}
          </Link>
        ))}
        <a href={rejectsCsvUrl(load.id, { ...which, state })} download>
          Download these as CSV
        </a>
      </p>
      {replay.data && <ReplayNote id={replay.data.id} />}
      {mayMend && state === 'open' && group.open > 0 && (
        <MendWays
          load={load}
          group={group}
          pending={replay.isPending || dismiss.isPending}
          onReplay={(change) => replay.mutate({ ...which, ...change })}
          onDismiss={() => dismiss.mutate(which)}
        />
      )}
      {load.replays !== null && (
        <p className={css.origin}>
          Rows that were refused again are mended{' '}
          <Link to="/data/loads/$id" params={{ id: load.replays }}>
            where they came from
          </Link>
          .
        </p>
      )}
      {(replay.error ?? dismiss.error) && (
        <p className={css.error} role="alert">
          {(replay.error ?? dismiss.error)?.message}
        </p>
      )}
      {isPending && <Skeleton height={160} />}
      {error && !data && <Failed error={error} onRetry={() => void refetch()} />}
      {data && rows.length === 0 && <Empty title={NONE[state]} />}
      {rows.length > 0 && (
        <RejectRows
          rows={rows}
          header={header}
          dialect={load.mapping}
          column={group.column}
          mended={mayMend ? mended : undefined}
          onMend={(line, raw) => setMended(withLine(mended, line, raw))}
          onSend={send}
        />
      )}
      {mended.size > 0 && (
        <p className={css.edited}>
          <span>
            {formatCount(mended.size)} edited {mended.size === 1 ? 'row' : 'rows'}, not sent yet
          </span>
          <Button loading={replay.isPending} onClick={send}>
            Replay the edited {mended.size === 1 ? 'row' : 'rows'}
          </Button>
        </p>
      )}
      <Pager cursor={search.cursor} next={data?.next} first="First rows" following="Next rows" />
    </>
  )
}

const NONE = {
  open: 'None is open any more',
  mended: 'None was mended yet',
  dismissed: 'None was put aside',
}

/** The rows of a group, for a question and for an order. */
function whichOf({ rule, column, reason }: Group) {
  return { rule, reason, ...(column === null ? {} : { column }) }
}

function useMending(load: Load, onSent: () => void) {
  const { api } = useSurroundings()
  const client = useQueryClient()
  const refresh = () =>
    client.invalidateQueries({
      predicate: ({ queryKey: [kind] }) =>
        ['reject-groups', 'reject-page', 'rejects', 'loads'].includes(String(kind)),
    })
  const replay = useMutation({
    mutationFn: (order: RejectReplay) => api.replayRejects(load.id, order),
    onSuccess: () => {
      onSent()
      return refresh()
    },
  })
  const dismiss = useMutation({
    mutationFn: (which: RejectReplay) => api.dismissRejects(load.id, which),
    onSuccess: refresh,
  })
  return { replay, dismiss }
}

function withLine(mended: ReadonlyMap<number, string>, line: number, raw: string | undefined) {
  const next = new Map(mended)
  if (raw === undefined) next.delete(line)
  else next.set(line, raw)
  return next
}
