// The rows of a load that were refused, with where they stood and why.

import { Button } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import type { Load } from '../../../contract/loads.ts'
import { rejectsCsvUrl } from '../../api.ts'
import { useSurroundings } from '../../session.tsx'
import { DataTable, type TableColumn } from '../../ui/DataTable.tsx'
import { formatCount } from '../../ui/format.ts'
import { Section } from '../../ui/Section.tsx'
import { Failed, Skeleton } from '../../ui/State.tsx'
import css from './LoadPage.module.css'

const PAGE_ROWS = 100
const COLUMNS: readonly TableColumn[] = [
  { key: 'line', name: 'Line', align: 'right' },
  { key: 'column', name: 'Column', secondary: true },
  { key: 'value', name: 'Value' },
  { key: 'reason', name: 'Why it was refused', grows: true },
]

export function RejectList({ load }: { load: Load }) {
  const { api } = useSurroundings()
  const rejects = useInfiniteQuery({
    queryKey: ['rejects', load.id, load.rows_rejected, 'pages'],
    queryFn: ({ pageParam }) => api.listRejects(load.id, PAGE_ROWS, pageParam),
    initialPageParam: undefined as string | undefined, // the first page has no cursor
    getNextPageParam: (page) => page.next ?? undefined,
  })
  const rows = (rejects.data?.pages ?? [])
    .flatMap((page) => page.items)
    .map(({ line, column, value, reason, raw }, index) => ({
      key: `${line} ${index}`,
      cells: [
        formatCount(line),
        column ?? '',
        <code key="value" title={raw}>
          {value ?? ''}
        </code>,
        <span key="reason" title={reason}>
          {reason}
        </span>,
      ],
    }))
  return (
    <Section
      title={`${formatCount(load.rows_rejected)} refused ${load.rows_rejected === 1 ? 'row' : 'rows'}`}
      end={
        <a href={rejectsCsvUrl(load.id)} download>
          Download as CSV, mend, load again
        </a>
      }
      framed
    >
      {rejects.isPending && <Skeleton height={120} />}
      {rejects.error && <Failed error={rejects.error} onRetry={() => void rejects.refetch()} />}
      {rows.length > 0 && <DataTable label="Refused rows" columns={COLUMNS} rows={rows} />}
      {rejects.hasNextPage && (
        <div className={css.more}>
          <Button
            variant="default"
            loading={rejects.isFetchingNextPage}
            onClick={() => void rejects.fetchNextPage()}
          >
            Show more
          </Button>
        </div>
      )}
    </Section>
  )
}
