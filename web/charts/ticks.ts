// Where the marks of an axis stand: round numbers for values, round wall times of a zone for time.

import { DAY_MS, fromWall, HOUR_MS, MINUTE_MS, toWall } from '../ui/zone.ts'

export interface Tick {
  at: number
  label: string
}

const STEPS_MS = [
  1000,
  5000,
  15_000,
  30_000,
  MINUTE_MS,
  5 * MINUTE_MS,
  15 * MINUTE_MS,
  30 * MINUTE_MS,
  HOUR_MS,
  3 * HOUR_MS,
  6 * HOUR_MS,
  12 * HOUR_MS,
  DAY_MS,
  2 * DAY_MS,
  7 * DAY_MS,
]
const STEPS_MONTHS = [1, 2, 3, 6, 12, 24, 60, 120]
const MONTH_MS = 30.4 * DAY_MS
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** At most about `count` marks in [from, to), each at a round time on the zone's clock. */
export function timeTicks(from: number, to: number, zone: string, count: number): Tick[] {
  const wanted = (to - from) / Math.max(1, count)
  const step = STEPS_MS.find((candidate) => candidate >= wanted)
  return step === undefined ? monthTicks(from, to, zone, wanted) : stepTicks(from, to, zone, step)
}

function stepTicks(from: number, to: number, zone: string, step: number): Tick[] {
  const ticks: Tick[] = []
  // Weeks start on Monday; 1970 started on a Thursday.
  const phase = step === 7 * DAY_MS ? 4 * DAY_MS : 0
  const first = Math.ceil((toWall(zone, from) - phase) / step) * step + phase
  for (let wall = first; ; wall += step) {
    const at = fromWall(zone, wall)
    if (at >= to) return ticks
    const last = ticks.at(-1)
    if (at >= from && (!last || at > last.at)) ticks.push({ at, label: wallLabel(wall, step) })
  }
}

function wallLabel(wall: number, step: number): string {
  const date = new Date(wall)
  if (wall % DAY_MS === 0) return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`
  return date.toISOString().slice(11, step < MINUTE_MS ? 19 : 16)
}

function monthTicks(from: number, to: number, zone: string, wanted: number): Tick[] {
  const step = STEPS_MONTHS.find((months) => months * MONTH_MS >= wanted) ?? 240
  const ticks: Tick[] = []
  const start = new Date(toWall(zone, from))
  let month = Math.floor((start.getUTCFullYear() * 12 + start.getUTCMonth()) / step) * step
  for (; ; month += step) {
    const at = fromWall(zone, Date.UTC(Math.floor(month / 12), month % 12, 1))
    if (at >= to) return ticks
    if (at < from) continue
    ticks.push({ at, label: month % 12 === 0 ? String(month / 12) : (MONTHS[month % 12] ?? '') })
  }
}

export interface ValueAxis {
  min: number
  max: number
  step: number
}

/** Round ends around [least, greatest] with about `count` steps of 1, 2, 2.5 or 5 times a power of ten. */
export function valueAxis(least: number, greatest: number, count: number): ValueAxis {
  const flat = greatest === least
  const pad = flat ? Math.abs(greatest) * 0.1 || 1 : 0
  const low = least - pad < 0 && least >= 0 ? 0 : least - pad
  const high = greatest + pad
  const power = 10 ** Math.floor(Math.log10((high - low) / count))
  const axes = [0.5, 1, 2, 2.5, 5, 10, 20].map((factor) => {
    const step = factor * power
    return { min: Math.floor(low / step) * step, max: Math.ceil(high / step) * step, step }
  })
  const steps = (axis: ValueAxis) => Math.round((axis.max - axis.min) / axis.step)
  const fitting = axes.filter((axis) => steps(axis) >= Math.max(2, count * 0.6) && steps(axis) <= count * 1.5)
  const span = (axis: ValueAxis) => axis.max - axis.min
  const [first = { min: low, max: high, step: high - low }, ...rest] =
    fitting.length > 0 ? fitting : axes.slice(3)
  return rest.reduce((best, axis) => (span(axis) < span(best) ? axis : best), first)
}
