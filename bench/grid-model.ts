// What the reference grid holds: its components, its signals, and each reading as a pure function of its place.
// Knows nothing of files, and nothing of the server, so that its figures can be used to check the server.

/** What to generate. `components` × 3 signals × `readings` good rows; shares are of those and come on top. */
export interface Grid {
  components: number
  /** Per signal, five minutes apart. */
  readings: number
  /** Steps after 2026-01-01T00:00:00Z at which the readings start: 10 000 is the first after grid-3M. */
  first_step: number
  order: 'signal' | 'time'
  /** Share of rows added that must be refused. */
  bad: number
  /** Share of rows added that repeat a signal and time. They never change which value is the last. */
  duplicates: number
}

/** grid-30M has ten times the components and as many readings of each, so both cover the same 34.7 days. */
export const GRID_3M: Grid = {
  components: 100,
  readings: 10_000,
  first_step: 0,
  order: 'signal',
  bad: 0,
  duplicates: 0,
}
export const GRID_30M: Grid = { ...GRID_3M, components: 1000 }

export interface GridAsset {
  id: string
  type: 'substation' | 'transformer' | 'line' | 'switch'
  name: string
  parent_id: string | null
  attributes: Record<string, number | string>
}

export interface GridSignal {
  id: string
  asset_id: string
  name: string
  quantity: 'current' | 'power' | 'voltage'
  unit: 'A' | 'MW' | 'kV'
}

/** Exact figures of one signal, in thousandths of its unit: whole numbers, so that sums do not depend on order. */
export interface SignalFigures {
  signal_id: string
  count: number
  sum: number
  min: number
  max: number
}

const STEP_MS = 300_000
const STEPS_A_DAY = 288
const FIRST_MS = Date.UTC(2026, 0, 1)
const COMPONENTS_A_SUBSTATION = 10
const LEVELS_KV = [220, 110, 20]

/** Signals of a component in the order of their ids, so that rows by signal are in the order of the text too. */
const QUANTITIES = [
  { suffix: 'I', quantity: 'current', unit: 'A' },
  { suffix: 'P', quantity: 'power', unit: 'MW' },
  { suffix: 'U', quantity: 'voltage', unit: 'kV' },
] as const

/** Thousandths that the day adds at each of its steps, for an amplitude of 1000. */
const DAILY = Int32Array.from({ length: STEPS_A_DAY }, (_, step) =>
  Math.round(1000 * Math.sin((2 * Math.PI * (step - 84)) / STEPS_A_DAY)),
)

/** Substations first, then ten components under each: four transformers, four lines, two switches. */
export function gridAssets(grid: Grid): GridAsset[] {
  const substations = Array.from(
    { length: Math.ceil(grid.components / COMPONENTS_A_SUBSTATION) },
    (_, index): GridAsset => ({
      id: substationId(index),
      type: 'substation',
      name: `Substation ${index + 1}`,
      parent_id: null,
      attributes: {},
    }),
  )
  return [...substations, ...Array.from({ length: grid.components }, (_, index) => componentAt(index))]
}

/** Three a component: current, power and voltage, ordered by id. */
export function gridSignals(grid: Grid): GridSignal[] {
  return Array.from({ length: grid.components * QUANTITIES.length }, (_, index) => {
    const { quantity, unit } = QUANTITIES[index % 3] as (typeof QUANTITIES)[number] // index % 3 is 0, 1 or 2
    const component = componentAt(Math.floor(index / 3))
    return {
      id: signalId(index),
      asset_id: component.id,
      name: `${component.name} ${quantity}`,
      quantity,
      unit,
    }
  })
}

/** A reading in thousandths, from nothing but the position of its signal and its step after 2026-01-01. */
export function readingAt(signal: number, step: number): number {
  const component = Math.floor(signal / 3)
  const noise = mix(Math.imul(signal + 1, 0x9e3779b1) ^ step)
  const day = DAILY[step % STEPS_A_DAY] ?? 0
  const level = levelOf(component)
  if (signal % 3 === 0) return 300_000 + (component % 50) * 4000 + day * 90 + (noise % 20_000)
  if (signal % 3 === 1) return 40_000 + (component % 50) * 600 + day * 14 + (noise % 3000)
  return level * 1000 - day * 2 + (noise % (level * 16)) - level * 8
}

/** Count, sum, least and greatest of each signal, over the rows that a store must hold at the end. */
export function gridFigures(grid: Grid): SignalFigures[] {
  return gridSignals(grid).map(({ id }, signal) => {
    let sum = 0
    let min = Number.POSITIVE_INFINITY
    let max = Number.NEGATIVE_INFINITY
    for (let step = grid.first_step; step < grid.first_step + grid.readings; step++) {
      const value = readingAt(signal, step)
      sum += value
      min = Math.min(min, value)
      max = Math.max(max, value)
    }
    return { signal_id: id, count: grid.readings, sum, min, max }
  })
}

/** Wellons' `lowbias32`: an integer hash, so that a value needs no value before it. Answers 0 to 2^31 - 1. */
function mix(seed: number): number {
  let x = seed
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad)
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97)
  return (x ^ (x >>> 15)) >>> 1
}

function componentAt(index: number): GridAsset {
  const place = index % COMPONENTS_A_SUBSTATION
  const parent = substationId(Math.floor(index / COMPONENTS_A_SUBSTATION))
  const voltage_kv = levelOf(index)
  const base = { id: componentId(index), parent_id: parent }
  if (place < 4) {
    const attributes = { capacity_mva: 25 + (index % 7) * 5, voltage_kv }
    return { ...base, type: 'transformer', name: `Transformer ${index + 1}`, attributes }
  }
  if (place < 8) {
    const attributes = { length_km: 2.5 + (index % 13), voltage_kv }
    return { ...base, type: 'line', name: `Line ${index + 1}`, attributes }
  }
  const status = place === 8 ? 'closed' : 'open'
  return { ...base, type: 'switch', name: `Switch ${index + 1}`, attributes: { status } }
}

function levelOf(component: number): number {
  return LEVELS_KV[component % LEVELS_KV.length] ?? 110
}

function substationId(index: number): string {
  return `substation-${String(index + 1).padStart(3, '0')}`
}

function componentId(index: number): string {
  return `C${String(index + 1).padStart(4, '0')}`
}

function signalId(index: number): string {
  return `${componentId(Math.floor(index / 3))}-${QUANTITIES[index % 3]?.suffix}`
}

/** The instant of a step as the file has it. */
export function timeAt(step: number): string {
  return new Date(FIRST_MS + step * STEP_MS).toISOString().replace('.000Z', 'Z')
}
