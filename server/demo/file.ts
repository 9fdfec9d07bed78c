// The demo grid's readings as the file that a user would bring: CSV in order of time, with some rows in it that
// cannot be right. Knows nothing of services or stores.

import { Readable } from 'node:stream'
import { DEMO_PERIOD } from './grid.ts'
import { demoSteps } from './readings.ts'

export const DEMO_FILE = 'demo-grid.csv'

export type PlantedKind =
  | 'unknown_signal'
  | 'not_a_number'
  | 'empty_value'
  | 'impossible_date'
  | 'missing_time'

/** How many rows of each kind stand in the file to be refused. */
export const PLANTED: Record<PlantedKind, number> = {
  unknown_signal: 14,
  not_a_number: 12,
  empty_value: 10,
  impossible_date: 8,
  missing_time: 4,
}

const HEADER = 'signal_id,measured_at,value\n'
/** Steps a chunk: about 130 kB of text. */
const STEPS_A_CHUNK = 48

/** The file as a stream of bytes: about 1.4 million rows, 63 MB. */
export function demoFile(): Readable {
  return Readable.from(demoChunks(), { objectMode: false })
}

/** The same text in pieces, each ending with a line. */
export function* demoChunks(): Generator<Buffer> {
  const planted = plantedRows()
  let text = HEADER
  let step = 0
  for (const { at, readings } of demoSteps()) {
    const time = timeText(at)
    for (const { signal_id, value } of readings) text += `${signal_id},${time},${value}\n`
    text += planted.get(step)?.(time) ?? ''
    step++
    if (step % STEPS_A_CHUNK === 0) {
      yield Buffer.from(text, 'latin1')
      text = ''
    }
  }
  if (text !== '') yield Buffer.from(text, 'latin1')
}

/** Which row to add after a step, given the step's time; spread evenly over the period, kinds taking turns. */
function plantedRows(): Map<number, (time: string) => string> {
  const left = { ...PLANTED }
  const kinds = Object.keys(PLANTED) as PlantedKind[] // the keys of a record of kinds
  const order: PlantedKind[] = []
  while (kinds.some((kind) => left[kind] > 0)) {
    for (const kind of kinds) {
      if (left[kind]-- > 0) order.push(kind)
    }
  }
  const steps = (DEMO_PERIOD.to - DEMO_PERIOD.from) / DEMO_PERIOD.step
  return new Map(
    order.map((kind, turn) => [
      Math.floor(((turn + 0.5) * steps) / order.length),
      (time: string): string => plantedRow(kind, time, turn),
    ]),
  )
}

function plantedRow(kind: PlantedKind, time: string, turn: number): string {
  if (kind === 'unknown_signal') return `talbrugg-l2-power,${time},${turn}\n`
  if (kind === 'not_a_number') return `rothalde-l1-current,${time},${turn % 2 === 0 ? '#REF!' : 'n/a'}\n`
  if (kind === 'empty_value') return `seematt-t1-voltage,${time},\n`
  if (kind === 'impossible_date') return `lindenmoos-l1-power,2026-09-31T${time.slice(11)},7.4\n`
  return 'auenfeld-t1-power,,21.5\n'
}

function timeText(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`
}
