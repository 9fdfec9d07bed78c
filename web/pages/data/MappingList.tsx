// How a file is read, as a list of what was said.

import type { Mapping } from '../../../contract/mapping.ts'
import css from './MappingList.module.css'

const MARKS: Record<string, string> = { '\t': 'tab', ' ': 'space', true: 'yes', false: 'no' }
/** Of a wide file's columns, more are only counted. */
const SHOWN = 40

export function MappingList({ mapping }: { mapping: Mapping }) {
  const entries = Object.entries(mapping)
  if (entries.length === 0) return <p className={css.nothing}>As files are read when nothing is said.</p>
  return (
    <dl className={css.mapping}>
      {entries.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{linesOf(value)}</dd>
        </div>
      ))}
    </dl>
  )
}

function linesOf(value: unknown) {
  if (typeof value !== 'object' || value === null) return <code>{MARKS[String(value)] ?? String(value)}</code>
  const lines = Array.isArray(value)
    ? value.map(String)
    : Object.entries(value).map(
        ([from, to]) => `${from} → ${typeof to === 'object' ? JSON.stringify(to) : to}`,
      )
  return (
    <ul>
      {lines.slice(0, SHOWN).map((line) => (
        <li key={line}>
          <code>{line}</code>
        </li>
      ))}
      {lines.length > SHOWN && <li>and {lines.length - SHOWN} more</li>}
    </ul>
  )
}
