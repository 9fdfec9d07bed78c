// The panels on their grid. A panel is fetched when it comes near the part of the page that is seen.

import { type CSSProperties, useEffect, useRef, useState } from 'react'
import type { Dashboard, Panel, Place } from '../../../contract/dashboards.ts'
import { Skeleton } from '../../ui/State.tsx'
import { BarPanel } from './BarPanel.tsx'
import { LinePanel } from './LinePanel.tsx'
import { type Placed, placePanels } from './layout.ts'
import css from './PanelGrid.module.css'
import { RejectsPanel } from './RejectsPanel.tsx'
import { StatPanel } from './StatPanel.tsx'
import { TablePanel } from './TablePanel.tsx'

/** How far below the screen a panel is already fetched. */
const AHEAD = '300px'

export function PanelGrid({ dashboard }: { dashboard: Dashboard }) {
  return (
    <div className={css.grid}>
      {placePanels(dashboard).map((placed) => (
        <Slot key={placed.panel.i} placed={placed} />
      ))}
    </div>
  )
}

function Slot({ placed: { panel, lg, md, sm } }: { placed: Placed }) {
  const element = useRef<HTMLDivElement>(null)
  const [seen, setSeen] = useState(false)
  useEffect(() => {
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) setSeen(true)
      },
      { rootMargin: AHEAD },
    )
    if (element.current) observer.observe(element.current)
    return () => observer.disconnect()
  }, [])
  // Custom properties are not in React's type of styles.
  const style = { ...cells('lg', lg), ...cells('md', md), ...cells('sm', sm) } as CSSProperties
  return (
    <div ref={element} className={css.slot} style={style}>
      {seen ? <PanelOf panel={panel} /> : <Skeleton />}
    </div>
  )
}

function PanelOf({ panel }: { panel: Panel }) {
  switch (panel.type) {
    case 'stat':
      return <StatPanel panel={panel} />
    case 'line':
      return <LinePanel panel={panel} />
    case 'bar':
      return <BarPanel panel={panel} />
    case 'rejects':
      return <RejectsPanel panel={panel} />
    case 'table':
      return <TablePanel panel={panel} />
  }
}

function cells(size: string, { x, y, w, h }: Place): Record<string, string> {
  return { [`--${size}-column`]: `${x + 1} / span ${w}`, [`--${size}-row`]: `${y + 1} / span ${h}` }
}
