// The refused rows of a load by their reason. The reason that is open stands in the address.

import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useId } from 'react'
import type { Load } from '../../../contract/loads.ts'
import type { RejectGroups as Groups } from '../../../contract/rejects.ts'
import { rejectsCsvUrl } from '../../api.ts'
import { rejectGroupsQuery } from '../../queries.ts'
import { useSurroundings } from '../../session.tsx'
import { Badge } from '../../ui/Badge.tsx'
import { formatCount } from '../../ui/format.ts'
import { Icon } from '../../ui/Icon.tsx'
import { Section } from '../../ui/Section.tsx'
import { Failed, Skeleton } from '../../ui/State.tsx'
import { RejectGroup } from './RejectGroup.tsx'
import css from './Rejects.module.css'

const route = getRouteApi('/signed-in/data/loads/$id')

export type Group = Groups['items'][number]

export function RejectGroups({ load }: { load: Load }) {
  const { api } = useSurroundings()
  const { data, error, isPending, refetch } = useQuery(rejectGroupsQuery(api, load.id))
  const search = route.useSearch()
  const isOpen = ({ rule, column, reason }: Group) =>
    search.rule === rule && search.reason === reason && (search.column ?? null) === column
  return (
    <Section
      title={`${formatCount(load.rows_rejected)} refused ${load.rows_rejected === 1 ? 'row' : 'rows'}`}
      end={
        <a href={rejectsCsvUrl(load.id)} download>
          Download as CSV
        </a>
      }
      framed
    >
      {isPending && <Skeleton height={180} />}
      {error && !data && <Failed error={error} onRetry={() => void refetch()} />}
      <ul className={css.groups}>
        {data?.items.map((group) => (
          <GroupItem
            key={`${group.rule} ${group.column} ${group.reason}`}
            load={load}
            group={group}
            header={data.header}
            open={isOpen(group)}
          />
        ))}
      </ul>
    </Section>
  )
}

interface GroupItemProps {
  load: Load
  group: Group
  header: string | null
  open: boolean
}

function GroupItem({ load, group, header, open }: GroupItemProps) {
  const id = useId()
  const { rule, column, reason, rows, open: left, values } = group
  const examples = values.flatMap((value) => value || [])
  return (
    <li data-open={open || undefined} data-settled={left === 0 || undefined}>
      <Link
        className={css.head}
        to="."
        search={open ? {} : { rule, reason, ...(column === null ? {} : { column }) }}
        resetScroll={false}
        aria-expanded={open}
        aria-controls={open ? id : undefined}
      >
        <Icon name={open ? 'chevron-down' : 'chevron-right'} size={14} />
        <span className={css.reason}>
          {column !== null && <code>{column}</code>} {reason}
        </span>
        <span className={css.examples}>{examples.join('  ')}</span>
        <Badge>{rule}</Badge>
        <span className={css.count}>
          {left === rows ? (
            formatCount(rows)
          ) : (
            <>
              {left === 0 ? 'none' : formatCount(left)} <small>of {formatCount(rows)} open</small>
            </>
          )}
        </span>
      </Link>
      {open && (
        <div id={id} className={css.body}>
          <RejectGroup load={load} group={group} header={header} />
        </div>
      )}
    </li>
  )
}
