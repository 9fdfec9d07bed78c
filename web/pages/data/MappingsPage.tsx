// The ways of reading files that were given a name.

import { Button } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { MappingTemplate } from '../../../contract/mapping.ts'
import { mappingsQuery } from '../../queries.ts'
import { useIsManager, useSurroundings } from '../../session.tsx'
import { Ago } from '../../ui/Ago.tsx'
import { Badge } from '../../ui/Badge.tsx'
import { Disclosure } from '../../ui/Disclosure.tsx'
import { Section } from '../../ui/Section.tsx'
import { Page } from '../../ui/Shell.tsx'
import { Empty, Failed, Skeleton } from '../../ui/State.tsx'
import css from './DataPage.module.css'
import { DataTabs } from './DataTabs.tsx'
import { MappingList } from './MappingList.tsx'

export function MappingsPage() {
  const { api } = useSurroundings()
  const { data, error, isPending, refetch } = useQuery(mappingsQuery(api))
  const [removed, setRemoved] = useState<MappingTemplate | null>(null)
  return (
    <Page title="Mappings" controls={<DataTabs />}>
      <div className={css.page}>
        <Section title="Named mappings">
          {isPending && <Skeleton height={240} />}
          {error && !data && <Failed error={error} onRetry={() => void refetch()} />}
          {data?.items.length === 0 && (
            <div className={css.none}>
              <Empty title="No mapping has a name yet">
                <Link to="/data/new">Look into a file</Link>, say how it is read, and save that for the next
                one.
              </Empty>
            </div>
          )}
          <div className={css.templates}>
            {data?.items.map((template) => (
              <Template key={template.name} template={template} onRemoved={() => setRemoved(template)} />
            ))}
          </div>
        </Section>
        {removed && <PutBack template={removed} onDone={() => setRemoved(null)} />}
      </div>
    </Page>
  )
}

function Template({ template, onRemoved }: { template: MappingTemplate; onRemoved: () => void }) {
  const { api, zone } = useSurroundings()
  const manager = useIsManager()
  const client = useQueryClient()
  const remove = useMutation({
    mutationFn: () => api.deleteMapping(template.name),
    onSuccess: onRemoved,
    onSettled: () => client.invalidateQueries({ queryKey: ['mappings'] }),
  })
  const { name, description, target, mapping, built_in } = template
  return (
    <Disclosure
      title={name}
      note={
        <span className={css.template}>
          {built_in ? <Badge>built in</Badge> : <Ago instant={template.updated_at} zone={zone} />}
          <span>{target ?? 'any target'}</span>
          <span>{description}</span>
        </span>
      }
    >
      <MappingList mapping={mapping} />
      {manager && (
        <p className={css.actions}>
          <Link
            to="/data/new"
            search={{ ...(target === null ? {} : { target }), mapping: { template: name } }}
          >
            Read a file by it
          </Link>
          {!built_in && (
            <Button variant="default" loading={remove.isPending} onClick={() => remove.mutate()}>
              Delete
            </Button>
          )}
          {remove.error && <span role="alert">{remove.error.message}</span>}
        </p>
      )}
    </Disclosure>
  )
}

/** What was deleted can be had again while the page is shown. */
function PutBack({ template, onDone }: { template: MappingTemplate; onDone: () => void }) {
  const { api } = useSurroundings()
  const client = useQueryClient()
  const { name, description, target, mapping } = template
  const restore = useMutation({
    mutationFn: () =>
      api.createMapping({ name, description, mapping, ...(target === null ? {} : { target }) }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['mappings'] })
      onDone()
    },
  })
  return (
    <p className={css.actions} role="status">
      {name} was deleted.
      <Button variant="default" loading={restore.isPending} onClick={() => restore.mutate()}>
        Put it back
      </Button>
    </p>
  )
}
