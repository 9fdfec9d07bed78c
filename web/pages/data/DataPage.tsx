// Everything that was brought in: a place for the next file, and the history of loads, filtered by its address.

import { NativeSelect } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useFileInHand } from '../../file-in-hand.tsx'
import { datasetsQuery, loadsQuery } from '../../queries.ts'
import { useIsManager, useSurroundings } from '../../session.tsx'
import { DropZone } from '../../ui/DropZone.tsx'
import { Section } from '../../ui/Section.tsx'
import { Page } from '../../ui/Shell.tsx'
import { Empty, Failed, Skeleton } from '../../ui/State.tsx'
import css from './DataPage.module.css'
import { DataTabs } from './DataTabs.tsx'
import { LoadTable } from './LoadTable.tsx'
import { Pager } from './Pager.tsx'

const route = getRouteApi('/signed-in/data')
const PAGE_LOADS = 50
const STATUSES = ['queued', 'running', 'done', 'failed', 'cancelled']

export function DataPage() {
  const manager = useIsManager()
  const { take } = useFileInHand()
  const navigate = useNavigate()
  return (
    <Page title="Loads" controls={<DataTabs />}>
      <div className={css.page}>
        {manager && (
          <DropZone
            title="Drop a file to see what is in it"
            text="Nothing is stored before you say so. CSV, JSON, Parquet, XML or a spreadsheet; gzip and zstd too."
            onFile={(file) => {
              take(file)
              void navigate({ to: '/data/new' })
            }}
          />
        )}
        <History />
      </div>
    </Page>
  )
}

function History() {
  const { api } = useSurroundings()
  const { status, target, cursor } = route.useSearch()
  const loads = useQuery(loadsQuery(api, PAGE_LOADS, { status, target, cursor }))
  const items = loads.data?.items ?? []
  const filtered = status !== undefined || target !== undefined
  return (
    <Section title="History" end={<Filters />} framed>
      {loads.isPending && <Skeleton height={420} />}
      {loads.error && !loads.data && <Failed error={loads.error} onRetry={() => void loads.refetch()} />}
      {loads.data && items.length === 0 && (
        <div className={css.none}>
          {filtered ? (
            <Empty title="No load is like that">Choose another state or target above.</Empty>
          ) : (
            <Empty title="Nothing has been loaded yet">
              What is loaded is listed here, for as long as it is kept.
            </Empty>
          )}
        </div>
      )}
      {items.length > 0 && <LoadTable loads={items} />}
      <Pager cursor={cursor} next={loads.data?.next} first="Newest" following="Older" />
    </Section>
  )
}

function Filters() {
  const { api } = useSurroundings()
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const { data } = useQuery(datasetsQuery(api, 1000))
  const targets = [
    'measurements',
    'assets',
    'signals',
    ...(data?.items ?? []).map(({ name }) => `dataset:${name}`),
  ]
  if (search.target !== undefined && !targets.includes(search.target)) targets.push(search.target)
  // Another filter begins at its first page.
  const set = (name: 'status' | 'target', value: string) => {
    const { cursor: _, [name]: __, ...kept } = search
    void navigate({ search: value === '' ? kept : { ...kept, [name]: value } })
  }
  return (
    <span className={css.filters}>
      <NativeSelect
        aria-label="State"
        value={search.status ?? ''}
        data={[{ value: '', label: 'Any state' }, ...STATUSES]}
        onChange={(event) => set('status', event.currentTarget.value)}
      />
      <NativeSelect
        aria-label="Target"
        value={search.target ?? ''}
        data={[{ value: '', label: 'Any target' }, ...targets]}
        onChange={(event) => set('target', event.currentTarget.value)}
      />
    </span>
  )
}
