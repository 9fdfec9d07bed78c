// Boards of metrics-board programs, read as they are found: ids spelled in two ways, items twice, places of nothing.
// Whatever is mended or left out has a note. Pure; knows no store.

import { parse } from 'csv-parse/sync'
import type { Dashboard, ForeignBoard, Panel, Place } from '../../../contract/dashboards.ts'
import { ID_PATTERN, LABEL_PATTERN, NAME_LENGTH } from '../../../contract/names.ts'
import { AppError } from '../../errors.ts'

export interface ForeignQuery {
  id: string
  sql: string
  /** What its first comment says, or its id. */
  title: string
}

type Layouts = Dashboard['layouts']

const BREAKPOINTS = ['lg', 'md', 'sm'] as const
const COLUMNS = 12
const MOST_ROW = 1000
const ID = new RegExp(ID_PATTERN)
const LABEL = new RegExp(LABEL_PATTERN)
const MOST_QUERIES = 200
const KNOWN_OF_ITEM = ['id', 'queryId', 'query_id']
const KNOWN_OF_PLACE = ['i', 'x', 'y', 'w', 'h', 'static']
/** Where an item stands that no place was given for. */
const OWN_SIZE = { w: 6, h: 6 }

/** The queries of a CSV text with the columns `id` and `query`. AppError `invalid` when it is none. */
export function readQueries(text: string, notes: string[]): ForeignQuery[] {
  const [head = [], ...rows] = readCsv(text)
  const idAt = head.indexOf('id')
  const queryAt = head.indexOf('query')
  if (idAt < 0 || queryAt < 0) throw refusal('must be CSV whose first line names the columns id and query')
  if (rows.length > MOST_QUERIES) throw refusal(`must have at most ${MOST_QUERIES} queries`)
  const queries = new Map<string, ForeignQuery>()
  for (const [index, row] of rows.entries()) {
    const id = row[idAt]?.trim() ?? ''
    const sql = row[queryAt] ?? ''
    const known = queries.get(id)
    if (!isId(id) || sql.trim() === '')
      notes.push(`Query ${index + 1} has no id or no SQL, and was left out.`)
    else if (known === undefined) queries.set(id, { id, sql, title: titleOf(sql) ?? id })
    else
      notes.push(
        `Query ${id} is there ${known.sql === sql ? 'twice' : 'twice with different SQL; the first counts'}.`,
      )
  }
  return [...queries.values()]
}

function readCsv(text: string): string[][] {
  try {
    return parse(text, { bom: true, relax_column_count: true, skip_empty_lines: true })
  } catch (cause) {
    throw refusal(`must be CSV: ${cause instanceof Error ? cause.message : 'it cannot be read'}`)
  }
}

/** The text of a comment at the beginning. */
function titleOf(sql: string): string | undefined {
  const words = /^\s*--([^\r\n]+)/.exec(sql)?.[1]?.trim().slice(0, NAME_LENGTH) ?? ''
  return LABEL.test(words) ? words : undefined
}

/** Panels and places of a board. `titles` are those of the metrics that its queries became, by id. */
export function readBoard(
  { items, layouts }: ForeignBoard,
  titles: ReadonlyMap<string, string>,
  notes: string[],
): { panels: Panel[]; layouts: Layouts } {
  const panels = readItems(items, titles, notes)
  const known = new Set(panels.map(({ i }) => i))
  const strange = Object.keys(layouts).filter((name) => !isBreakpoint(name))
  for (const name of strange)
    notes.push(`The layout ${name} was left out; layouts are ${BREAKPOINTS.join(', ')}.`)
  const read = BREAKPOINTS.flatMap((name): [string, Place[]][] => {
    const places = layouts[name]
    if (places === undefined && name !== 'lg') return []
    return [[name, complete(readPlaces(name, places ?? [], known, notes), panels, { name, notes })]]
  })
  return { panels, layouts: Object.fromEntries(read) as Layouts } // `lg` is always there
}

const isId = (text: string) => text.length <= NAME_LENGTH && ID.test(text)
const isBreakpoint = (name: string) => BREAKPOINTS.some((known) => known === name)

