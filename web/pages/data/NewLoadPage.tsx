// A file before it is loaded: what was understood of it, what its rows would become, which would be refused and why.
// All of it can be changed, each change is looked at again, and what was changed stands in the address.

import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import type { LoadPreview } from '../../../contract/loads.ts'
import type { Mapping } from '../../../contract/mapping.ts'
import { useFileInHand } from '../../file-in-hand.tsx'
import { datasetsQuery, previewQuery } from '../../queries.ts'
import { useIsManager, useSurroundings } from '../../session.tsx'
import { DropZone } from '../../ui/DropZone.tsx'
import { formatSize } from '../../ui/format.ts'
import { Page } from '../../ui/Shell.tsx'
import { Empty, Failed, Skeleton } from '../../ui/State.tsx'
import { ColumnTable } from './ColumnTable.tsx'
import { headOf } from './file-head.ts'
import { LoadBar } from './LoadBar.tsx'
import { changed, fieldsOf, type MappingChange, withForm, withoutFields } from './mapping.ts'
import css from './NewLoadPage.module.css'
import { Outcome } from './Outcome.tsx'
import { ReadingForm } from './ReadingForm.tsx'
import { RuleForm } from './RuleForm.tsx'
import { TargetForm } from './TargetForm.tsx'
import { Understood } from './Understood.tsx'

const route = getRouteApi('/signed-in/data/new')

export function NewLoadPage() {
  const { file, take } = useFileInHand()
  const manager = useIsManager()
  if (!manager) {
    return (
      <Page title="Load a file" narrow>
        <Empty title="Only a manager can load files">
          <Link to="/data">See what was loaded</Link>
        </Empty>
      </Page>
    )
  }
  if (!file) {
    return (
      <Page title="Load a file" narrow>
        <DropZone
          large
          title="Drop a file to see what is in it"
          text="Nothing is stored before you say so. CSV, JSON, Parquet, XML or a spreadsheet; gzip and zstd too. Or press to choose one."
          onFile={take}
        />
      </Page>
    )
  }
  return <FilePage key={keyOf(file)} file={file} />
}

const keyOf = ({ name, size, lastModified }: File) => `${name} ${size} ${lastModified}`

function FilePage({ file }: { file: File }) {
  const { api } = useSurroundings()
  const { target, mapping, change } = useChoice()
  const head = useMemo(() => headOf(file), [file])
  const question = {
    head: head?.blob ?? file,
    partial: head?.partial ?? false,
    file_name: file.name,
    target,
    mapping,
  }
  const asked = useQuery({ ...previewQuery(api, keyOf(file), question), enabled: head !== undefined })
  const preview = asked.error ? undefined : asked.data
  const into = target ?? preview?.target
  const bar = (
    <LoadBar
      file={file}
      target={into}
      mapping={preview?.mapping ?? mapping}
      preview={preview}
      waiting={asked.isFetching}
    />
  )
  return (
    <Page title={file.name} note={formatSize(file.size)} controls={bar}>
      {asked.isPending && head ? (
        <Skeleton height="75dvh" />
      ) : (
        <div className={css.page} aria-busy={asked.isFetching}>
          <div className={css.reading}>
            {preview && <Understood preview={preview} />}
            <TargetForm
              fileName={file.name}
              target={into ?? ''}
              why={preview?.target_why}
              mapping={mapping}
              understood={preview?.mapping}
              onTarget={(next) => change({ target: next, mapping: withoutFields(mapping) })}
              onMapping={(next) => change({ target, mapping: next })}
            />
            {into !== undefined && (
              <HowRead
                target={into}
                preview={preview}
                mapping={mapping}
                onChange={(next) =>
                  change({ target: into, mapping: changed(mapping, withForm(next, preview)) })
                }
              />
            )}
          </div>
          <div className={css.result}>
            {!head && <TooLarge />}
            {asked.error && <Failed error={asked.error} onRetry={() => void asked.refetch()} />}
            {preview && <Outcome preview={preview} />}
          </div>
        </div>
      )}
    </Page>
  )
}

function TooLarge() {
  return (
    <Empty title="Too large to be looked at before">
      Compressed files, Parquet and spreadsheets are looked at up to 64 MB. Say where this one goes, and load
      it; what does not fit is refused row by row and kept.
    </Empty>
  )
}

interface Choice {
  target?: string | undefined
  mapping: Mapping
}

/** A server takes addresses up to 16 kB; what a reload would bring back in vain is better left out. */
const LONGEST_MAPPING = 4000

/** What was changed by hand. It stands in the address unless it is too long for one, as that of very wide files. */
function useChoice() {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const [mapping, setMapping] = useState(search.mapping ?? {})
  return {
    target: search.target,
    mapping,
    change(next: Choice) {
      setMapping(next.mapping)
      const { length } = JSON.stringify(next.mapping)
      void navigate({
        search: {
          ...(next.target === undefined ? {} : { target: next.target }),
          ...(length <= '{}'.length || length > LONGEST_MAPPING ? {} : { mapping: next.mapping }),
        },
        replace: true,
        resetScroll: false,
      })
    },
  }
}

interface HowReadProps {
  target: string
  preview: LoadPreview | undefined
  /** What was changed by hand. */
  mapping: Mapping
  onChange: (change: MappingChange) => void
}

function HowRead({ target, preview, mapping, onChange }: HowReadProps) {
  const { api } = useSurroundings()
  const { data: datasets } = useQuery(datasetsQuery(api, 1000))
  const dataset = datasets?.items.find(({ name }) => target === `dataset:${name}`)
  const fields = fieldsOf(target, dataset?.columns)
  return (
    <>
      {preview && <ColumnTable target={target} fields={fields} preview={preview} onChange={onChange} />}
      <ReadingForm
        target={target}
        format={preview?.format ?? mapping.format}
        mapping={{ ...preview?.mapping, ...mapping }}
        understood={preview}
        onChange={onChange}
      />
      <RuleForm
        rules={{ ...preview?.mapping.rules, ...mapping.rules }}
        fields={fields ?? Object.values(preview?.mapping.columns ?? {})}
        onChange={(rules) => onChange({ rules })}
      />
    </>
  )
}
