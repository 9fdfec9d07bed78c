// Where a dropped file goes and how it is read; then it is sent, and the page of the load says how it fares.

import { Button, Modal, NativeSelect, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { useSurroundings } from '../../session.tsx'
import { formatSize } from '../../ui/format.ts'
import { Progress } from '../../ui/Progress.tsx'
import { compact, type FileHead, guessDatasetName, guessTarget, readHead, type Target } from './guess.ts'
import css from './LoadDialog.module.css'
import { type MappingChoice, MappingForm, mappingOf, proposeMapping } from './MappingForm.tsx'

interface LoadDialogProps {
  file: File
  onClose: () => void
}

const HEAD_BYTES = 256 * 1024
const WHOLE_JSON_BYTES = 4 * 1024 * 1024
const TARGETS: { value: Target; label: string }[] = [
  { value: 'measurements', label: 'Measurements: values of signals over time' },
  { value: 'signals', label: 'Signals: what is measured of an asset' },
  { value: 'assets', label: 'Assets: the things that are measured' },
  { value: 'dataset', label: 'A table of your own' },
]

export function LoadDialog({ file, onClose }: LoadDialogProps) {
  const head = useQuery({
    queryKey: ['file', file.name, file.size, file.lastModified],
    queryFn: async () => readHead(await readStart(file), file.name),
    retry: false,
  })
  if (head.isPending) return null
  return (
    <Modal opened onClose={onClose} title={`Load ${file.name}`} size="lg">
      <LoadForm file={file} head={head.data ?? NOTHING_KNOWN} />
    </Modal>
  )
}

const NOTHING_KNOWN: FileHead = { format: 'csv', delimiter: ',', records: '', columns: [] }

function LoadForm({ file, head }: { file: File; head: FileHead }) {
  const { api } = useSurroundings()
  const client = useQueryClient()
  const navigate = useNavigate()
  const [target, setTarget] = useState<Target>(() => guessTarget(file.name, head))
  const [dataset, setDataset] = useState(() => guessDatasetName(file.name))
  const [choice, setChoice] = useState<MappingChoice>(() => proposeMapping(target, head))
  const [sent, setSent] = useState(0)
  const upload = useMutation({
    mutationFn: () =>
      api.createLoad({
        file,
        target: target === 'dataset' ? `dataset:${dataset}` : target,
        mapping: compact(mappingOf(target, head, choice)),
        onProgress: setSent,
      }),
    onSuccess: async (load) => {
      await client.invalidateQueries({ queryKey: ['loads'] })
      await navigate({ to: '/loads/$id', params: { id: load.id } })
    },
  })

  function onSubmit(event: FormEvent) {
    event.preventDefault()
    setSent(0)
    upload.mutate()
  }

  return (
    <form className={css.form} onSubmit={onSubmit}>
      <div className={css.row}>
        <NativeSelect
          label="Into"
          data={TARGETS}
          value={target}
          onChange={(event) => {
            const next =
              TARGETS.find(({ value }) => value === event.currentTarget.value)?.value ?? 'measurements'
            setTarget(next)
            setChoice(proposeMapping(next, head))
          }}
        />
        {target === 'dataset' && (
          <TextInput
            label="Name of the table"
            required
            withAsterisk={false}
            pattern="[a-z][a-z0-9_]{0,62}"
            title="Small letters, digits and underscores, starting with a letter"
            value={dataset}
            onChange={(event) => setDataset(event.currentTarget.value)}
          />
        )}
      </div>
      <MappingForm target={target} head={head} choice={choice} onChange={setChoice} />
      {upload.error && (
        <p className={css.error} role="alert">
          {upload.error.message}
        </p>
      )}
      <footer className={css.foot}>
        {upload.isPending ? (
          <Progress part={sent} label="Sending the file" />
        ) : (
          <span>{formatSize(file.size)}</span>
        )}
        <Button type="submit" loading={upload.isPending} data-autofocus>
          Load
        </Button>
      </footer>
    </form>
  )
}

/** Enough to see the columns; a JSON text whole when it is not long, as a part of it cannot be read. */
async function readStart(file: File): Promise<string> {
  const limit = /\.json$/i.test(file.name) ? WHOLE_JSON_BYTES : HEAD_BYTES
  if (!/\.gz$/i.test(file.name)) return file.slice(0, limit).text()
  const reader = file.stream().pipeThrough(new DecompressionStream('gzip')).getReader()
  const decoder = new TextDecoder()
  let text = ''
  while (text.length < HEAD_BYTES) {
    const { value, done } = await reader.read()
    if (done) break
    text += decoder.decode(value, { stream: true })
  }
  await reader.cancel()
  return text
}
