// The frame of every panel: title, notes, menu, and what stands in it while there is nothing to show. Behind each
// panel is a table of its data.

import { ActionIcon, Menu } from '@mantine/core'
import type { UseQueryResult } from '@tanstack/react-query'
import { lazy, type ReactNode, Suspense } from 'react'
import { Badge } from '../../ui/Badge.tsx'
import type { TableColumn } from '../../ui/DataTable.tsx'
import { formatClock } from '../../ui/format.ts'
import { Icon } from '../../ui/Icon.tsx'
import { Empty, Failed, Skeleton } from '../../ui/State.tsx'
import css from './PanelFrame.module.css'
import { useView } from './view.ts'

export interface PanelTable {
  columns: TableColumn[]
  rows: { key: string; cells: ReactNode[] }[]
  /** How many further rows only the CSV has. */
  leftOut: number
}

const TableView = lazy(async () => ({ default: (await import('./TableView.tsx')).TableView }))

type Asked = Pick<UseQueryResult, 'data' | 'error' | 'isPlaceholderData' | 'dataUpdatedAt' | 'refetch'>

interface PanelFrameProps {
  id: string
  title: string
  query: Asked
  /** Said instead of the content when the answer has nothing in it. */
  empty?: string | null | undefined
  /** Further notes beside the title. */
  notes?: ReactNode
  table: () => PanelTable
  /** Where the same data is as CSV. */
  csvUrl?: string | undefined
  children: ReactNode
}

export function PanelFrame({ id, title, query, empty, notes, table, csvUrl, children }: PanelFrameProps) {
  const { zone, openTable, onTable } = useView()
  const has = query.data !== undefined
  const stale = has && query.error !== null
  return (
    <section
      className={css.panel}
      aria-label={title}
      data-panel={id}
      data-ready={has || query.error ? '' : undefined}
    >
      <header className={css.head}>
        <h2 className={css.title} title={title}>
          {title}
        </h2>
        {notes}
        {stale && (
          <Badge tone="warn" title={query.error?.message ?? ''}>
            from {formatClock(query.dataUpdatedAt, zone)}
          </Badge>
        )}
        <PanelMenu title={title} csvUrl={csvUrl} onTable={has ? () => onTable(id) : undefined} />
      </header>
      <div className={css.body} data-older={query.isPlaceholderData || undefined}>
        <PanelBody query={query} empty={empty}>
          {children}
        </PanelBody>
      </div>
      {has && openTable === id && (
        <Suspense>
          <TableView title={title} table={table()} csvUrl={csvUrl} onClose={() => onTable(undefined)} />
        </Suspense>
      )}
    </section>
  )
}

function PanelBody({ query, empty, children }: Pick<PanelFrameProps, 'query' | 'empty' | 'children'>) {
  if (query.data === undefined) {
    if (query.error) return <Failed error={query.error} onRetry={() => void query.refetch()} />
    return <Skeleton />
  }
  return empty ? <Empty title={empty}>Choose another time range with the clock above.</Empty> : children
}

interface PanelMenuProps {
  title: string
  csvUrl: string | undefined
  onTable: (() => void) | undefined
}

function PanelMenu({ title, csvUrl, onTable }: PanelMenuProps) {
  return (
    <Menu>
      <Menu.Target>
        <ActionIcon
          className={css.menu}
          variant="subtle"
          color="gray"
          size="sm"
          aria-label={`Menu of ${title}`}
        >
          <Icon name="dots" size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<Icon name="table" />} disabled={!onTable} onClick={() => onTable?.()}>
          View data
        </Menu.Item>
        {csvUrl && (
          <Menu.Item component="a" href={csvUrl} download leftSection={<Icon name="download" />}>
            Export CSV
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  )
}
