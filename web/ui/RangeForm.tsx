// The two ends of a time range as fields, read on the zone's clock.

import { Button, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import css from './RangePicker.module.css'
import type { RangeChoice } from './RangePicker.tsx'
import { localText, type Range, resolveRange } from './range.ts'

interface RangeFormProps {
  range: Range
  zone: string
  onChoose: (choice: RangeChoice) => void
}

export function RangeForm({ range, zone, onChoose }: RangeFormProps) {
  const [from, setFrom] = useState(() => localText(range.from, zone))
  const [to, setTo] = useState(() => localText(range.to, zone))
  const valid = resolveRange(from, to, { zone, now: Date.now() }) !== null

  function onSubmit(event: FormEvent) {
    event.preventDefault()
    if (valid) onChoose({ from, to })
  }

  return (
    <form className={css.form} onSubmit={onSubmit}>
      <TextInput
        label="From"
        type="datetime-local"
        value={from}
        onChange={(event) => setFrom(event.currentTarget.value)}
      />
      <TextInput
        label="To, not included"
        type="datetime-local"
        value={to}
        error={valid ? null : 'The end must be after the start'}
        onChange={(event) => setTo(event.currentTarget.value)}
      />
      <Button type="submit" disabled={!valid}>
        Show
      </Button>
      <p className={css.hint}>Times in {zone}. Or drag over a chart.</p>
    </form>
  )
}
