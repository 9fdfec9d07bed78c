// How the text of a file is read: what separates columns, how numbers and times are written. What is not said here is
// guessed.

import { NativeSelect, Switch } from '@mantine/core'
import type { LoadPreview } from '../../../contract/loads.ts'
import type { Mapping } from '../../../contract/mapping.ts'
import { useSurroundings } from '../../session.tsx'
import { Disclosure } from '../../ui/Disclosure.tsx'
import { LateInput } from '../../ui/LateInput.tsx'
import { type MappingChange, missingFields, withKey } from './mapping.ts'
import css from './ReadingForm.module.css'

interface ReadingFormProps {
  target: string
  format: Mapping['format'] | undefined
  /** All of it, guesses included. */
  mapping: Mapping
  /** What is known of the file; without it, the fields that depend on its columns are left out. */
  understood?: LoadPreview | undefined
  /** Whether the fields are shown from the start. */
  open?: boolean
  onChange: (change: MappingChange) => void
}

const DELIMITERS: [string, string][] = [
  [',', 'Comma'],
  [';', 'Semicolon'],
  ['|', 'Bar'],
  ['\t', 'Tab'],
  [' ', 'Space'],
]
const DECIMALS: [string, string][] = [
  ['.', 'Point 1.5'],
  [',', 'Comma 1,5'],
]
const THOUSANDS: [string, string][] = [
  ['', 'None 1000'],
  [',', 'Comma 1,000'],
  ['.', 'Point 1.000'],
  [' ', 'Space 1 000'],
  ["'", 'Apostrophe 1\u2019000'],
]
const ENCODINGS: [string, string][] = [
  ['utf-8', 'UTF-8'],
  ['latin1', 'Latin-1'],
  ['utf-16le', 'UTF-16, little end first'],
  ['utf-16be', 'UTF-16, big end first'],
]

export function ReadingForm(props: ReadingFormProps) {
  const { format, mapping, open = false } = props
  const isText = format === undefined || format === 'csv'
  return (
    <Disclosure title="How it is read" note={summaryOf(mapping, isText)} open={open}>
      <div className={css.form}>
        {isText && <TextFields {...props} />}
        <ValueFields {...props} />
        {(format === 'json' || format === 'xml') && (
          <LateInput
            label="Where the rows are"
            placeholder="at the top"
            value={mapping.records ?? ''}
            onText={(records) => props.onChange({ records })}
          />
        )}
        {format === 'xlsx' && (
          <LateInput
            label="Sheet"
            placeholder="the first"
            value={mapping.sheet ?? ''}
            onText={(sheet) => props.onChange({ sheet })}
          />
        )}
        <Constants {...props} />
        <Creation {...props} />
      </div>
    </Disclosure>
  )
}

function TextFields({ mapping, onChange }: ReadingFormProps) {
  return (
    <>
      <Choice
        label="Between columns"
        data={DELIMITERS}
        value={mapping.delimiter ?? ','}
        onChoose={(delimiter) => onChange({ delimiter })}
      />
      <Choice
        label="Encoding"
        data={ENCODINGS}
        value={mapping.encoding ?? 'utf-8'}
        // One of the list above.
        onChoose={(encoding) => onChange({ encoding: encoding as Mapping['encoding'] })}
      />
      <Choice
        label="First line"
        data={[
          ['yes', 'Names the columns'],
          ['no', 'Is a row'],
        ]}
        value={mapping.header === false ? 'no' : 'yes'}
        onChoose={(header) => onChange({ header: header === 'yes' })}
      />
      <LateInput
        label="Lines to pass over"
        inputMode="numeric"
        placeholder="0"
        value={mapping.skip_lines ? String(mapping.skip_lines) : ''}
        onText={(text) =>
          /^\d{0,3}$/.test(text) && onChange({ skip_lines: text === '' ? undefined : Number(text) })
        }
      />
    </>
  )
}

function ValueFields({ mapping, onChange }: ReadingFormProps) {
  const { zone } = useSurroundings()
  return (
    <>
      <Choice
        label="Decimals after a"
        data={DECIMALS}
        value={mapping.decimal ?? '.'}
        onChoose={(decimal) => onChange({ decimal: decimal === ',' ? ',' : '.' })}
      />
      <Choice
        label="Between thousands"
        data={THOUSANDS.filter(([mark]) => mark !== (mapping.decimal ?? '.'))}
        value={mapping.thousands ?? ''}
        // One of the list above.
        onChoose={(mark) => onChange({ thousands: mark === '' ? undefined : (mark as Mapping['thousands']) })}
      />
      <LateInput
        label="Times look like"
        placeholder="ISO 8601"
        title="ISO 8601 when empty; or epoch_s, epoch_ms, or a pattern such as DD.MM.YYYY HH:mm:ss"
        value={mapping.time_format ?? ''}
        onText={(time_format) => onChange({ time_format })}
      />
      <LateInput
        label="Zone of times without one"
        placeholder={zone}
        value={mapping.tz ?? ''}
        onText={(tz) => onChange({ tz })}
      />
    </>
  )
}

function Constants({ target, mapping, understood, onChange }: ReadingFormProps) {
  if (!understood) return null
  return missingFields(target, understood).map((field) => (
    <LateInput
      key={field}
      label={`${field} of every row`}
      title={`The file has no column for ${field}`}
      placeholder="no column has it"
      value={String(mapping.constants?.[field] ?? '')}
      onText={(text) => onChange({ constants: withKey(mapping.constants, field, text) })}
    />
  ))
}

/** What to do with names that are not known yet. */
function Creation({ target, mapping, onChange }: ReadingFormProps) {
  if (target !== 'measurements' && target !== 'signals') return null
  return (
    <div className={css.switches}>
      {target === 'measurements' && (
        <Switch
          size="sm"
          label="Make signals that are not there yet"
          checked={mapping.create_signals ?? false}
          onChange={(event) => onChange({ create_signals: event.currentTarget.checked })}
        />
      )}
      <Switch
        size="sm"
        label="Make assets that are not there yet"
        checked={mapping.create_assets ?? false}
        onChange={(event) => onChange({ create_assets: event.currentTarget.checked })}
      />
    </div>
  )
}

interface ChoiceProps {
  label: string
  data: readonly [string, string][]
  value: string
  onChoose: (value: string) => void
}

function Choice({ label, data, value, onChoose }: ChoiceProps) {
  const listed = data.some(([known]) => known === value) ? data : [...data, [value, value] as const]
  return (
    <NativeSelect
      label={label}
      data={listed.map(([known, name]) => ({ value: known, label: name }))}
      value={value}
      onChange={(event) => onChoose(event.currentTarget.value)}
    />
  )
}

function summaryOf(mapping: Mapping, isText: boolean): string {
  const delimiter = DELIMITERS.find(([mark]) => mark === (mapping.delimiter ?? ','))?.[1] ?? mapping.delimiter
  const parts = [
    ...(isText ? [`${delimiter} between columns`] : []),
    mapping.decimal === ',' ? 'decimal comma' : 'decimal point',
    `times as ${mapping.time_format ?? 'ISO 8601'}`,
    ...(mapping.tz ? [mapping.tz] : []),
    ...(mapping.create_signals ? ['makes signals'] : []),
  ]
  return parts.join(' · ')
}
