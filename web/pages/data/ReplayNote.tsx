// What became of rows that were mended and sent again.

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useEffect } from 'react'
import type { Load } from '../../../contract/loads.ts'
import { isUnderWay, loadQuery } from '../../queries.ts'
import { useSurroundings } from '../../session.tsx'
import { formatCount } from '../../ui/format.ts'
import css from './Rejects.module.css'

export function ReplayNote({ id }: { id: string }) {
  const { api } = useSurroundings()
  const client = useQueryClient()
  const { data: load } = useQuery(loadQuery(api, id))
  const ended = load !== undefined && !isUnderWay(load)
  useEffect(() => {
    if (ended) void client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'load' })
  }, [client, ended])
  return (
    <p className={css.sent} role="status" data-replay={load?.status}>
      {load ? wordsOf(load) : 'Sent again.'}{' '}
      <Link to="/data/loads/$id" params={{ id }}>
        Open that load
      </Link>
    </p>
  )
}

function wordsOf(load: Load): string {
  if (isUnderWay(load)) return 'Sent again, and on its way.'
  if (load.status !== 'done') return `Sent again, and ${load.status}: ${load.error ?? ''}`
  const parts: [number, string][] = [
    [load.rows_loaded, 'new'],
    [load.rows_updated, 'corrected'],
    [load.rows_unchanged, 'already there'],
    [load.rows_rejected, 'refused again'],
  ]
  const said = parts.filter(([count]) => count > 0).map(([count, words]) => `${formatCount(count)} ${words}`)
  return `Sent again: ${said.join(', ')}.`
}
