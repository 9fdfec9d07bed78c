// What can be done with a load as a whole: stop it while it runs, take it back when it is done.

import { Button } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { Load } from '../../../contract/loads.ts'
import { isUnderWay } from '../../queries.ts'
import { useIsManager, useSurroundings } from '../../session.tsx'
import { Progress } from '../../ui/Progress.tsx'
import css from './LoadPage.module.css'

export function LoadActions({ load }: { load: Load }) {
  const manager = useIsManager()
  if (isUnderWay(load)) return <Running load={load} manager={manager} />
  return manager && load.status === 'done' && !load.undone_at ? <Undo load={load} /> : null
}

function Running({ load, manager }: { load: Load; manager: boolean }) {
  const { api } = useSurroundings()
  const client = useQueryClient()
  const cancel = useMutation({
    mutationFn: () => api.cancelLoad(load.id),
    onSettled: () => client.invalidateQueries({ queryKey: ['load', load.id] }),
  })
  return (
    <>
      <span className={css.progress}>
        <Progress part={load.progress} label="Progress of this load" />
      </span>
      {manager && (
        <Button variant="default" loading={cancel.isPending} onClick={() => cancel.mutate()}>
          Cancel
        </Button>
      )}
    </>
  )
}

function Undo({ load }: { load: Load }) {
  const { api } = useSurroundings()
  const client = useQueryClient()
  const undo = useMutation({
    mutationFn: () => api.undoLoad(load.id),
    onSuccess: () => client.invalidateQueries(),
  })
  return (
    <>
      {undo.error && (
        <span className={css.refusal} role="alert" title={undo.error.message}>
          {undo.error.message}
        </span>
      )}
      <Button variant="default" loading={undo.isPending} onClick={() => undo.mutate()}>
        Undo this load
      </Button>
    </>
  )
}
