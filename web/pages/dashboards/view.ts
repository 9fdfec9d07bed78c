// What all panels of a dashboard share: the range that they show, its zone, the cursor, and the colours of series.

import { createContext, use } from 'react'
import type { RangeText } from '../../api.ts'
import type { Cursor } from '../../charts/cursor.ts'
import type { Range } from '../../ui/range.ts'

export interface DashboardView {
  range: Range
  rangeText: RangeText
  zone: string
  cursor: Cursor
  /** The CSS variable of a series, by the key of its signal or group. */
  colourOf: (key: string) => string
  onZoom: (range: Range) => void
  /** The panel whose table is open. */
  openTable: string | undefined
  onTable: (panelId: string | undefined) => void
}

export const DashboardViewContext = createContext<DashboardView | null>(null)

export function useView(): DashboardView {
  const view = use(DashboardViewContext)
  if (!view) throw new Error('a panel stands outside of a dashboard')
  return view
}
