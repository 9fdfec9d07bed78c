// How the file of a load was read.

import type { Mapping } from '../../../contract/loads.ts'
import { Section } from '../../ui/Section.tsx'
import css from './LoadPage.module.css'

const WHITESPACE: Record<string, string> = { '\t': 'tab', ' ': 'space' }

export function MappingList({ mapping }: { mapping: Mapping }) {
  const entries = Object.entries(mapping)
  if (entries.length === 0) return null
  return (
    <Section title="How it was read" framed>
      <dl className={css.mapping}>
        {entries.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{isPairs(value) ? <Pairs pairs={value} /> : (WHITESPACE[String(value)] ?? String(value))}</dd>
          </div>
        ))}
      </dl>
    </Section>
  )
}

function Pairs({ pairs }: { pairs: Record<string, unknown> }) {
  return (
    <ul>
      {Object.entries(pairs).map(([from, to]) => (
        <li key={from}>
          {from} → {String(to)}
        </li>
      ))}
    </ul>
  )
}

function isPairs(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
