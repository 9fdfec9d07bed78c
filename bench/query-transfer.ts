// Many questions at once, and many rows in one answer: whether the service stays responsive meanwhile.

import assert from 'node:assert/strict'
import { GRID_3M, gridSignals } from './grid-model.ts'
import { startProbe } from './probe.ts'
import type { Stage } from './query-stage.ts'
import type { Service } from './service.ts'
import { alone, type Line, measure, type Sample, sampleOf, timed } from './table.ts'
import type { Workspace } from './workspace.ts'

const SIGNALS = gridSignals(GRID_3M).map(({ id }) => id)
const END = '2026-02-05T00:00:00Z'
const START_MS = Date.UTC(2026, 0, 1)
const startOf = (turn: number) => new Date(START_MS - 1000 * (turn + 1)).toISOString()

/** Twenty panels of a dashboard that nobody has opened before, all asked for at once. */
export async function dashboardLines(workspace: Workspace, stage: Stage): Promise<Line[]> {
  const { repeats, size } = workspace.options
  const { service } = await stage.grid(workspace, size)
  workspace.say('a dashboard of 20 panels')
  for (let turn = 0; turn < 3; turn++) await askPanels(service, 1000 + turn)
  const { ours } = await measure(repeats * 2, { ours: (turn) => timed(() => askPanels(service, turn)) })
  return [alone({ work: `dashboard of 20 panels, grid-${size}`, ours, unit: 'ms' }, { atMost: 300 })]
}

/** Eight charts of three signals, four of a day, four statistics, four metrics over everything of one quantity. */
async function askPanels(service: Service, turn: number): Promise<void> {
  const from = startOf(turn)
  const ids = (panel: number) =>
    [0, 1, 2].map((next) => SIGNALS[(turn * 41 + panel * 9 + next) % 300]).join(',')
  const panels = Array.from({ length: 20 }, (_, panel) => {
    if (panel < 8) return service.ask(`/series?signal_id=${ids(panel)}&from=${from}&to=${END}`)
    if (panel < 12) {
      return service.ask(
        `/series?signal_id=${ids(panel)}&from=2026-01-${panel + 2}T00:00:00Z&to=2026-01-${panel + 3}T00:00:00Z`,
      )
    }
    const [one = ''] = ids(panel).split(',')
    if (panel < 16) return service.ask(`/signals/${one}/stats?from=${from}&to=${END}`)
    return service.ask('/metrics/preview', {
      definition: {
        kind: 'signal',
        quantity: ['power', 'voltage', 'current', 'power'][panel - 16],
        aggregate: panel === 19 ? 'max' : 'mean',
        group_by: ['asset_type'],
      },
      from,
      to: END,
      bucket: '1d',
    })
  })
  await Promise.all(panels)
}

const TRANSFER_ROWS = 100_000
const PROBE_EVERY_MS = 5
const IDLE_MS = 1000

/** A hundred thousand rows in one answer, while another client asks every 5 ms whether the service is there. */
export async function rowLines(workspace: Workspace, stage: Stage): Promise<Line[]> {
  const { size } = workspace.options
  const { service } = await stage.grid(workspace, size)
  const idle = await longestWait(service, () => new Promise((resolve) => setTimeout(resolve, IDLE_MS)))
  const lines = [alone({ work: 'longest wait for /healthz, idle', ours: sampleOf([idle]), unit: 'ms' }, null)]
  for (const format of ['json', 'csv'] as const) {
    workspace.say(`100 000 rows as ${format}`)
    const { first, total, block } = await transfer(workspace, service, format)
    const work = `100 000 rows as ${format}`
    lines.push(
      alone({ work: `${work}, first byte`, ours: first, unit: 'ms' }, null),
      alone({ work: `${work}, all`, ours: total, unit: 'ms' }, null),
      alone({ work: `${work}, longest wait for /healthz`, ours: block, unit: 'ms' }, { atMost: 20 }),
    )
  }
  return lines
}

async function transfer(
  { options }: Workspace,
  service: Service,
  format: 'json' | 'csv',
): Promise<{ first: Sample; total: Sample; block: Sample }> {
  const first: number[] = []
  const total: number[] = []
  const block: number[] = []
  for (let turn = 0; turn < options.repeats; turn++) {
    const ids = SIGNALS.slice(turn * 10, turn * 10 + 10).join(',')
    const path = `/api/v1/measurements?signal_id=${ids}&limit=${TRANSFER_ROWS}&format=${format}`
    block.push(
      await longestWait(service, async () => {
        const answer = await service.call(path)
        assert.ok(answer.body.length > TRANSFER_ROWS * 30)
        first.push(answer.first_byte_ms)
        total.push(answer.total_ms)
      }),
    )
  }
  return { first: sampleOf(first), total: sampleOf(total), block: sampleOf(block) }
}

/** The longest that anyone had to wait for `/healthz` while the work went on. */
async function longestWait({ origin, headers }: Service, work: () => Promise<void>): Promise<number> {
  const probe = await startProbe({ origin, headers, paths: ['/healthz'], everyMs: PROBE_EVERY_MS })
  await work()
  return Math.max(...(await probe.stop()))
}
