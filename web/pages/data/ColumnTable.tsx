// The columns of a file: what is in them, and what each becomes.

import { NativeSelect } from '@mantine/core'
import type { LoadPreview } from '../../../contract/loads.ts'
import { DataTable, type TableColumn } from '../../ui/DataTable.tsx'
import { LateInput } from '../../ui/LateInput.tsx'
import { Section } from '../../ui/Section.tsx'
import css from './ColumnTable.module.css'
import { fieldChoices, fieldOf, type MappingChange, OWN_SIGNAL, withField, withKey } from './mapping.ts'
import { Sure } from './Understood.tsx'

interface ColumnTableProps {
  target: string
  /** What a column can become; undefined when any name will do. */
  fields: readonly string[] | undefined
  preview: LoadPreview
  onChange: (change: MappingChange) => void
}

type PreviewColumn = LoadPreview['columns'][number]

const COLUMNS: readonly TableColumn[] = [
  { key: 'name', name: 'Column' },
  { key: 'becomes', name: 'Becomes' },
  { key: 'unit', name: 'Unit' },
  { key: 'examples', name: 'First values', grows: true },
]
/** Of a wide file, more than these are named only by their number. */
const SHOWN = 60

export function ColumnTable({ target, fields, preview, onChange }: ColumnTableProps) {
  const { columns } = preview
  const hasUnits = target === 'measurements'
  const rows = columns.slice(0, SHOWN).map((column) => ({
    key: column.name,
    cells: [
      <span key="name" className={css.columnName}>
        <strong title={column.name}>{column.name}</strong>
        <small>{column.type}</small>
      </span>,
      <span key="becomes" className={css.becomes}>
        <Becomes target={target} fields={fields} preview={preview} column={column} onChange={onChange} />
        {fieldOf(preview, column.name) !== '' && <Sure confidence={column.confidence} />}
      </span>,
      ...(hasUnits ? [<Unit key="unit" preview={preview} column={column} onChange={onChange} />] : []),
      <span key="examples" className={css.examples}>
        <code>{column.examples.filter((text) => text !== '').join('  ')}</code>
        <small>{column.why}</small>
      </span>,
    ],
  }))
  return (
    <Section title="Columns" framed>
      <div className={css.columns}>
        <DataTable
          label="Columns of the file"
          columns={COLUMNS.filter(({ key }) => key !== 'unit' || hasUnits)}
          rows={rows}
        />
      </div>
      {columns.length > SHOWN && (
        <p className={css.more}>
          and {columns.length - SHOWN} more columns, which are read as the mapping says
        </p>
      )}
    </Section>
  )
}

function Becomes({
  target,
  fields,
  preview,
  column,
  onChange,
}: ColumnTableProps & { column: PreviewColumn }) {
  const field = fieldOf(preview, column.name)
  const label = `What ${column.name} becomes`
  const take = (next: string) => {
    const { columns, time, wide } = withField(preview, column.name, next)
    onChange({ columns, time, wide })
  }
  if (fields === undefined) {
    return <LateInput aria-label={label} placeholder="not taken" value={field} onText={take} />
  }
  const choices = fieldChoices(target, column.name, fields)
  const own = choices.some(({ value }) => value === field) ? [] : [{ value: field, label: field }]
  return (
    <NativeSelect
      aria-label={label}
      data={[...choices, ...own]}
      value={field}
      onChange={(event) => take(event.currentTarget.value)}
    />
  )
}

/** Of what holds readings: the unit in which the file gives them. */
function Unit({
  preview,
  column,
  onChange,
}: Omit<ColumnTableProps, 'target' | 'fields'> & { column: PreviewColumn }) {
  if (!['value', OWN_SIGNAL].includes(fieldOf(preview, column.name))) return null
  const { units } = preview.mapping
  return (
    <LateInput
      className={css.unit}
      aria-label={`Unit of ${column.name}`}
      placeholder="its own"
      title="The unit of the values in the file; converted to that of the signal"
      value={units?.[column.name] ?? ''}
      onText={(unit) => onChange({ units: withKey(units, column.name, unit) })}
    />
  )
}
