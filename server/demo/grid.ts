// The demo grid: which substations, components and signals there are, and what befell them. Places and names are
// made up. Knows nothing of stores, services or files.

import type { NewAsset } from '../../contract/assets.ts'
import type { NewSignal } from '../../contract/signals.ts'

/** Local days of this zone give the grid its rhythm; it leaves summer time within the period. */
export const DEMO_ZONE = 'Europe/Zurich'

/** [from, to) in milliseconds since 1970: 92 local days and the hour that the clock change repeats. */
export const DEMO_PERIOD = {
  from: Date.parse('2026-08-20T00:00:00+02:00'),
  to: Date.parse('2026-11-20T00:00:00+01:00'),
  step: 5 * 60_000,
}

/** Who draws power from a line, which decides its day and week. */
export type Consumer = 'households' | 'commerce' | 'industry' | 'solar'

interface Component {
  id: string
  name: string
  substation: string
}

export interface Line extends Component {
  length_km: number
  voltage_kv: number
  /** A line to consumers, with its usual load; otherwise the line supplies a whole substation. */
  load: { consumer: Consumer; mw: number } | { supplies: string }
}

export interface Transformer extends Component {
  capacity_mva: number
  voltage_kv: number
  /** How much of the substation's load it carries. */
  share: number
}

export interface Switch extends Component {
  status: 'open' | 'closed'
  /** The line whose current flows through it. */
  line: string
}

export const SUBSTATIONS = [
  { id: 'auenfeld', name: 'Auenfeld', latitude: 47.4823, longitude: 8.2071 },
  { id: 'lindenmoos', name: 'Lindenmoos', latitude: 47.3517, longitude: 8.3509 },
  { id: 'rothalde', name: 'Rothalde', latitude: 47.4986, longitude: 8.7292 },
  { id: 'seematt', name: 'Seematt', latitude: 47.2264, longitude: 8.8233 },
  { id: 'talbrugg', name: 'Talbrugg', latitude: 47.3661, longitude: 7.9048 },
]

/** Consumers' lines first: what supplies a substation is computed from them. */
export const LINES: Line[] = [
  line('lindenmoos-l1', 'Lindenmoos village', [6.4, 20], { consumer: 'households', mw: 7.2 }),
  line('lindenmoos-l2', 'Lindenmoos shops', [3.1, 20], { consumer: 'commerce', mw: 5.4 }),
  line('rothalde-l1', 'Rothalde works', [2.2, 20], { consumer: 'industry', mw: 9.6 }),
  line('rothalde-l2', 'Rothalde town', [8.9, 20], { consumer: 'households', mw: 8.3 }),
  line('seematt-l1', 'Seematt farms', [14.6, 20], { consumer: 'solar', mw: 4.1 }),
  line('talbrugg-l1', 'Talbrugg valley', [11.7, 20], { consumer: 'households', mw: 6.5 }),
  line('auenfeld-l1', 'Auenfeld to Lindenmoos', [18.3, 110], { supplies: 'lindenmoos' }),
  line('auenfeld-l2', 'Auenfeld to Rothalde', [41.0, 110], { supplies: 'rothalde' }),
  line('auenfeld-l3', 'Auenfeld to Seematt', [57.5, 110], { supplies: 'seematt' }),
  line('auenfeld-l4', 'Auenfeld to Talbrugg', [26.8, 110], { supplies: 'talbrugg' }),
]

export const TRANSFORMERS: Transformer[] = [
  transformer('lindenmoos-t1', 25, 110, 1),
  transformer('rothalde-t1', 40, 110, 1),
  transformer('seematt-t1', 16, 110, 1),
  transformer('talbrugg-t1', 16, 110, 1),
  transformer('auenfeld-t1', 63, 220, 0.52),
  transformer('auenfeld-t2', 63, 220, 0.48),
]

export const SWITCHES: Switch[] = [
  {
    id: 'lindenmoos-s1',
    name: 'Switch 1',
    substation: 'lindenmoos',
    status: 'closed',
    line: 'lindenmoos-l2',
  },
  { id: 'rothalde-s1', name: 'Switch 1', substation: 'rothalde', status: 'closed', line: 'rothalde-l1' },
  { id: 'talbrugg-s1', name: 'Switch 1', substation: 'talbrugg', status: 'closed', line: 'talbrugg-l1' },
]

/** Lines that carried nothing in [from, to): power and current are zero, the voltage stays. */
export const OUTAGES = [
  { line: 'rothalde-l1', ...between('2026-09-08T11:40:00Z', '2026-09-08T13:25:00Z') },
  { line: 'lindenmoos-l2', ...between('2026-10-27T20:00:00Z', '2026-10-28T03:30:00Z') },
  { line: 'talbrugg-l1', ...between('2026-11-06T16:05:00Z', '2026-11-06T18:50:00Z') },
]

/** Substations that sent nothing in [from, to): their rows are missing. */
export const SILENCES = [
  { substation: 'talbrugg', ...between('2026-09-19T02:10:00Z', '2026-09-19T04:55:00Z') },
  { substation: 'seematt', ...between('2026-10-21T09:15:00Z', '2026-10-21T12:40:00Z') },
]

/** Parents before their children. */
export function demoAssets(): (NewAsset & { id: string })[] {
  return [
    ...SUBSTATIONS.map((substation) => ({ ...substation, type: 'substation' })),
    ...TRANSFORMERS.map(({ capacity_mva, voltage_kv, ...of }) =>
      component('transformer', of, { capacity_mva, voltage_kv }),
    ),
    ...LINES.map(({ length_km, voltage_kv, ...of }) => component('line', of, { length_km, voltage_kv })),
    ...SWITCHES.map(({ status, ...of }) => component('switch', of, { status })),
  ]
}

/** Voltage, current and power of transformers and lines, the current of switches, one frequency. */
export function demoSignals(): (NewSignal & { id: string })[] {
  return [
    ...[...TRANSFORMERS, ...LINES].flatMap((of) => [
      signal(of, 'voltage', 'kV'),
      signal(of, 'current', 'A'),
      signal(of, 'power', 'MW'),
    ]),
    ...SWITCHES.map((of) => signal(of, 'current', 'A')),
    signal({ id: 'auenfeld', name: 'Auenfeld', substation: 'auenfeld' }, 'frequency', 'Hz'),
  ]
}

function component(type: string, of: Component, attributes: Record<string, number | string>) {
  return { id: of.id, type, name: of.name, parent_id: of.substation, attributes }
}

function signal(of: Component, quantity: string, unit: string) {
  const place = SUBSTATIONS.find(({ id }) => id === of.substation)?.name ?? of.substation
  const name = of.name.startsWith(place) ? of.name : `${place} ${of.name}`
  return { id: `${of.id}-${quantity}`, asset_id: of.id, name: `${name} ${quantity}`, quantity, unit }
}

function line(id: string, name: string, [length_km, voltage_kv]: [number, number], load: Line['load']): Line {
  return { id, name, substation: substationOf(id), length_km, voltage_kv, load }
}

function transformer(id: string, capacity_mva: number, voltage_kv: number, share: number): Transformer {
  const name = `Transformer ${id.slice(-1)}`
  return { id, name, substation: substationOf(id), capacity_mva, voltage_kv, share }
}

function substationOf(id: string): string {
  return id.slice(0, id.indexOf('-'))
}

function between(from: string, to: string): { from: number; to: number } {
  return { from: Date.parse(from), to: Date.parse(to) }
}
