// What would come of a load, in one line, and the button that starts it; then how much of the file was sent.

import { Button } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { LoadPreview } from '../../../contract/loads.ts'
import type { Mapping } from '../../../contract/mapping.ts'
import { useFileInHand } from '../../file-in-hand.tsx'
import { useSurroundings } from '../../session.tsx'
import { formatCount } from '../../ui/format.ts'
import { Progress } from '../../ui/Progress.tsx'
import css from './NewLoadPage.module.css'

interface LoadBarProps {
  file: File
  target: string | undefined
  mapping: Mapping
  preview: LoadPreview | undefined
  /** Whether the preview is not yet that of what was chosen. */
  waiting: boolean
}

export function LoadBar({ file, target, mapping, preview, waiting }: LoadBarProps) {
  const { api } = useSurroundings()
  const { take } = useFileInHand()
  const client = useQueryClient()
  const navigate = useNavigate()
  const [sent, setSent] = useState(0)
  const upload = useMutation({
    mutationFn: (into: string) => api.createLoad({ file, target: into, mapping, onProgress: setSent }),
    onSuccess: async (load) => {
      await client.invalidateQueries({ queryKey: ['loads'] })
      await navigate({ to: '/data/loads/$id', params: { id: load.id }, replace: true })
      take(null)
    },
  })
  return (
    <div className={css.bar}>
      {upload.isPending && (
        <span className={css.sending}>
          <Progress part={sent} label="Sending the file" />
        </span>
      )}
      {upload.error && (
        <span className={css.error} role="alert" title={upload.error.message}>
          {upload.error.message}
        </span>
      )}
      {!upload.isPending && !upload.error && preview && (
        <span className={css.verdict} role="status">
          {verdict(preview)}
        </span>
      )}
      <Button
        variant="default"
        disabled={upload.isPending}
        onClick={() => {
          take(null)
          void navigate({ to: '/data/new', search: {}, replace: true })
        }}
      >
        Another file
      </Button>
      <Button
        disabled={target === undefined || waiting || preview?.accepted === 0}
        loading={upload.isPending}
        onClick={() => target !== undefined && upload.mutate(target)}
      >
        Load
      </Button>
    </div>
  )
}

function verdict({ accepted, rejected_count, whole }: LoadPreview): string {
  if (rejected_count === 0 && accepted > 0) return whole ? 'every row fits' : 'every row looked at fits'
  if (accepted === 0) return 'no row fits yet'
  return `${formatCount(rejected_count)} of ${formatCount(accepted + rejected_count)} would be refused`
}
