// Readings that came in by time, as devices send them, against the same readings from a file that was loaded sorted:
// one signal over its whole range, after the background job has put what came in order.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { AppendResult } from '../contract/measurements.ts'
import { GRID_3M, type Grid, gridSignals, readingAt, timeAt } from './grid-model.ts'
import type { Stage } from './query-stage.ts'
import { loadCatalogue, type Service, startService } from './service.ts'
import { atMostTimes, type Line, measure, timed } from './table.ts'
import type { Workspace } from './workspace.ts'

const ROWS_A_REQUEST = 9_000
const SETTLE_MS = 50
const SETTLED_AFTER_MS = 180_000

export async function orderLines(workspace: Workspace, stage: Stage): Promise<Line[]> {
  const { repeats } = workspace.options
  const { service: sorted } = await stage.grid(workspace, '3M')
  const service = await startService(join(workspace.folder, 'by-time'))
  workspace.defer(() => service.stop())
  await loadCatalogue(service, workspace, GRID_3M)
  workspace.say('sending grid-3M by time, as devices do')
  await sendByTime(service, GRID_3M)
  await settled(service)
  workspace.say('one signal, whole range, of what came by time and of what was loaded sorted, in turns')
  const ids = gridSignals(GRID_3M).map(({ id }) => id)
  const ask = (where: Service, turn: number) =>
    timed(() => where.ask(`/series?signal_id=${ids[(turn * 7) % ids.length]}&points=${800 + turn}`))
  const samples = await measure(repeats * 5, {
    byTime: (turn) => ask(service, turn),
    loaded: (turn) => ask(sorted, turn),
  })
  const work = 'one signal, whole range, of readings that came by time'
  return [
    atMostTimes(
      { work, ours: samples.byTime, baseline: samples.loaded, unit: 'ms', against: 'loaded sorted' },
      2,
    ),
  ]
}

async function sendByTime(service: Service, grid: Grid): Promise<void> {
  const signals = gridSignals(grid)
  let rows: { signal_id: string; measured_at: string; value: number }[] = []
  for (let step = 0; step < grid.readings; step++) {
    for (const [index, { id }] of signals.entries()) {
      rows.push({ signal_id: id, measured_at: timeAt(step), value: readingAt(index, step) / 1000 })
    }
    if (rows.length < ROWS_A_REQUEST && step < grid.readings - 1) continue
    const { accepted } = await service.ask<AppendResult>('/measurements', rows)
    assert.equal(accepted, rows.length)
    rows = []
  }
}

/** Waits until no job is queued or running. */
async function settled(service: Service): Promise<void> {
  const deadline = performance.now() + SETTLED_AFTER_MS
  while (performance.now() < deadline) {
    const { items } = await service.ask<{ items: { status: string }[] }>('/jobs?limit=100')
    if (items.every(({ status }) => status !== 'queued' && status !== 'running')) return
    await delay(SETTLE_MS)
  }
  throw new Error('the background jobs did not end in time')
}
