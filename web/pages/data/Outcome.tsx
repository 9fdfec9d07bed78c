// What the rows that were looked at would become: how many are accepted, the first of them, and those refused.

import type { LoadPreview } from '../../../contract/loads.ts'
import { DataTable, type TableColumn } from '../../ui/DataTable.tsx'
import { formatCount } from '../../ui/format.ts'
import { Section } from '../../ui/Section.tsx'
import { Empty } from '../../ui/State.tsx'
import css from './Outcome.module.css'

const REJECT_COLUMNS: readonly TableColumn[] = [
  { key: 'line', name: 'Line', align: 'right' },
  { key: 'value', name: 'Value' },
  { key: 'reason', name: 'Why it would be refused', grows: true },
]

export function Outcome({ preview }: { preview: LoadPreview }) {
  return (
    <>
      <Counts preview={preview} />
      {preview.rejected.length > 0 && <Refused preview={preview} />}
      <Stored preview={preview} />
    </>
  )
}

function Counts({ preview }: { preview: LoadPreview }) {
  const { accepted, rejected_count, rows_read, whole } = preview
  const parts = [
    { name: 'Accepted', part: 'accepted', count: accepted },
    { name: 'Refused', part: 'refused', count: rejected_count },
  ]
  return (
    <div className={css.counts}>
      <dl data-preview-counts>
        {parts.map(({ name, part, count }) => (
          <div key={name} data-part={part} data-none={count === 0 || undefined}>
            <dt>{name}</dt>
            <dd>{formatCount(count)}</dd>
          </div>
        ))}
      </dl>
      <div className={css.shares} aria-hidden="true">
        {parts.map(
          ({ name, part, count }) =>
            count > 0 && <span key={name} data-part={part} style={{ flexGrow: count }} />,
        )}
      </div>
      <p>
        of {whole ? 'all' : 'the first'} {formatCount(rows_read)} {rows_read === 1 ? 'row' : 'rows'}
        {!whole && '; the file goes on'}
      </p>
    </div>
  )
}

function Refused({ preview: { rejected, rejected_count } }: { preview: LoadPreview }) {
  const rows = rejected.map(({ line, column, value, reason, rule }, index) => ({
    key: `${line} ${index}`,
    cells: [
      formatCount(line),
      <code key="value">{value ?? ''}</code>,
      <span key="reason" className={css.reason} title={`${rule}: ${reason}`}>
        {column !== null && <code>{column}</code>} {reason}
      </span>,
    ],
  }))
  const left = rejected_count - rejected.length
  return (
    <Section
      title="Would be refused"
      end={left > 0 ? `the first ${formatCount(rejected.length)} of ${formatCount(rejected_count)}` : null}
      framed
    >
      <div className={css.refused}>
        <DataTable label="Rows that would be refused" columns={REJECT_COLUMNS} rows={rows} />
      </div>
    </Section>
  )
}

function Stored({ preview: { sample } }: { preview: LoadPreview }) {
  const names = [...new Set(['line', ...sample.flatMap((row) => Object.keys(row))])]
  const columns = names.map(
    (name): TableColumn => ({
      key: name,
      name,
      align: sample.some((row) => typeof row[name] === 'number') ? 'right' : 'left',
    }),
  )
  const rows = sample.map((row, index) => ({
    key: `${shown(row.line)} ${index}`,
    cells: names.map((name) => shown(row[name])),
  }))
  return (
    <Section title="As it would be stored" framed>
      {rows.length === 0 ? (
        <Empty title="No row would be stored">
          Look at why rows would be refused, or at what the columns become.
        </Empty>
      ) : (
        <DataTable label="The first rows as they would be stored" columns={columns} rows={rows} />
      )}
    </Section>
  )
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return '–'
  return typeof value === 'string' ? value : JSON.stringify(value)
}
