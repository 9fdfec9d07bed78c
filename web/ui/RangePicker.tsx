// Chooses a time range: presets, two fields, one step back or forward, twice as wide. Says the zone once.

import { ActionIcon, Popover, UnstyledButton } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { formatRange } from './format.ts'
import { Icon, type IconName } from './Icon.tsx'
import { RangeForm } from './RangeForm.tsx'
import css from './RangePicker.module.css'
import { instantText, type Range } from './range.ts'
import { useShortcut } from './shortcuts.tsx'
import { offsetLabel } from './zone.ts'

/** Both ends as they stand in an address; none for the range that one starts with. */
export interface RangeChoice {
  from?: string | undefined
  to?: string | undefined
}

export interface RangePreset extends RangeChoice {
  name: string
}

interface RangePickerProps {
  range: Range
  choice: RangeChoice
  presets: readonly RangePreset[]
  zone: string
  onChange: (choice: RangeChoice) => void
  onRefresh: () => void
}

export function RangePicker({ range, choice, presets, zone, onChange, onRefresh }: RangePickerProps) {
  const [opened, setOpened] = useState(false)
  const span = range.to - range.from
  const move = (from: number, to: number) =>
    onChange({ from: instantText(Math.round(from)), to: instantText(Math.round(to)) })
  const widen = () => move(range.from - span / 2, range.to + span / 2)
  const preset = presets.find(({ from, to }) => from === choice.from && to === choice.to)
  useShortcut('t', 'Choose the time range', () => setOpened(true))
  useShortcut('-', 'Twice the time range', widen)
  useShortcut('r', 'Ask again', onRefresh)

  function choose(next: RangeChoice) {
    setOpened(false)
    onChange(next)
  }

  return (
    <fieldset className={css.picker} aria-label="Time range">
      <Popover opened={opened} onChange={setOpened} position="bottom-end" trapFocus returnFocus>
        <Popover.Target>
          <UnstyledButton className={css.range} onClick={() => setOpened(!opened)} aria-haspopup="dialog">
            <Icon name="clock" size={15} />
            {preset && <span className={css.preset}>{preset.name}</span>}
            <span className={css.dates}>{formatRange(range.from, range.to, zone)}</span>
            <span className={css.zone} title={`Times are those of ${zone}`}>
              {zone !== 'UTC' && <span className={css.zoneName}>{zone}, </span>}
              {offsetLabel(zone, range.to)}
            </span>
          </UnstyledButton>
        </Popover.Target>
        <Popover.Dropdown className={css.dropdown} aria-label="Choose the time range">
          <div className={css.presets}>
            {presets.map(({ name, from, to }) => (
              <UnstyledButton
                key={name}
                className={css.choice}
                aria-pressed={name === preset?.name}
                onClick={() => choose({ from, to })}
              >
                {name}
              </UnstyledButton>
            ))}
          </div>
          <RangeForm range={range} zone={zone} onChoose={choose} />
        </Popover.Dropdown>
      </Popover>
      <span className={css.steps}>
        <Step icon="chevron-left" label="Earlier" onClick={() => move(range.from - span, range.from)} />
        <Step icon="chevron-right" label="Later" onClick={() => move(range.to, range.to + span)} />
        <Step icon="zoom-out" label="Twice the time range" onClick={widen} />
        <Step icon="refresh" label="Ask again" onClick={onRefresh} />
      </span>
    </fieldset>
  )
}

function Step({ icon, label, onClick }: { icon: IconName; label: string; onClick: () => void }): ReactNode {
  return (
    <ActionIcon variant="subtle" color="gray" aria-label={label} title={label} onClick={onClick}>
      <Icon name={icon} size={16} />
    </ActionIcon>
  )
}
