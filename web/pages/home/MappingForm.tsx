// How the columns of a file become fields, and how its numbers and times are written.

import { NativeSelect, TextInput } from '@mantine/core'
import type { Mapping } from '../../../contract/loads.ts'
import { useSurroundings } from '../../session.tsx'
import { FIELDS, type FileHead, guessDecimal, guessField, type Target } from './guess.ts'
import css from './LoadDialog.module.css'

export interface MappingChoice {
  delimiter: string
  decimal: '.' | ','
  timeFormat: string
  tz: string
  /** The field of each column, by the column's name; empty for a column that is not taken. */
  fields: Record<string, string>
  /** The same value for every row, by field. */
  constants: Record<string, string>
}

interface MappingFormProps {
  target: Target
  head: FileHead
  choice: MappingChoice
  onChange: (choice: MappingChoice) => void
}

const DELIMITERS = [
  { value: ',', label: 'Comma ,' },
  { value: ';', label: 'Semicolon ;' },
  { value: '|', label: 'Bar |' },
  { value: '\t', label: 'Tab' },
]
/** Fields that a file often lacks, as all of its rows have the same. */
const USUAL_CONSTANTS: Record<Target, readonly string[]> = {
  measurements: [],
  assets: ['type'],
  signals: ['quantity'],
  dataset: [],
}

export function proposeMapping(target: Target, head: FileHead): MappingChoice {
  const fields: Record<string, string> = {}
  for (const { name } of head.columns) {
    const field = target === 'dataset' ? name : (guessField(target, name) ?? '')
    fields[name] = target !== 'dataset' && Object.values(fields).includes(field) ? '' : field
  }
  return {
    delimiter: head.delimiter,
    decimal: guessDecimal(head),
    timeFormat: '',
    tz: '',
    fields,
    constants: {},
  }
}

/** Leaves out what is as it would be anyway. */
export function mappingOf(target: Target, head: FileHead, choice: MappingChoice): Mapping {
  const taken = Object.entries(choice.fields).filter(([, field]) => field !== '')
  const asTheyAre = target === 'dataset' || taken.every(([name, field]) => name === field)
  const missing = missingFields(target, choice)
  const constants = Object.entries(choice.constants).filter(
    ([field, value]) => value !== '' && missing.includes(field),
  )
  return {
    format: head.format,
    ...(head.format === 'csv' ? { delimiter: choice.delimiter, decimal: choice.decimal } : {}),
    records: head.records,
    time_format: choice.timeFormat.trim(),
    tz: choice.tz.trim(),
    columns: asTheyAre ? {} : Object.fromEntries(taken),
    constants: Object.fromEntries(constants),
  }
}

function missingFields(target: Target, { fields }: MappingChoice): string[] {
  return USUAL_CONSTANTS[target].filter((field) => !Object.values(fields).includes(field))
}

export function MappingForm({ target, head, choice, onChange }: MappingFormProps) {
  const { zone } = useSurroundings()
  const set = (change: Partial<MappingChoice>) => onChange({ ...choice, ...change })
  return (
    <>
      {head.columns.length > 0 && (
        <ColumnTable target={target} head={head} choice={choice} onChange={onChange} />
      )}
      {missingFields(target, choice).map((field) => (
        <TextInput
          key={field}
          label={`${field} of every row`}
          description={`The file has no column for ${field}`}
          value={choice.constants[field] ?? ''}
          onChange={(event) =>
            set({ constants: { ...choice.constants, [field]: event.currentTarget.value } })
          }
        />
      ))}
      <div className={css.row}>
        {head.format === 'csv' && (
          <>
            <NativeSelect
              label="Between columns"
              data={DELIMITERS}
              value={choice.delimiter}
              onChange={(event) => set({ delimiter: event.currentTarget.value })}
            />
            <NativeSelect
              label="Decimals after a"
              data={[
                { value: '.', label: 'Point 1.5' },
                { value: ',', label: 'Comma 1,5' },
              ]}
              value={choice.decimal}
              onChange={(event) => set({ decimal: event.currentTarget.value === ',' ? ',' : '.' })}
            />
          </>
        )}
        <TextInput
          label="Times look like"
          placeholder="ISO 8601"
          title="ISO 8601 when empty; or epoch_s, epoch_ms, or a pattern such as DD.MM.YYYY HH:mm:ss"
          value={choice.timeFormat}
          onChange={(event) => set({ timeFormat: event.currentTarget.value })}
        />
        <TextInput
          label="Zone of times"
          placeholder={zone}
          value={choice.tz}
          onChange={(event) => set({ tz: event.currentTarget.value })}
        />
      </div>
    </>
  )
}

function ColumnTable({ target, head, choice, onChange }: MappingFormProps) {
  const options = (name: string) =>
    target === 'dataset'
      ? [name]
      : ['', ...FIELDS[target], ...(target === 'assets' ? [`attributes.${name}`] : [])].map((field) => ({
          value: field,
          label: field || 'not taken',
        }))
  return (
    <div className={css.columns}>
      <table>
        <thead>
          <tr>
            <th scope="col">Column</th>
            <th scope="col">First values</th>
            <th scope="col">Becomes</th>
          </tr>
        </thead>
        <tbody>
          {head.columns.map(({ name, values }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td title={values.join('\n')}>{values.filter((value) => value !== '').join(', ')}</td>
              <td>
                {target === 'dataset' ? (
                  name
                ) : (
                  <NativeSelect
                    aria-label={`Field for ${name}`}
                    data={options(name)}
                    value={choice.fields[name] ?? ''}
                    onChange={(event) =>
                      onChange({ ...choice, fields: { ...choice.fields, [name]: event.currentTarget.value } })
                    }
                  />
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