function readItems(
  items: ForeignBoard['items'],
  titles: ReadonlyMap<string, string>,
  notes: string[],
): Panel[] {
  const panels: Extract<Panel, { type: 'table' }>[] = []
  noteStrange(items, KNOWN_OF_ITEM, 'Items', notes)
  for (const [index, item] of items.entries()) {
    const { id, queryId, query_id: otherSpelling } = item
    const metric = queryId ?? otherSpelling
    if (typeof id !== 'string' || !isId(id) || typeof metric !== 'string') {
      notes.push(`Item ${index + 1} has no id or no queryId, and was left out.`)
      continue
    }
    if (queryId === undefined) notes.push(`Item ${id} spells queryId as query_id; it was read as queryId.`)
    const title = titles.get(metric)
    if (title === undefined) {
      notes.push(`Item ${id} shows the query ${metric}, which is not among the metrics, and was left out.`)
      continue
    }
    const same = panels.find((panel) => panel.i === id)
    if (same?.metric_id === metric) {
      notes.push(`Item ${id} is there twice with the same query; it was taken once.`)
      continue
    }
    const own = same === undefined ? id : freeId(id, panels)
    if (same)
      notes.push(`Item ${id} is there twice with different queries; the one with ${metric} became ${own}.`)
    panels.push({ i: own, title, type: 'table', metric_id: metric })
  }
  return panels
}

function freeId(id: string, panels: readonly Panel[]): string {
  for (let number = 2; ; number++) {
    const own = `${id.slice(0, 190)}-${number}`
    if (!panels.some(({ i }) => i === own)) return own
  }
}

function readPlaces(
  name: string,
  places: ForeignBoard['items'],
  known: ReadonlySet<string>,
  notes: string[],
): Place[] {
  const read: Place[] = []
  noteStrange(places, KNOWN_OF_PLACE, `Places of ${name}`, notes)
  const nulls = places.filter((place) => place.static === null).length
  if (nulls > 0) notes.push(`In ${name}, static is null in ${nulls} places; it was read as false.`)
  for (const [index, place] of places.entries()) {
    const { i } = place
    if (typeof i !== 'string' || !known.has(i)) {
      notes.push(
        `In ${name}, place ${index + 1} is for ${String(i).slice(0, 200)}, which no item is; it was left out.`,
      )
    } else if (read.some((other) => other.i === i)) {
      notes.push(`In ${name}, ${i} has two places; the first counts.`)
    } else {
      read.push(readPlace(i, place, { name, notes }))
    }
  }
  return read
}

function readPlace(
  i: string,
  place: ForeignBoard['items'][number],
  { name, notes }: { name: string; notes: string[] },
): Place {
  const w = within(place.w, 1, COLUMNS, OWN_SIZE.w)
  const read = {
    i,
    x: within(place.x, 0, COLUMNS - w, 0),
    y: within(place.y, 0, MOST_ROW, 0),
    w,
    h: within(place.h, 1, 100, OWN_SIZE.h),
  }
  const changed = (['x', 'y', 'w', 'h'] as const).filter((key) => place[key] !== read[key])
  if (changed.length > 0) {
    const words = changed.map(
      (key) => `${key} ${JSON.stringify(place[key] ?? null).slice(0, 40)} became ${read[key]}`,
    )
    notes.push(`In ${name}, the place of ${i} was mended: ${words.join(', ')}.`)
  }
  return place.static === true ? { ...read, static: true } : read
}

function within(value: unknown, least: number, most: number, otherwise: number): number {
  if (typeof value !== 'number' || Number.isNaN(value)) return Math.min(otherwise, most)
  return Math.min(Math.max(Math.round(value), least), most)
}

/** Panels without a place stand below the others. */
function complete(
  places: Place[],
  panels: readonly Panel[],
  { name, notes }: { name: string; notes: string[] },
): Place[] {
  const placed = [...places]
  for (const { i } of panels) {
    if (placed.some((place) => place.i === i)) continue
    const y = Math.min(Math.max(0, ...placed.map((place) => place.y + place.h)), MOST_ROW)
    placed.push({ i, x: 0, y, ...OWN_SIZE })
    notes.push(`In ${name}, ${i} had no place; it was put below the others.`)
  }
  return placed
}

/** Members that mean nothing here, named once for all. */
function noteStrange(objects: ForeignBoard['items'], known: string[], what: string, notes: string[]): void {
  const names = new Set(
    objects.flatMap((object) => Object.keys(object)).filter((name) => !known.includes(name)),
  )
  if (names.size > 0)
    notes.push(`${what} have ${[...names].join(', ')}, which mean nothing here and were left out.`)
}

function refusal(message: string): AppError {
  return new AppError('invalid', `The queries cannot be read: they ${message}.`, {
    faults: [{ path: '/queries', message }],
  })
}
