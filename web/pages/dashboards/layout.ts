// Where panels stand at each width, where a dashboard does not say it. Pure.

import type { Dashboard, Panel, Place } from '../../../contract/dashboards.ts'

export interface Placed {
  panel: Panel
  lg: Place
  md: Place
  sm: Place
}

const COLUMNS = 12
const DEFAULT_HEIGHT = 5

/** Panels in reading order with a place at every width; medium is like large, and small is stacked. */
export function placePanels({ panels, layouts }: Dashboard): Placed[] {
  const lg = complete(panels, layouts.lg)
  const md = layouts.md ? complete(panels, layouts.md) : lg
  const ordered = panels
    .map((panel, index) => ({ panel, index, place: lg[index] }))
    .sort((a, b) => (a.place?.y ?? 0) - (b.place?.y ?? 0) || (a.place?.x ?? 0) - (b.place?.x ?? 0))
  const stacked = stack(ordered.map(({ panel, place }) => ({ panel, h: place?.h ?? DEFAULT_HEIGHT })))
  const sm = layouts.sm ? byId(layouts.sm) : stacked
  return ordered.flatMap(({ panel, index, place }) => {
    const small = sm.get(panel.i) ?? stacked.get(panel.i)
    const medium = md[index]
    return place && medium && small ? [{ panel, lg: place, md: medium, sm: small }] : []
  })
}

/** A panel that has no place goes below the others. */
function complete(panels: readonly Panel[], places: readonly Place[]): Place[] {
  const known = byId(places)
  let bottom = Math.max(0, ...places.map(({ y, h }) => y + h))
  return panels.map(({ i }) => {
    const place = known.get(i)
    if (place) return place
    const added = { i, x: 0, y: bottom, w: COLUMNS, h: DEFAULT_HEIGHT }
    bottom += DEFAULT_HEIGHT
    return added
  })
}

/** Numbers in pairs, everything else across. */
function stack(panels: readonly { panel: Panel; h: number }[]): Map<string, Place> {
  const places = new Map<string, Place>()
  let y = 0
  let half: Place | null = null
  for (const { panel, h } of panels) {
    const beside: Place | null =
      panel.type === 'stat' && half ? { i: panel.i, x: 6, y: half.y, w: 6, h: half.h } : null
    const place: Place = beside ?? { i: panel.i, x: 0, y, w: panel.type === 'stat' ? 6 : COLUMNS, h }
    places.set(panel.i, place)
    if (!beside) y += h
    half = panel.type === 'stat' && !beside ? place : null
  }
  return places
}

function byId(places: readonly Place[]): Map<string, Place> {
  return new Map(places.map((place) => [place.i, place]))
}
