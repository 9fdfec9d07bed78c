// The demo on its way in: by the same services as anyone's data. Adds what is missing of it, and nothing where there
// is data of someone else.

import { randomUUID } from 'node:crypto'
import type { Load } from '../../contract/loads.ts'
import type { AssetService } from '../domains/assets/service.ts'
import type { DashboardService } from '../domains/dashboards/service.ts'
import type { LoadService } from '../domains/loads/service.ts'
import type { MetricService } from '../domains/metrics/service.ts'
import type { SignalService } from '../domains/signals/service.ts'
import type { Warehouse } from '../engine/db.ts'
import { AppError } from '../errors.ts'
import { DEMO_BOARD, DEMO_METRICS } from './board.ts'
import { DEMO_FILE, demoFile } from './file.ts'
import { demoAssets, demoSignals } from './grid.ts'

export interface DemoServices {
  warehouse: Warehouse
  assets: Pick<AssetService, 'list' | 'upsertMany'>
  signals: Pick<SignalService, 'upsertMany'>
  loads: Pick<LoadService, 'accept' | 'list'>
  metrics: Pick<MetricService, 'create' | 'list'>
  dashboards: Pick<DashboardService, 'create' | 'list'>
}

export type DemoService = ReturnType<typeof createDemoService>

/** More than the demo has of anything. */
const PAGE = { limit: 1000 }

export function createDemoService(services: DemoServices) {
  return {
    /** As `load`, but undefined, and nothing done, when there is data already. */
    loadWhenEmpty: (accountId: string) => loadDemo(services, accountId),

    /** Starts loading the demo; a conflict when there is data already. `accountId` is whom the load belongs to. */
    async load(accountId: string): Promise<Load> {
      const load = await loadDemo(services, accountId)
      if (!load) throw new AppError('conflict', 'there is data already; the demo is for an empty workspace')
      return load
    },
  }
}

/**
 * Stores the demo's assets, signals, metrics and dashboard, and starts the load of its readings; answers that load.
 * Undefined, and nothing done, when the demo is there already or an asset is stored that is not the demo's. A
 * demo that was cut short is completed.
 */
export async function loadDemo(services: DemoServices, accountId: string): Promise<Load | undefined> {
  if (!(await hasRoom(services))) return undefined
  await storeGrid(services)
  const load = (await findLoad(services)) ?? (await startLoad(services, accountId))
  await defineMetrics(services)
  await services.dashboards.create(DEMO_BOARD)
  return load
}

async function hasRoom({ assets, dashboards }: DemoServices): Promise<boolean> {
  const boards = await dashboards.list(PAGE)
  if (boards.items.some(({ id }) => id === DEMO_BOARD.id)) return false
  const ours = new Set(demoAssets().map(({ id }) => id))
  const stored = await assets.list(PAGE)
  return stored.next === null && stored.items.every(({ id }) => ours.has(id))
}

async function storeGrid({ warehouse, assets, signals }: DemoServices): Promise<void> {
  const refused = await warehouse.write(
    randomUUID(),
    async (tx) => {
      const outcomes = [
        ...(await assets.upsertMany(tx, demoAssets())),
        ...(await signals.upsertMany(tx, demoSignals())),
      ]
      return outcomes.filter(({ outcome }) => outcome === 'refused')
    },
    { keep: 'brief' },
  )
  if (refused.length > 0) throw new Error(`the demo grid was refused: ${JSON.stringify(refused[0])}`)
}

/** The demo's load where an earlier start was cut short after it. */
async function findLoad({ loads }: DemoServices): Promise<Load | undefined> {
  const { items } = await loads.list({ ...PAGE, target: 'measurements' })
  return items.find(
    ({ file_name, status }) => file_name === DEMO_FILE && status !== 'failed' && status !== 'cancelled',
  )
}

async function startLoad({ loads }: DemoServices, accountId: string): Promise<Load> {
  return loads.accept({
    stream: demoFile(),
    target: 'measurements',
    mapping: { format: 'csv' },
    file_name: DEMO_FILE,
    content_type: 'text/csv',
    account_id: accountId,
  })
}

async function defineMetrics({ metrics }: DemoServices): Promise<void> {
  const stored = await metrics.list(PAGE)
  const known = new Set(stored.items.map(({ id }) => id))
  for (const metric of DEMO_METRICS) {
    if (!known.has(metric.id)) await metrics.create(metric)
  }
}
