// Where a file goes, and by which named mapping it is read.

import { NativeSelect } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { Mapping } from '../../../contract/mapping.ts'
import { datasetsQuery, mappingsQuery } from '../../queries.ts'
import { useSurroundings } from '../../session.tsx'
import { LateInput } from '../../ui/LateInput.tsx'
import { datasetNameOf } from './mapping.ts'
import css from './NewLoadPage.module.css'
import { SaveMapping } from './SaveMapping.tsx'

interface TargetFormProps {
  fileName: string
  /** Empty while it is not known. */
  target: string
  why: string | undefined
  /** What was changed by hand. */
  mapping: Mapping
  /** All of the mapping, guesses included. */
  understood: Mapping | undefined
  onTarget: (target: string) => void
  onMapping: (mapping: Mapping) => void
}

const NOUNS = [
  { value: 'measurements', label: 'Measurements: values of signals over time' },
  { value: 'assets', label: 'Assets: the things that are measured' },
  { value: 'signals', label: 'Signals: what is measured of an asset' },
]
const NEW_TABLE = 'new table'

export function TargetForm(props: TargetFormProps) {
  const { fileName, target, why, mapping, onTarget } = props
  const { api } = useSurroundings()
  const { data: datasets } = useQuery(datasetsQuery(api, 1000))
  const tables = (datasets?.items ?? []).map(({ name }) => ({
    value: `dataset:${name}`,
    label: `Table ${name}`,
  }))
  const isNew = target.startsWith('dataset:') && !tables.some(({ value }) => value === target)
  return (
    <section className={css.part} aria-label="Where it goes">
      <div className={css.fields}>
        <NativeSelect
          label="Into"
          value={isNew ? NEW_TABLE : target}
          data={[
            ...(target === '' ? [{ value: '', label: 'Choose where it goes' }] : []),
            ...NOUNS,
            ...tables,
            { value: NEW_TABLE, label: 'A new table of your own' },
          ]}
          onChange={({ currentTarget: { value } }) =>
            onTarget(value === NEW_TABLE ? `dataset:${datasetNameOf(fileName)}` : value)
          }
        />
        {isNew && (
          <LateInput
            label="Name of the table"
            pattern="[a-z][a-z0-9_]{0,62}"
            title="Small letters, digits and underscores, starting with a letter"
            value={target.slice('dataset:'.length)}
            onText={(name) => /^[a-z][a-z0-9_]{0,62}$/.test(name) && onTarget(`dataset:${name}`)}
          />
        )}
        <TemplateSelect {...props} />
      </div>
      {why && mapping.template === undefined && <p className={css.why}>{why}</p>}
    </section>
  )
}

function TemplateSelect({ target, mapping, understood, onMapping }: TargetFormProps) {
  const { api } = useSurroundings()
  const { data } = useQuery(mappingsQuery(api))
  const fitting = (data?.items ?? []).filter(
    (template) =>
      template.name === mapping.template || template.target === null || template.target === target,
  )
  return (
    <div className={css.template}>
      <NativeSelect
        label="Read by"
        value={mapping.template ?? ''}
        data={[
          { value: '', label: 'As guessed' },
          ...fitting.map(({ name }) => ({ value: name, label: name })),
        ]}
        onChange={({ currentTarget: { value } }) => onMapping(value === '' ? {} : { template: value })}
      />
      {understood && (
        <SaveMapping
          target={target}
          mapping={understood}
          name={mapping.template ?? ''}
          known={data?.items ?? []}
        />
      )}
    </div>
  )
}
