// What the values of a field must be, beyond their type: a row that breaks one of these is refused, and kept.

import { Button, NativeSelect, Switch } from '@mantine/core'
import type { FieldRule } from '../../../contract/mapping.ts'
import { Disclosure } from '../../ui/Disclosure.tsx'
import { LateInput } from '../../ui/LateInput.tsx'
import { withKey } from './mapping.ts'
import css from './ReadingForm.module.css'

type Rules = Record<string, FieldRule>

interface RuleFormProps {
  rules: Rules
  fields: readonly string[]
  onChange: (rules: Rules) => void
}

export function RuleForm({ rules, fields, onChange }: RuleFormProps) {
  const named = Object.keys(rules)
  const free = fields.filter((field) => !named.includes(field))
  return (
    <Disclosure
      title="Rules"
      note={named.length === 0 ? 'none beyond what the fields need' : `for ${named.join(', ')}`}
    >
      <div className={css.rules}>
        {Object.entries(rules).map(([field, rule]) => (
          <RuleRow
            key={field}
            field={field}
            rule={rule}
            onChange={(next) => onChange({ ...rules, [field]: next })}
            onRemove={() => onChange(withKey<FieldRule>(rules, field, {}))}
          />
        ))}
        {free.length > 0 && (
          <NativeSelect
            className={css.addRule}
            aria-label="Add a rule"
            value=""
            data={[
              { value: '', label: 'Add a rule for…' },
              ...free.map((field) => ({ value: field, label: field })),
            ]}
            onChange={({ currentTarget: { value } }) =>
              value && onChange({ ...rules, [value]: { required: true } })
            }
          />
        )}
      </div>
    </Disclosure>
  )
}

interface RuleRowProps {
  field: string
  rule: FieldRule
  onChange: (rule: FieldRule) => void
  onRemove: () => void
}

function RuleRow({ field, rule, onChange, onRemove }: RuleRowProps) {
  const set = (change: { [key in keyof FieldRule]?: FieldRule[key] | undefined }) =>
    onChange(withoutUndefined({ ...rule, ...change }))
  const number = (text: string) => (text.trim() === '' ? undefined : Number(text.replace(',', '.')))
  const bound = (key: 'min' | 'max', label: string) => (
    <LateInput
      label={label}
      inputMode="decimal"
      value={rule[key] === undefined ? '' : String(rule[key])}
      onText={(text) => !Number.isNaN(number(text)) && set({ [key]: number(text) })}
    />
  )
  const isTime = field === 'measured_at'
  return (
    <fieldset className={css.rule}>
      <legend>{field}</legend>
      {!isTime && bound('min', 'At least')}
      {!isTime && bound('max', 'At most')}
      {isTime ? (
        <LateInput
          label="Ahead of now at most"
          placeholder="366d"
          title="A number and s, m, h, d, w or y"
          value={rule.max_ahead ?? ''}
          onText={(text) => /^(\d{1,4}[smhdwy])?$/.test(text) && set({ max_ahead: text || undefined })}
        />
      ) : (
        <>
          <LateInput
            label="One of"
            placeholder="a, b, c"
            value={rule.one_of?.join(', ') ?? ''}
            onText={(text) => set({ one_of: listOf(text) })}
          />
          <LateInput
            label="Pattern"
            title="A regular expression for the whole value"
            value={rule.pattern ?? ''}
            onText={(text) => set({ pattern: text || undefined })}
          />
        </>
      )}
      <Switch
        size="sm"
        label="Required"
        checked={rule.required ?? false}
        onChange={(event) => set({ required: event.currentTarget.checked })}
      />
      <Button variant="default" onClick={onRemove} aria-label={`Remove the rule for ${field}`}>
        Remove
      </Button>
    </fieldset>
  )
}

/** Numbers where all of them are, since a number is not one of a list of texts. */
function listOf(text: string): (string | number)[] | undefined {
  const items = text.split(',').flatMap((item) => item.trim() || [])
  if (items.length === 0) return undefined
  return items.every((item) => Number.isFinite(Number(item))) ? items.map(Number) : items
}

function withoutUndefined(rule: { [key in keyof FieldRule]?: FieldRule[key] | undefined }): FieldRule {
  return Object.fromEntries(Object.entries(rule).filter(([, value]) => value !== undefined))
}
