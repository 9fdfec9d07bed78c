// The surface over a plot that follows the pointer: moving sets the cursor, dragging chooses a range.

import { type PointerEvent, useState } from 'react'
import type { Range } from '../ui/range.ts'
import type { Cursor } from './cursor.ts'
import css from './LineChart.module.css'
import { instantAt, type Plot, xOf } from './line-plot.ts'

interface RangeBrushProps {
  id: string
  plot: Plot
  cursor: Cursor
  onZoom: (range: Range) => void
}

/** A shorter drag is taken for a click. */
const LEAST_DRAG_PX = 6

export function RangeBrush({ id, plot, cursor, onZoom }: RangeBrushProps) {
  const [drag, setDrag] = useState<{ start: number; end: number } | null>(null)
  const at = (event: PointerEvent<HTMLElement>) =>
    instantAt(plot, event.clientX - event.currentTarget.getBoundingClientRect().left)

  function onPointerDown(event: PointerEvent<HTMLElement>) {
    // A finger scrolls the page and sets the cursor; only a mouse or a pen drags a range.
    if (event.button !== 0 || event.pointerType === 'touch') return
    event.currentTarget.setPointerCapture(event.pointerId)
    setDrag({ start: at(event), end: at(event) })
  }

  function onPointerMove(event: PointerEvent<HTMLElement>) {
    const instant = at(event)
    cursor.set({ instant, source: id })
    if (drag) setDrag({ ...drag, end: instant })
  }

  function onPointerUp() {
    setDrag(null)
    if (!drag || Math.abs(xOf(plot, drag.end) - xOf(plot, drag.start)) < LEAST_DRAG_PX) return
    onZoom({ from: Math.min(drag.start, drag.end), to: Math.max(drag.start, drag.end) })
  }

  const [left, right] = drag ? [xOf(plot, drag.start), xOf(plot, drag.end)].sort((a, b) => a - b) : [0, 0]
  return (
    <div
      className={css.brush}
      data-brush
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={onPointerUp}
      onPointerCancel={() => setDrag(null)}
      onPointerLeave={() => {
        if (!drag) cursor.set(null)
      }}
    >
      {drag && left !== undefined && right !== undefined && (
        <div
          className={css.selection}
          style={{ left, width: right - left, top: plot.top, bottom: plot.bottom }}
        />
      )}
    </div>
  )
}
