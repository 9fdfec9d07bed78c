// What an empty system shows: one place for a file, and one button for those who have none at hand.

import { Button } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import type { Load } from '../../../contract/loads.ts'
import { isUnderWay } from '../../queries.ts'
import { useSurroundings } from '../../session.tsx'
import { DropZone } from '../../ui/DropZone.tsx'
import { Empty } from '../../ui/State.tsx'
import css from './HomePage.module.css'
import { RecentLoads } from './RecentLoads.tsx'

interface EmptyWorkspaceProps {
  loads: readonly Load[]
  manager: boolean
  onFile: (file: File) => void
}

export function EmptyWorkspace({ loads, manager, onFile }: EmptyWorkspaceProps) {
  const { api } = useSurroundings()
  const client = useQueryClient()
  const navigate = useNavigate()
  const demo = useMutation({
    mutationFn: () => api.loadDemo(),
    onSuccess: async (load) => {
      await client.invalidateQueries()
      await navigate({ to: '/data/loads/$id', params: { id: load.id } })
    },
  })
  if (!manager)
    return <Empty title="Nothing has been loaded yet">A manager can load a file or the demo grid.</Empty>
  return (
    <>
      <div className={css.empty}>
        <DropZone
          large
          title="Drop a file to begin"
          text="Measurements, assets, signals or a table of your own. CSV, JSON, Parquet, XML or a spreadsheet. Or press to choose one."
          onFile={onFile}
        />
        <p className={css.or}>or look around first</p>
        <Button
          size="sm"
          loading={demo.isPending}
          disabled={loads.some(isUnderWay)}
          onClick={() => demo.mutate()}
        >
          Load the demo grid
        </Button>
        <p className={css.hint}>
          A power grid of five substations with three months of readings, and a dashboard.
        </p>
        {demo.error && (
          <p className={css.error} role="alert">
            {demo.error.message}
          </p>
        )}
      </div>
      {loads.length > 0 && <RecentLoads loads={loads} />}
    </>
  )
}
