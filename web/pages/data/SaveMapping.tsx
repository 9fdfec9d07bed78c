// Keeps how a file is read under a name, for the next file of its kind.

import { Button, Popover, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { Mapping, MappingTemplate } from '../../../contract/mapping.ts'
import { useSurroundings } from '../../session.tsx'
import css from './NewLoadPage.module.css'

interface SaveMappingProps {
  target: string
  mapping: Mapping
  name: string
  known: readonly MappingTemplate[]
}

export function SaveMapping({ target, mapping, name: given, known }: SaveMappingProps) {
  const { api } = useSurroundings()
  const client = useQueryClient()
  const [opened, setOpened] = useState(false)
  const [name, setName] = useState(given)
  const before = known.find((template) => template.name === name)
  const save = useMutation({
    mutationFn: () => {
      const { template: _, ...whole } = mapping
      const kept = { name, target, mapping: whole }
      return before
        ? api.replaceMapping({ ...kept, description: before.description })
        : api.createMapping(kept)
    },
    onSuccess: () => {
      setOpened(false)
      return client.invalidateQueries({ queryKey: ['mappings'] })
    },
  })

  function onSubmit(event: FormEvent) {
    event.preventDefault()
    save.mutate()
  }

  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" trapFocus returnFocus>
      <Popover.Target>
        <Button variant="default" onClick={() => setOpened(!opened)} aria-haspopup="dialog">
          Save as…
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Save this mapping">
        <form className={css.save} onSubmit={onSubmit}>
          <TextInput
            label="Name of the mapping"
            required
            withAsterisk={false}
            placeholder="scada-export"
            pattern="[a-z0-9][a-z0-9_\-]{0,62}"
            title="Small letters, digits, underscores and hyphens"
            value={name}
            error={
              save.error?.message ?? (before?.built_in ? 'This one is built in; choose another name' : null)
            }
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Button type="submit" loading={save.isPending} disabled={before?.built_in ?? false}>
            {before ? 'Replace it' : 'Save'}
          </Button>
        </form>
      </Popover.Dropdown>
    </Popover>
  )
}
