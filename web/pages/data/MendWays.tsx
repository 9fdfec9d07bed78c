// The ways of mending rows of one reason at once: replace a text, read them differently, send them as they are; and
// putting them aside. Which way is open stands in the address.

import { Button, NativeSelect, TextInput } from '@mantine/core'
import { getRouteApi, Link } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import type { Load } from '../../../contract/loads.ts'
import type { Mapping } from '../../../contract/mapping.ts'
import type { RejectReplay } from '../../../contract/rejects.ts'
import { formatCount } from '../../ui/format.ts'
import { changed } from './mapping.ts'
import { ReadingForm } from './ReadingForm.tsx'
import type { Group } from './RejectGroups.tsx'
import css from './Rejects.module.css'
import { RuleForm } from './RuleForm.tsx'

const route = getRouteApi('/signed-in/data/loads/$id')
const WAYS = [
  ['replace', 'Replace a text'],
  ['read', 'Read differently'],
  ['again', 'Send as they are'],
] as const
/** Of these nothing in the row is at fault, so another reading is more likely to help than another text. */
const READ_FIRST = ['reference', 'encoding', 'structure', 'unit', 'future']

interface MendWaysProps {
  load: Load
  group: Group
  pending: boolean
  onReplay: (change: RejectReplay) => void
  onDismiss: () => void
}

export function MendWays({ load, group, pending, onReplay, onDismiss }: MendWaysProps) {
  const { way } = route.useSearch()
  const ways = WAYS.filter(([known]) => known !== 'replace' || group.column !== null)
  const usual = READ_FIRST.includes(group.rule) ? 'read' : 'replace'
  const shown = ways.find(([known]) => known === (way ?? usual))?.[0] ?? 'read'
  const all = `${formatCount(group.open)} ${group.open === 1 ? 'row' : 'rows'}`
  return (
    <div className={css.ways}>
      <nav className={css.tabs} aria-label="Ways to mend">
        {ways.map(([known, name]) => (
          <Link
            key={known}
            to="."
            search={(search) => ({ ...search, way: known })}
            resetScroll={false}
            replace
            aria-current={known === shown ? 'true' : undefined}
          >
            {name}
          </Link>
        ))}
        <Button variant="default" disabled={pending} onClick={onDismiss}>
          Put {all} aside
        </Button>
      </nav>
      {shown === 'replace' && group.column !== null && (
        <Replace
          column={group.column}
          values={group.values}
          all={all}
          pending={pending}
          onReplay={onReplay}
        />
      )}
      {shown === 'read' && (
        <ReadDifferently load={load} group={group} all={all} pending={pending} onReplay={onReplay} />
      )}
      {shown === 'again' && (
        <p className={css.way}>
          <span>For when what was missing is there by now, such as a signal.</span>
          <Button loading={pending} onClick={() => onReplay({})}>
            Replay {all}
          </Button>
        </p>
      )}
    </div>
  )
}

interface WayProps {
  all: string
  pending: boolean
  onReplay: (change: RejectReplay) => void
}

const ANY = 'any text'

function Replace({
  column,
  values,
  all,
  pending,
  onReplay,
}: WayProps & { column: string; values: readonly (string | null)[] }) {
  const known = values.map((value) => value ?? '')
  const [from, setFrom] = useState(`=${known[0] ?? ''}`)
  const [to, setTo] = useState('')

  function onSubmit(event: FormEvent) {
    event.preventDefault()
    onReplay({ replace: [{ column, to, ...(from === ANY ? {} : { from: from.slice(1) }) }] })
  }

  return (
    <form className={css.way} onSubmit={onSubmit}>
      <NativeSelect
        label={`In ${column}, replace`}
        value={from}
        data={[
          ...known.map((value) => ({ value: `=${value}`, label: value || 'nothing' })),
          { value: ANY, label: 'any text' },
        ]}
        onChange={(event) => setFrom(event.currentTarget.value)}
      />
      <TextInput
        label="by"
        placeholder="nothing"
        value={to}
        onChange={(event) => setTo(event.currentTarget.value)}
      />
      <Button type="submit" loading={pending}>
        Replace and replay {all}
      </Button>
    </form>
  )
}

function ReadDifferently({ load, group, all, pending, onReplay }: WayProps & { load: Load; group: Group }) {
  const [mapping, setMapping] = useState<Mapping>(() =>
    group.rule === 'reference' && load.target === 'measurements' ? { create_signals: true } : {},
  )
  const whole = { ...load.mapping, ...mapping }
  const fields = [
    ...new Set([...Object.values(load.mapping.columns ?? {}), ...(group.column ? [group.column] : [])]),
  ]
  return (
    <div className={css.read}>
      <ReadingForm
        open
        target={load.target}
        format={load.format}
        mapping={whole}
        onChange={(change) => setMapping(changed(mapping, change))}
      />
      <RuleForm
        rules={whole.rules ?? {}}
        fields={fields}
        onChange={(rules) => setMapping({ ...mapping, rules })}
      />
      <p className={css.way}>
        <span>
          {Object.keys(mapping).length === 0
            ? 'Change how they are read or a rule, then send them again.'
            : ''}
        </span>
        <Button
          loading={pending}
          disabled={Object.keys(mapping).length === 0}
          onClick={() => onReplay({ mapping })}
        >
          Replay {all}
        </Button>
      </p>
    </div>
  )
}
