// The range of a dashboard and the presets to choose from. Pure.

import type { Dashboard } from '../../../contract/dashboards.ts'
import type { Signal } from '../../../contract/signals.ts'
import type { RangePreset } from '../../ui/RangePicker.tsx'
import { instantText, type Range } from '../../ui/range.ts'
import { DAY_MS, HOUR_MS } from '../../ui/zone.ts'

const PERIODS = [
  { name: 'Last 24 hours', text: '24h', ms: DAY_MS },
  { name: 'Last 7 days', text: '7d', ms: 7 * DAY_MS },
  { name: 'Last 30 days', text: '30d', ms: 30 * DAY_MS },
]
/** Data that ended longer ago is looked at from its own end, not from now. */
const ENDED_MS = 6 * HOUR_MS

/** From the first value of these signals to just after the last; null without values. */
export function extentOf(signals: readonly Signal[]): Range | null {
  const firsts = signals.flatMap(({ first_at }) => (first_at ? [Date.parse(first_at)] : []))
  const lasts = signals.flatMap(({ last_at }) => (last_at ? [Date.parse(last_at)] : []))
  return firsts.length === 0 ? null : { from: Math.min(...firsts), to: Math.max(...lasts) + 1 }
}

export function presetsFor(extent: Range | null, now: number): RangePreset[] {
  const ended = extent !== null && extent.to < now - ENDED_MS
  const periods = PERIODS.map(({ name, text, ms }) =>
    ended
      ? { name: `${name} of data`, from: instantText(extent.to - ms), to: instantText(extent.to) }
      : { name, from: `now-${text}`, to: 'now' },
  )
  const whole = extent
    ? [{ name: 'Whole data', from: instantText(extent.from), to: instantText(extent.to) }]
    : []
  return [{ name: 'As designed', from: undefined, to: undefined }, ...periods, ...whole]
}

/** Which signals the panels name. */
export function signalIdsOf({ panels }: Dashboard): string[] {
  return [...new Set(panels.flatMap((panel) => (panel.type === 'line' ? (panel.signal_ids ?? []) : [])))]
}
