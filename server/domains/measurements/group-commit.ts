// Many small writes as one: what arrives while a commit is under way goes into the next, and each sender hears of its
// own rows after they are durable. Bounded: what would wait too long is refused at once.

import { randomUUID } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import { recordChange } from '../../engine/changes.ts'
import type { ReadingColumns, Warehouse } from '../../engine/db.ts'
import { AppError } from '../../errors.ts'
import { type MergeCounts, mergeLayers } from './merge.ts'

/** Readings of one request, no (signal, instant) twice. */
export interface Portion {
  signal_key: Int32Array
  /** Microseconds since 1970. */
  measured_at: Float64Array
  value: Float64Array
}

interface Waiting {
  portion: Portion
  resolve: (counts: MergeCounts) => void
  reject: (error: unknown) => void
}

/** Readings of one commit at most; one request may be larger than that alone. */
const ROWS_PER_COMMIT = 100_000
/** Readings that may wait for their commit, a few seconds of the fastest intake. */
const ROWS_WAITING = 1_000_000

export function createGroupCommit(warehouse: Warehouse, clock: Clock) {
  const state: { waiting: Waiting[]; rows: number; running: boolean } = {
    waiting: [],
    rows: 0,
    running: false,
  }

  async function run(): Promise<void> {
    state.running = true
    while (state.waiting.length > 0) {
      const group = takeGroup(state.waiting)
      state.rows -= rowsOf(group)
      try {
        const counts = await commit({ warehouse, clock }, group)
        for (const [index, one] of group.entries()) {
          one.resolve(counts.get(index) ?? { layer: index, inserted: 0, updated: 0, unchanged: 0 })
        }
      } catch (error) {
        for (const one of group) one.reject(error)
      }
    }
    state.running = false
  }

  return {
    /** Stores the readings durably; answers what became of them. */
    append(portion: Portion): Promise<MergeCounts> {
      if (state.rows > 0 && state.rows + portion.value.length > ROWS_WAITING) {
        throw new AppError(
          'busy',
          'more readings are waiting to be stored than can be soon; send them again later',
        )
      }
      return new Promise((resolve, reject) => {
        state.waiting.push({ portion, resolve, reject })
        state.rows += portion.value.length
        if (!state.running) void run()
      })
    },
  }
}

const rowsOf = (group: Waiting[]) => group.reduce((sum, one) => sum + one.portion.value.length, 0)

/** Takes requests from the front as long as none has an instant of a signal that an earlier one of the group has. */
function takeGroup(waiting: Waiting[]): Waiting[] {
  const first = waiting.shift()
  if (!first) return []
  const group = [first]
  if (waiting.length === 0) return group
  const taken = new Map<number, Set<number>>()
  claim(taken, first.portion)
  for (let rows = first.portion.value.length; ; ) {
    const next = waiting[0]
    if (!next || rows + next.portion.value.length > ROWS_PER_COMMIT || clashes(taken, next.portion))
      return group
    claim(taken, next.portion)
    rows += next.portion.value.length
    group.push(next)
    waiting.shift()
  }
}

function claim(taken: Map<number, Set<number>>, { signal_key, measured_at }: Portion): void {
  for (let row = 0; row < signal_key.length; row++) {
    const key = signal_key[row] as number // row is within bounds, here and below
    const instants = taken.get(key)
    if (instants) instants.add(measured_at[row] as number)
    else taken.set(key, new Set([measured_at[row] as number]))
  }
}

function clashes(taken: Map<number, Set<number>>, { signal_key, measured_at }: Portion): boolean {
  for (let row = 0; row < signal_key.length; row++) {
    if (taken.get(signal_key[row] as number)?.has(measured_at[row] as number)) return true
  }
  return false
}

async function commit(
  { warehouse, clock }: { warehouse: Warehouse; clock: Clock },
  group: Waiting[],
): Promise<Map<number, MergeCounts>> {
  const readings = stackPortions(group.map((one) => one.portion))
  const batchKey = `append:${randomUUID()}`
  const samples = group.map((one) => one.portion.value.length)
  const allNew = samples.map((inserted, layer) => ({ layer, inserted, updated: 0, unchanged: 0 }))
  const { signal_key, measured_at, value } = readings
  const appended = await warehouse.appendNewer({
    signal_key,
    measured_at,
    value,
    batchKey,
    at: clock.now(),
    result: JSON.stringify(allNew),
  })
  const counts =
    appended === 'stored'
      ? allNew
      : await warehouse.write(
          batchKey,
          async (tx) => {
            await recordChange(tx, null, clock.now())
            return await mergeLayers(tx, { first: 0, last: group.length - 1, samples })
          },
          {
            keep: 'brief',
            fresh: appended === 'not_newer',
            stage: (staging) => staging.stageReadings(readings),
          },
        )
  return new Map(counts.map((count) => [count.layer, count]))
}

/** The portions behind one another, the first in layer 0. */
function stackPortions(portions: Portion[]): ReadingColumns {
  const rows = portions.reduce((sum, portion) => sum + portion.value.length, 0)
  const stacked = {
    signal_key: new Int32Array(rows),
    measured_at: new Float64Array(rows),
    value: new Float64Array(rows),
    layer: new Int32Array(rows),
  }
  let offset = 0
  for (const [layer, portion] of portions.entries()) {
    stacked.signal_key.set(portion.signal_key, offset)
    stacked.measured_at.set(portion.measured_at, offset)
    stacked.value.set(portion.value, offset)
    stacked.layer.fill(layer, offset, offset + portion.value.length)
    offset += portion.value.length
  }
  return stacked
}
