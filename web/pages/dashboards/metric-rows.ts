// Reading a metric's answer: which column is the time, which are groups, which is the value. Pure.

import type { Cell } from '../../../contract/datasets.ts'
import type { MetricData } from '../../../contract/metrics.ts'

export interface MetricGroup {
  /** The values of its group columns, joined; empty for a metric without groups. */
  key: string
  name: string
  /** When each bucket starts, in milliseconds since 1970; empty without buckets. */
  times: number[]
  values: (number | null)[]
}

export interface MetricRows {
  unit: string
  groups: MetricGroup[]
  /** How many buckets the range cuts. */
  partial: number
}

const MEASURES = new Set(['samples', 'partial'])
/** Endings of attribute names that say their unit. */
const UNITS: Record<string, string> = { _kv: 'kV', _mva: 'MVA', _km: 'km' }

/** Rows by group, groups in order of their values. */
export function readRows(data: MetricData): MetricRows {
  const names = data.columns.map((column) => column.name)
  const time = names.indexOf('bucket_start')
  const named = names.indexOf('value')
  const value = named >= 0 ? named : names.findLastIndex((name) => !MEASURES.has(name))
  const partial = names.indexOf('partial')
  const groupColumns = names
    .map((_, i) => i)
    .filter((i) => i !== time && i !== value && !MEASURES.has(names[i] ?? ''))
  const groups = new Map<string, MetricGroup>()
  for (const row of data.rows) {
    const key = groupColumns.map((i) => String(row[i] ?? '')).join('\u001f')
    const group = groups.get(key) ?? {
      key,
      name: groupColumns.map((i) => groupName(names[i] ?? '', row[i])).join(' · '),
      times: [],
      values: [],
    }
    groups.set(key, group)
    const cell = row[value]
    group.values.push(typeof cell === 'number' ? cell : null)
    if (time >= 0) group.times.push(Date.parse(String(row[time])))
  }
  return {
    unit: data.columns[value]?.unit ?? '',
    groups: [...groups.values()].sort(byName),
    partial:
      partial < 0
        ? 0
        : new Set(data.rows.filter((row) => row[partial] === true).map((row) => row[time])).size,
  }
}

function groupName(column: string, value: Cell | undefined): string {
  if (value === null || value === undefined || value === '')
    return `without ${column.replace(/^attribute\./, '')}`
  const ending = Object.keys(UNITS).find((suffix) => column.endsWith(suffix))
  return ending ? `${String(value)} ${UNITS[ending]}` : String(value)
}

function byName(a: MetricGroup, b: MetricGroup): number {
  return a.name.localeCompare(b.name, 'en', { numeric: true })
}
