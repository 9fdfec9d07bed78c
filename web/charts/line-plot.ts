// How lines over time lie in a rectangle: axes, scales, and the drawing instructions. Pure; touches no page.

import { formatNumber, type Scale, scaleFor } from '../ui/format.ts'
import type { Range } from '../ui/range.ts'
import { type Point, usualStep, withGaps } from './gaps.ts'
import { timeTicks, type ValueAxis, valueAxis } from './ticks.ts'

export interface Line {
  key: string
  name: string
  unit: string
  /** A CSS variable, such as `--series-1`. */
  colour: string
  /** Milliseconds since 1970 UTC, in order. */
  times: readonly number[]
  values: readonly (number | null)[]
  /** No pause up to this length is drawn as a gap. */
  leastGapMs: number
}

export interface PlotAxis extends ValueAxis {
  scale: Scale
}

export interface Plot {
  width: number
  height: number
  left: number
  right: number
  top: number
  bottom: number
  range: Range
  axes: PlotAxis[]
  /** The axis of each line, by the line's key. */
  axisOf: Map<string, number>
  /** How far from the cursor a value of each line may be, in milliseconds, to be the one that is pointed at. */
  reachOf: Map<string, number>
}

export interface Paint {
  font: string
  ink: string
  edge: string
  grid: string
  surface: string
  threshold: string
  colourOf: (variable: string) => string
}

interface Frame {
  width: number
  height: number
  range: Range
}

const AXIS_WIDTH = 46
/** How near the cursor must come to a value that stands alone. */
const REACH_PX = 8
const LABEL_WIDTH = 78
const LABEL_HEIGHT = 46

/** Lays out the axes: one for each unit, the second and any further unit on the right. */
export function layOut(
  lines: readonly Line[],
  thresholds: readonly number[],
  { width, height, range }: Frame,
): Plot {
  const units = [...new Set(lines.map((line) => line.unit))]
  const top = 10
  const bottom = 22
  const steps = Math.max(2, Math.floor((height - top - bottom) / LABEL_HEIGHT))
  const axisOf = new Map(lines.map((line) => [line.key, Math.min(1, units.indexOf(line.unit))]))
  const axes = units.slice(0, 2).map((unit, index) => {
    const own = lines.filter((line) => axisOf.get(line.key) === index)
    const [least, greatest] = extent(own, index === 0 ? thresholds : [])
    const scale = scaleFor(unit, Math.max(Math.abs(least), Math.abs(greatest)))
    return { ...valueAxis(least / scale.divisor, greatest / scale.divisor, steps), scale }
  })
  const right = axes.length > 1 ? AXIS_WIDTH : 12
  const pixelMs = (range.to - range.from) / Math.max(1, width - AXIS_WIDTH - right)
  const reachOf = new Map(
    lines.map(({ key, times }) => [key, Math.max(REACH_PX * pixelMs, usualStep(times))]),
  )
  return { width, height, left: AXIS_WIDTH, right, top, bottom, range, axes, axisOf, reachOf }
}

export function xOf(plot: Plot, instant: number): number {
  const { from, to } = plot.range
  return plot.left + ((instant - from) / (to - from)) * (plot.width - plot.left - plot.right)
}

export function instantAt(plot: Plot, x: number): number {
  const part = (x - plot.left) / (plot.width - plot.left - plot.right)
  const { from, to } = plot.range
  return Math.round(from + Math.min(1, Math.max(0, part)) * (to - from))
}

export function yOf(plot: Plot, line: Line, value: number): number {
  const axis = plot.axes[plot.axisOf.get(line.key) ?? 0]
  if (!axis) return 0
  const part = (value / axis.scale.divisor - axis.min) / (axis.max - axis.min)
  return plot.height - plot.bottom - part * (plot.height - plot.top - plot.bottom)
}

/** The instructions for the drawing library. */
export function lineOption(
  plot: Plot,
  lines: readonly Line[],
  thresholds: readonly number[],
  paint: Paint,
  zone: string,
) {
  const { range } = plot
  const ticks = timeTicks(range.from, range.to, zone, (plot.width - plot.left - plot.right) / LABEL_WIDTH)
  const labels = new Map(ticks.map(({ at, label }) => [at, label]))
  const text = { color: paint.ink, fontFamily: paint.font, fontSize: 11 }
  const at = ticks.map((tick) => tick.at)
  return {
    animation: false,
    grid: { left: plot.left, right: plot.right, top: plot.top, bottom: plot.bottom, outerBoundsMode: 'none' },
    xAxis: {
      type: 'value',
      min: range.from,
      max: range.to,
      axisLine: { lineStyle: { color: paint.edge } },
      axisTick: { customValues: at, length: 4, lineStyle: { color: paint.edge } },
      splitLine: { show: false },
      axisLabel: {
        ...text,
        margin: 7,
        hideOverlap: true,
        customValues: at,
        formatter: (value: number) => labels.get(value) ?? '',
      },
    },
    yAxis: plot.axes.map((axis, index) => ({
      type: 'value',
      position: index === 0 ? 'left' : 'right',
      min: axis.min,
      max: axis.max,
      interval: axis.step,
      axisLine: { show: false },
      axisTick: { show: false },
      splitLine: { show: index === 0, lineStyle: { color: paint.grid } },
      axisLabel: { ...text, margin: 8, formatter: axisNumber(axis.step) },
    })),
    series: [
      ...lines.map((line) => lineSeries(plot, line, paint)),
      ...thresholds.map((value) => threshold(plot, value, paint)),
    ],
  }
}

function lineSeries(plot: Plot, line: Line, paint: Paint) {
  const index = plot.axisOf.get(line.key) ?? 0
  const divisor = plot.axes[index]?.scale.divisor ?? 1
  const dotMs = ((plot.range.to - plot.range.from) / plot.width) * 2
  const points: Point[] = withGaps(line.times, line.values, line.leastGapMs, dotMs)
  const scaled =
    divisor === 1 ? points : points.map(([at, value]) => [at, value === null ? null : value / divisor])
  return {
    type: 'line',
    yAxisIndex: index,
    data: scaled,
    showSymbol: false,
    silent: true,
    connectNulls: false,
    lineStyle: { width: 1.4, color: paint.colourOf(line.colour), cap: 'round', join: 'round' },
  }
}

function threshold(plot: Plot, value: number, paint: Paint) {
  const scaled = value / (plot.axes[0]?.scale.divisor ?? 1)
  return {
    type: 'line',
    data: [
      [plot.range.from, scaled],
      [plot.range.to, scaled],
    ],
    showSymbol: false,
    silent: true,
    lineStyle: { width: 1, type: [5, 4], color: paint.threshold },
  }
}

/** As many decimals as the step needs, the same on the whole axis. */
function axisNumber(step: number): (value: number) => string {
  const decimals = Math.max(0, Math.min(6, -Math.floor(Math.log10(step) + 1e-9)))
  const exact = step * 10 ** decimals
  const shown = Number.isInteger(Math.round(exact * 1e6) / 1e6) ? decimals : decimals + 1
  return (value) =>
    shown === 0 ? formatNumber(Math.round(value)) : value.toFixed(shown).replace('-', '\u2212')
}

function extent(lines: readonly Line[], further: readonly number[]): [number, number] {
  let least = Number.POSITIVE_INFINITY
  let greatest = Number.NEGATIVE_INFINITY
  for (const values of [...lines.map((line) => line.values), further]) {
    for (const value of values) {
      if (value === null) continue
      if (value < least) least = value
      if (value > greatest) greatest = value
    }
  }
  return least <= greatest ? [least, greatest] : [0, 1]
}
