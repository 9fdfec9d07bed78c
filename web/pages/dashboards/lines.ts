// From answers to what a line chart draws, and to the table behind it. Pure.

import type { SeriesAnswer } from '../../../contract/measurements.ts'
import type { Line } from '../../charts/line-plot.ts'
import { formatCount, formatInstant } from '../../ui/format.ts'
import type { Range } from '../../ui/range.ts'
import type { MetricRows } from './metric-rows.ts'
import type { PanelTable } from './PanelFrame.tsx'

type ColourOf = (key: string) => string

/** First, last, least and greatest of each slice are kept: no pause within two slices is a gap. */
const POINTS_PER_SLICE = 4
/** What a table shows at once; the CSV has all. */
const TABLE_ROWS = 1000

interface SeriesNames {
  names: Readonly<Record<string, string>>
  points: number
  range: Range
  colourOf: ColourOf
}

/** Signals of equal names are told apart by their ids. */
export function seriesLines(
  { series }: SeriesAnswer,
  { names, points, range, colourOf }: SeriesNames,
): Line[] {
  const sliceMs = (range.to - range.from) / (points / POINTS_PER_SLICE)
  return series.map(({ signal_id, unit, measured_at, value, downsampled }) => {
    const name = names[signal_id]
    const alone = Object.values(names).filter((other) => other === name).length === 1
    return {
      key: signal_id,
      name: name && alone ? name : signal_id,
      unit,
      colour: colourOf(signal_id),
      times: measured_at.map((text) => Date.parse(text)),
      values: value,
      leastGapMs: downsampled ? 2 * sliceMs : 0,
    }
  })
}

export function metricLines(
  metricId: string,
  title: string,
  { groups, unit }: MetricRows,
  colourOf: ColourOf,
): Line[] {
  return groups.map(({ key, name, times, values }) => ({
    key: key || metricId,
    name: name || title,
    unit,
    // A metric of one line has the colour of its numbers elsewhere.
    colour: key ? colourOf(`group ${key}`) : '--accent',
    times,
    values,
    leastGapMs: 0,
  }))
}

/** One row for each time at which any line has a value. */
export function lineTable(lines: readonly Line[], zone: string): PanelTable {
  const byTime = new Map<number, (number | null)[]>()
  lines.forEach((line, index) => {
    line.times.forEach((at, i) => {
      const row = byTime.get(at) ?? lines.map(() => null)
      row[index] = line.values[i] ?? null
      byTime.set(at, row)
    })
  })
  const times = [...byTime.keys()].sort((a, b) => a - b)
  return {
    columns: [
      { key: 'time', name: `Time, ${zone}` },
      ...lines.map((line) => ({
        key: line.key,
        name: withUnit(line.name, line.unit),
        align: 'right' as const,
      })),
    ],
    rows: times.slice(0, TABLE_ROWS).map((at) => ({
      key: String(at),
      cells: [
        formatInstant(at, zone),
        ...(byTime.get(at) ?? []).map((value) => (value === null ? '' : formatCount(value))),
      ],
    })),
    leftOut: Math.max(0, times.length - TABLE_ROWS),
  }
}

export function withUnit(name: string, unit: string): string {
  return unit ? `${name}, ${unit}` : name
}
