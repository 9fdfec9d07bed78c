// Readings sent as devices send them: one a request over many connections, and arrays without a pause while someone
// looks at charts.

import assert from 'node:assert/strict'
import autocannon from 'autocannon'
import { commitSingly } from './baseline-duckdb.ts'
import { GRID_3M, gridSignals } from './grid-model.ts'
import { startProbe } from './probe.ts'
import { prepareEmpty, type Service } from './service.ts'
import { alone, atLeastTimes, atMostTimes, type Line, measure, percentile, sampleOf } from './table.ts'
import type { Workspace } from './workspace.ts'

const CONNECTIONS = 64
const SINGLE_MS = 2000
const WARM_UP_MS = 1000

/** Months after the readings of the grid. */
const SINGLE_FROM = Date.UTC(2026, 5, 1)
const ARRAYS_FROM = Date.UTC(2026, 6, 1)

const SIGNAL_IDS = gridSignals(GRID_3M).map(({ id }) => id)

/** One reading a request, each answered when it is on the disk. */
export async function singleRowLines(workspace: Workspace): Promise<Line[]> {
  const { grid, repeats } = workspace.options
  const file = workspace.gridFile('grid', grid)
  const empty = await prepareEmpty(workspace, grid)
  workspace.say('single rows: 64 connections, one connection, and one-row commits of bare DuckDB, in turns')
  const samples = await empty.use(async (service) => {
    await service.load(file, 'measurements')
    const sent = { rows: 0 }
    await sendSingly(service, { connections: CONNECTIONS, durationMs: WARM_UP_MS, sent })
    return await measure(repeats, {
      many: () => sendSingly(service, { connections: CONNECTIONS, durationMs: SINGLE_MS, sent }),
      one: () => sendSingly(service, { connections: 1, durationMs: SINGLE_MS, sent }),
      bare: () => commitSingly(workspace, SINGLE_MS),
    })
  })
  const line = { work: 'single rows, 64 connections', ours: samples.many, unit: 'rows/s' as const }
  return [
    atLeastTimes({ ...line, baseline: samples.one, against: 'one at a time, same service' }, 8),
    atLeastTimes({ ...line, baseline: samples.bare, against: 'DuckDB, a commit a row' }, 8),
  ]
}

interface Sending {
  connections: number
  durationMs: number
  /** Counts on, so that no reading is sent twice. */
  sent: { rows: number }
}

/** Rows a second that were answered. */
async function sendSingly(service: Service, { connections, durationMs, sent }: Sending): Promise<number> {
  const result = await autocannon({
    url: `${service.origin}/api/v1/measurements`,
    method: 'POST',
    connections,
    duration: durationMs / 1000,
    headers: { ...service.headers, 'content-type': 'application/json' },
    requests: [{ setupRequest: (request) => ({ ...request, body: singleRow(sent.rows++) }) }],
  })
  assert.equal(result.non2xx + result.errors, 0)
  return result['2xx'] / result.duration
}

function singleRow(index: number): string {
  const measured_at = new Date(SINGLE_FROM + Math.floor(index / SIGNAL_IDS.length) * 1000).toISOString()
  return JSON.stringify([{ signal_id: SIGNAL_IDS[index % SIGNAL_IDS.length], measured_at, value: index / 8 }])
}

const WRITERS = 4
const ROWS_OF_ARRAY = 1000
const SIGNALS_OF_ARRAY = 250
const READ_EVERY_MS = 50
const IDLE_MS = 5000

/** Arrays of a thousand rows as fast as they are taken, and what someone who looks at charts notices of it. */
export async function arrayLines(workspace: Workspace): Promise<Line[]> {
  const { grid, sustained } = workspace.options
  const durationMs = sustained ? 60_000 : 10_000
  const file = workspace.gridFile('grid', grid)
  const empty = await prepareEmpty(workspace, grid)
  workspace.say(`arrays of 1000 rows for ${durationMs / 1000} s beside a reader`)
  const { rates, idle, busy } = await empty.use(async (service) => {
    await service.load(file, 'measurements')
    const writers = createWriters()
    await sendArrays(service, writers, WARM_UP_MS)
    const atRest = await readSeries(service, () => new Promise((resolve) => setTimeout(resolve, IDLE_MS)))
    const perSecond: number[] = []
    const atWork = await readSeries(service, async () => {
      for (let slice = 0; slice < 5; slice++) {
        perSecond.push(await sendArrays(service, writers, durationMs / 5))
      }
    })
    return { rates: perSecond, idle: atRest, busy: atWork }
  })
  const p95 = (latencies: number[]) => sampleOf([percentile(latencies, 0.95)])
  return [
    alone(
      { work: `arrays of 1000 rows, ${durationMs / 1000} s`, ours: sampleOf(rates), unit: 'rows/s' },
      { atLeast: 200_000 },
    ),
    atMostTimes(
      { work: '/series meanwhile, p95', ours: p95(busy), baseline: p95(idle), unit: 'ms', against: 'idle' },
      2,
    ),
  ]
}

/** Asks for one signal of a day every 50 ms while the work goes on; answers the latencies. */
async function readSeries(service: Service, work: () => Promise<void>): Promise<number[]> {
  const paths = SIGNAL_IDS.slice(0, 50).map(
    (id) => `/api/v1/series?signal_id=${id}&from=2026-01-10T00:00:00Z&to=2026-01-11T00:00:00Z`,
  )
  const { origin, headers } = service
  const probe = await startProbe({ origin, headers, paths, everyMs: READ_EVERY_MS })
  await work()
  return await probe.stop()
}

/** A body per connection, in which only the times change: making JSON anew would slow the sender, not the service. */
function createWriters() {
  const state = { second: 0 }
  return Array.from({ length: WRITERS }, () => {
    const body = Buffer.from(JSON.stringify(arrayRows()))
    const places: number[] = []
    for (let at = body.indexOf(PLACEHOLDER); at >= 0; at = body.indexOf(PLACEHOLDER, at + 1)) places.push(at)
    return (): Buffer => {
      const times = [0, 1, 2, 3].map(() => new Date(ARRAYS_FROM + state.second++ * 1000).toISOString())
      for (const [row, at] of places.entries()) {
        body.write(times[Math.floor(row / SIGNALS_OF_ARRAY)]?.slice(0, 19) ?? '', at, 'latin1')
      }
      return body
    }
  })
}

const PLACEHOLDER = '2026-01-01T00:00:00'

function arrayRows() {
  return Array.from({ length: ROWS_OF_ARRAY }, (_, row) => ({
    signal_id: SIGNAL_IDS[row % SIGNALS_OF_ARRAY],
    measured_at: `${PLACEHOLDER}Z`,
    value: 100 + row / 8,
  }))
}

/** Rows a second that were answered, all connections together. */
async function sendArrays(service: Service, writers: (() => Buffer)[], durationMs: number): Promise<number> {
  const start = performance.now()
  const state = { rows: 0 }
  const headers = { 'content-type': 'application/json' }
  await Promise.all(
    writers.map(async (nextBody) => {
      while (performance.now() - start < durationMs) {
        await service.call('/api/v1/measurements', { method: 'POST', headers, body: nextBody() })
        state.rows += ROWS_OF_ARRAY
      }
    }),
  )
  return (state.rows * 1000) / (performance.now() - start)
}
