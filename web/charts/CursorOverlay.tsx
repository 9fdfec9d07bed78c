// The cursor's line, a dot on each series, and beside the pointer what the values are there.

import { useSyncExternalStore } from 'react'
import { formatInstant, formatNumber } from '../ui/format.ts'
import type { Cursor } from './cursor.ts'
import { nearest } from './gaps.ts'
import css from './LineChart.module.css'
import { type Line, type Plot, xOf, yOf } from './line-plot.ts'

interface CursorOverlayProps {
  id: string
  plot: Plot
  lines: readonly Line[]
  cursor: Cursor
  zone: string
}

export function CursorOverlay({ id, plot, lines, cursor, zone }: CursorOverlayProps) {
  const state = useSyncExternalStore(cursor.subscribe, cursor.get)
  const { from, to } = plot.range
  if (!state || state.instant < from || state.instant > to) return null
  const x = xOf(plot, state.instant)
  const found = lines.flatMap((line) => {
    const reading = readingAt(line, state.instant, plot)
    return reading ? [{ line, ...reading }] : []
  })
  const onRight = x < plot.width / 2
  const beside = onRight ? { left: x + 12 } : { right: plot.width - x + 12 }
  return (
    <div className={css.overlay} aria-hidden="true">
      <div className={css.cursor} data-cursor style={{ left: x, top: plot.top, bottom: plot.bottom }} />
      {found.map(({ line, at, value }) => (
        <div
          key={line.key}
          className={css.dot}
          data-dot={line.key}
          style={{ left: xOf(plot, at), top: yOf(plot, line, value), background: `var(${line.colour})` }}
        />
      ))}
      {state.source === id && (
        <div className={css.tooltip} style={{ ...beside, top: plot.top + 4 }}>
          <div className={css.tooltipTime}>{formatInstant(found[0]?.at ?? state.instant, zone)}</div>
          {found.map(({ line, value }) => (
            <TooltipRow key={line.key} line={line} value={value} plot={plot} />
          ))}
          {found.length === 0 && <div className={css.tooltipNone}>No value here</div>}
        </div>
      )}
    </div>
  )
}

function TooltipRow({ line, value, plot }: { line: Line; value: number; plot: Plot }) {
  const scale = plot.axes[plot.axisOf.get(line.key) ?? 0]?.scale
  return (
    <div className={css.tooltipRow}>
      <span className={css.swatch} style={{ background: `var(${line.colour})` }} />
      <span className={css.tooltipName}>{line.name}</span>
      <span className={css.tooltipValue}>
        {formatNumber(value / (scale?.divisor ?? 1))} {scale?.unit}
      </span>
    </div>
  )
}

function readingAt(line: Line, instant: number, plot: Plot): { at: number; value: number } | null {
  const index = nearest(line.times, instant)
  const at = line.times[index]
  const value = line.values[index]
  if (at === undefined || value === undefined || value === null) return null
  return Math.abs(at - instant) <= (plot.reachOf.get(line.key) ?? 0) ? { at, value } : null
}
