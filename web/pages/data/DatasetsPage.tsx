// The tables of the user's own.

import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { datasetsQuery } from '../../queries.ts'
import { useSurroundings } from '../../session.tsx'
import { Ago } from '../../ui/Ago.tsx'
import { DataTable, type TableColumn } from '../../ui/DataTable.tsx'
import { formatCount } from '../../ui/format.ts'
import { Section } from '../../ui/Section.tsx'
import { Page } from '../../ui/Shell.tsx'
import { Empty, Failed, Skeleton } from '../../ui/State.tsx'
import css from './DataPage.module.css'
import { DataTabs } from './DataTabs.tsx'
import { Pager } from './Pager.tsx'

const route = getRouteApi('/signed-in/data/datasets')
const PAGE_DATASETS = 100
const COLUMNS: readonly TableColumn[] = [
  { key: 'name', name: 'Name' },
  { key: 'rows', name: 'Rows', align: 'right' },
  { key: 'columns', name: 'Columns', grows: true },
  { key: 'key', name: 'Unique by', secondary: true },
  { key: 'when', name: 'Made', align: 'right', secondary: true },
]

export function DatasetsPage() {
  const { api, zone } = useSurroundings()
  const { cursor } = route.useSearch()
  const { data, error, isPending, refetch } = useQuery(datasetsQuery(api, PAGE_DATASETS, cursor))
  const rows = (data?.items ?? []).map((dataset) => ({
    key: dataset.name,
    cells: [
      <Link key="name" to="/data/datasets/$name" params={{ name: dataset.name }} title={dataset.description}>
        {dataset.name}
      </Link>,
      formatCount(dataset.rows),
      <span key="columns" title={dataset.columns.map(({ name }) => name).join(', ')}>
        {dataset.columns.map(({ name }) => name).join(', ')}
      </span>,
      dataset.unique_key?.join(', ') ?? '–',
      <Ago key="when" instant={dataset.created_at} zone={zone} />,
    ],
  }))
  return (
    <Page title="Datasets" controls={<DataTabs />}>
      <div className={css.page}>
        <Section title="Tables of your own" framed>
          {isPending && <Skeleton height={320} />}
          {error && !data && <Failed error={error} onRetry={() => void refetch()} />}
          {data && rows.length === 0 && (
            <div className={css.none}>
              <Empty title="There is no table yet">
                <Link to="/data/new">Load a file</Link> into a new table; its columns are taken from the file.
              </Empty>
            </div>
          )}
          {rows.length > 0 && <DataTable label="Datasets" columns={COLUMNS} rows={rows} />}
          <Pager cursor={cursor} next={data?.next} first="First" following="Next" />
        </Section>
      </div>
    </Page>
  )
}
