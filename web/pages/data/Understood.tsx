// What a file seems to be, how sure that is, and what was settled on the way.

import type { LoadPreview } from '../../../contract/loads.ts'
import { Badge, type Tone } from '../../ui/Badge.tsx'
import { formatCount } from '../../ui/format.ts'
import css from './NewLoadPage.module.css'

const FORMATS: Record<LoadPreview['format'], string> = {
  csv: 'CSV',
  json: 'JSON',
  ndjson: 'NDJSON',
  parquet: 'Parquet',
  xml: 'XML',
  xlsx: 'Spreadsheet',
}

export function Understood({ preview }: { preview: LoadPreview }) {
  const { format, compression, columns, whole, confidence, notes } = preview
  return (
    <section className={css.understood} aria-label="What was understood">
      <p className={css.facts}>
        <strong>
          {FORMATS[format]}
          {compression && `, ${compression}`}
        </strong>
        <span>
          {formatCount(columns.length)} {columns.length === 1 ? 'column' : 'columns'}
        </span>
        <span>{whole ? 'read to its end' : 'its beginning was read'}</span>
        <Sure confidence={confidence} />
      </p>
      {notes.length > 0 && (
        <ul className={css.notes}>
          {notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
    </section>
  )
}

const DEGREES: readonly [number, Tone, string][] = [
  [0.9, 'good', 'sure'],
  [0.6, 'plain', 'likely'],
  [0, 'warn', 'a guess'],
]

/** In words, with the figure at hand. */
export function Sure({ confidence }: { confidence: number }) {
  const [, tone, word] = DEGREES.find(([least]) => confidence >= least) ?? [0, 'warn' as const, 'a guess']
  return (
    <Badge tone={tone} title={`${Math.round(confidence * 100)} % sure`}>
      {word}
    </Badge>
  )
}
