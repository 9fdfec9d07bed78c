// One dataset: its columns with their rules, and its rows page by page.

import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import type { Cell, Column, Dataset } from '../../../contract/datasets.ts'
import { datasetCsvUrl } from '../../api.ts'
import { datasetQuery, datasetRowsQuery } from '../../queries.ts'
import { useSurroundings } from '../../session.tsx'
import { DataTable, type TableColumn } from '../../ui/DataTable.tsx'
import { formatCount } from '../../ui/format.ts'
import { Section } from '../../ui/Section.tsx'
import { Page } from '../../ui/Shell.tsx'
import { Empty, Failed, Skeleton } from '../../ui/State.tsx'
import css from './DataPage.module.css'
import { DataTabs } from './DataTabs.tsx'
import { Pager } from './Pager.tsx'

const route = getRouteApi('/signed-in/data/datasets/$name')
const PAGE_ROWS = 100
const RULE_COLUMNS: readonly TableColumn[] = [
  { key: 'name', name: 'Column' },
  { key: 'type', name: 'Type' },
  { key: 'unit', name: 'Unit', secondary: true },
  { key: 'rules', name: 'Rules', grows: true },
]

export function DatasetPage() {
  const { api } = useSurroundings()
  const { name } = route.useParams()
  const { data, error, refetch } = useQuery(datasetQuery(api, name))
  const note = data && `${formatCount(data.rows)} ${data.rows === 1 ? 'row' : 'rows'}`
  return (
    <Page title={name} note={note} controls={<DataTabs />}>
      <div className={css.page}>
        {error && !data && <Failed error={error} onRetry={() => void refetch()} />}
        {!data && !error && <Skeleton height={420} />}
        {data && (
          <>
            {data.description && <p className={css.description}>{data.description}</p>}
            <Columns dataset={data} />
            <Rows dataset={data} />
          </>
        )}
      </div>
    </Page>
  )
}

function Columns({ dataset: { columns, unique_key } }: { dataset: Dataset }) {
  const rows = columns.map((column) => ({
    key: column.name,
    cells: [
      <strong key="name">{column.name}</strong>,
      column.type,
      column.unit ?? '',
      rulesOf(column, unique_key),
    ],
  }))
  return (
    <Section
      title={`${columns.length} ${columns.length === 1 ? 'column' : 'columns'}`}
      end={unique_key && `unique by ${unique_key.join(', ')}`}
      framed
    >
      <div className={css.columns}>
        <DataTable label="Columns" columns={RULE_COLUMNS} rows={rows} />
      </div>
    </Section>
  )
}

function rulesOf(
  { name, required, min, max, one_of, pattern }: Column,
  key: readonly string[] | null,
): string {
  const rules = [
    ...(key?.includes(name) ? ['part of the unique key'] : []),
    ...(required ? ['required'] : []),
    ...(min === undefined ? [] : [`at least ${formatCount(min)}`]),
    ...(max === undefined ? [] : [`at most ${formatCount(max)}`]),
    ...(one_of === undefined ? [] : [`one of ${one_of.join(', ')}`]),
    ...(pattern === undefined ? [] : [`like ${pattern}`]),
  ]
  return rules.join('; ') || '–'
}

function Rows({ dataset: { name, columns, rows: total } }: { dataset: Dataset }) {
  const { api } = useSurroundings()
  const { cursor } = route.useSearch()
  const { data, error, refetch } = useQuery(datasetRowsQuery(api, name, PAGE_ROWS, cursor))
  const shown = columns.map(
    (column): TableColumn => ({
      key: column.name,
      name: column.unit ? `${column.name}, ${column.unit}` : column.name,
      align: column.type === 'integer' || column.type === 'number' ? 'right' : 'left',
    }),
  )
  const rows = (data?.items ?? []).map((row, index) => ({
    key: String(index),
    cells: columns.map((column) => cellText(row[column.name])),
  }))
  return (
    <Section
      title="Rows"
      end={
        total > 0 && (
          <a href={datasetCsvUrl(name)} download>
            Download all as CSV
          </a>
        )
      }
      framed
    >
      {error && !data && <Failed error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton height={420} />}
      {data && rows.length === 0 && <Empty title="This table is empty">Load a file into it.</Empty>}
      {rows.length > 0 && (
        <div className={css.rows}>
          <DataTable label={`Rows of ${name}`} columns={shown} rows={rows} />
        </div>
      )}
      <Pager cursor={cursor} next={data?.next} first="First rows" following={`Next ${PAGE_ROWS} rows`} />
    </Section>
  )
}

function cellText(cell: Cell | undefined): string {
  return cell === null || cell === undefined ? '–' : String(cell)
}
