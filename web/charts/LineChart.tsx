// Lines over time with a shared cursor and a range chosen by dragging. Knows times, values and units; no domain.

import { useComputedColorScheme } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import { useEffect, useMemo, useRef, useState } from 'react'
import type { Range } from '../ui/range.ts'
import { CursorOverlay } from './CursorOverlay.tsx'
import type { Canvas } from './canvas.ts'
import type { Cursor } from './cursor.ts'
import css from './LineChart.module.css'
import { type Line, layOut, lineOption, type Paint } from './line-plot.ts'
import { RangeBrush } from './RangeBrush.tsx'

interface LineChartProps {
  /** Tells the chart from the others under one cursor. */
  id: string
  /** What a screen reader says of it. */
  label: string
  lines: readonly Line[]
  thresholds?: readonly number[]
  range: Range
  zone: string
  cursor: Cursor
  onZoom: (range: Range) => void
}

const NONE: readonly number[] = []

export function LineChart({
  id,
  label,
  lines,
  thresholds = NONE,
  range,
  zone,
  cursor,
  onZoom,
}: LineChartProps) {
  const { ref: sizeRef, width, height } = useElementSize<HTMLDivElement>()
  const [canvas, hostRef] = useCanvas()
  const scheme = useComputedColorScheme()
  const plot = useMemo(
    () => (width > 0 && height > 0 ? layOut(lines, thresholds, { width, height, range }) : null),
    [lines, thresholds, width, height, range],
  )

  useEffect(() => {
    if (!canvas || !plot) return
    canvas.resize({ width: plot.width, height: plot.height })
    canvas.setOption(lineOption(plot, lines, thresholds, readPaint(scheme), zone), { notMerge: true })
  }, [canvas, plot, lines, thresholds, zone, scheme])

  return (
    <div className={css.chart} ref={sizeRef} data-drawn={canvas && plot ? '' : undefined}>
      <div className={css.canvas} ref={hostRef} role="img" aria-label={label} />
      {plot && (
        <>
          {plot.axes.map((axis, index) => (
            <span key={axis.scale.unit} className={css.unit} data-side={index === 0 ? 'left' : 'right'}>
              {axis.scale.unit}
            </span>
          ))}
          <RangeBrush id={id} plot={plot} cursor={cursor} onZoom={onZoom} />
          <CursorOverlay id={id} plot={plot} lines={lines} cursor={cursor} zone={zone} />
        </>
      )}
    </div>
  )
}

/** The canvas once the drawing library has come; disposed of with the element. */
function useCanvas(): [Canvas | null, React.RefObject<HTMLDivElement | null>] {
  const host = useRef<HTMLDivElement>(null)
  const [canvas, setCanvas] = useState<Canvas | null>(null)
  useEffect(() => {
    let opened: Canvas | null = null
    let gone = false
    void import('./canvas.ts').then(({ openCanvas }) => {
      if (gone || !host.current) return
      opened = openCanvas(host.current)
      setCanvas(opened)
    })
    return () => {
      gone = true
      opened?.dispose()
      setCanvas(null)
    }
  }, [])
  return [canvas, host]
}

/** A canvas does not see CSS variables: their values are read when the scheme changes. */
function readPaint(_scheme: string): Paint {
  const style = getComputedStyle(document.documentElement)
  const colourOf = (variable: string) => style.getPropertyValue(variable).trim()
  return {
    font: colourOf('--font'),
    ink: colourOf('--ink-2'),
    edge: colourOf('--edge-strong'),
    grid: colourOf('--grid'),
    surface: colourOf('--surface'),
    threshold: colourOf('--bad'),
    colourOf,
  }
}
