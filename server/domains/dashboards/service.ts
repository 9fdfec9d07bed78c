// The rules of dashboards: panels have ids of their own, layouts place panels that exist, the default range is one.

import { randomUUID } from 'node:crypto'
import type { PageOf } from '../../../contract/basics.ts'
import type {
  BoardExport,
  BoardImport,
  BoardImportResult,
  Dashboard,
  DashboardQuery,
  DashboardReplacement,
  NewDashboard,
} from '../../../contract/dashboards.ts'
import { resolveRange } from '../../calendar.ts'
import type { Clock } from '../../clock.ts'
import { isText, pageOf, readCursor } from '../../cursor.ts'
import type { Control } from '../../engine/db.ts'
import { AppError, type Fault } from '../../errors.ts'
import type { MetricService } from '../metrics/service.ts'
import { exportBoard, importBoard } from './board-exchange.ts'
import * as store from './store.ts'

interface Deps {
  control: Control
  clock: Clock
  metrics: MetricService
}

export type DashboardService = ReturnType<typeof createDashboardService>

export function createDashboardService({ control, clock, metrics }: Deps) {
  const now = () => new Date(clock.now() / 1000).toISOString()

  return {
    create,

    /** A board of another program: its queries become metrics, its items panels; says what was mended or left out. */
    importBoard: (board: BoardImport): Promise<BoardImportResult> => importBoard({ metrics, create }, board),

    /** The dashboard as such a board. */
    exportBoard: async (id: string): Promise<BoardExport> => exportBoard(metrics, await getDashboard(id)),

    async list({ limit, cursor }: DashboardQuery): Promise<PageOf<Dashboard>> {
      const rows = await store.listDashboards(control, readCursor(cursor, isPosition), limit + 1)
      return pageOf(rows, limit, ({ created_at, id }) => [created_at, id])
    },

    async get(id: string): Promise<Dashboard> {
      return getDashboard(id)
    },

    /** The whole dashboard anew, as its next version. Metrics that it names need not exist. */
    async replace(id: string, replacement: DashboardReplacement): Promise<Dashboard> {
      const described = complete(replacement)
      check(described)
      return control.write(async (tx) => {
        const before = await store.findDashboard(tx, id)
        if (!before) throw nowhere(id)
        const after = { ...before, ...described, version: before.version + 1, updated_at: now() }
        await store.updateDashboard(tx, after)
        return after
      })
    },

    async remove(id: string): Promise<null> {
      const removed = await control.write((tx) => store.removeDashboard(tx, id))
      if (removed === 0) throw nowhere(id)
      return null
    },
  }

  /** Makes a dashboard of version 1, with an id of its own when none is given. */
  async function create({ id = newId(), ...described }: NewDashboard): Promise<Dashboard> {
    const made = now()
    const dashboard = { id, ...complete(described), version: 1, created_at: made, updated_at: made }
    check(dashboard)
    await control.write(async (tx) => {
      if (await store.findDashboard(tx, id)) {
        throw new AppError('conflict', `there is already a dashboard ${id}; choose another id`)
      }
      await store.insertDashboard(tx, dashboard)
    })
    return dashboard
  }

  async function getDashboard(id: string): Promise<Dashboard> {
    const dashboard = await store.findDashboard(control, id)
    if (!dashboard) throw nowhere(id)
    return dashboard
  }

  function check(dashboard: ReturnType<typeof complete>): void {
    const { default_from, default_to, tz } = dashboard
    resolveRange({ from: default_from, to: default_to, ...(tz !== null && { tz }) }, clock)
    const faults = findFaults(dashboard)
    if (faults.length > 0)
      throw new AppError('invalid', 'the panels and layouts do not fit together', { faults })
  }
}

/** The default range of a dashboard that names none is the last day. */
function complete(described: DashboardReplacement) {
  const { name, default_from = 'now-24h', default_to = 'now', tz = null, panels, layouts } = described
  return { name, default_from, default_to, tz, panels, layouts }
}

function findFaults({ panels, layouts }: Pick<Dashboard, 'panels' | 'layouts'>): Fault[] {
  const ids = panels.map(({ i }) => i)
  const faults = repeated(ids, '/panels')
  for (const [breakpoint, places] of Object.entries(layouts)) {
    const path = `/layouts/${breakpoint}`
    const placed = places.map(({ i }) => i)
    faults.push(...repeated(placed, path))
    for (const [index, id] of placed.entries()) {
      if (!ids.includes(id)) faults.push({ path: `${path}/${index}/i`, message: `there is no panel ${id}` })
    }
  }
  for (const [index, panel] of panels.entries()) {
    if (panel.type === 'line' && panel.signal_ids === undefined && panel.metric_id === undefined) {
      faults.push({ path: `/panels/${index}`, message: 'a line panel names signal_ids or a metric_id' })
    }
  }
  return faults
}

function repeated(ids: string[], path: string): Fault[] {
  return ids.flatMap((id, index) =>
    ids.indexOf(id) === index ? [] : [{ path: `${path}/${index}/i`, message: `${id} is there already` }],
  )
}

function isPosition(value: unknown): value is store.Position {
  return Array.isArray(value) && value.length === 2 && value.every(isText)
}

function nowhere(id: string): AppError {
  return new AppError('not_found', `there is no dashboard ${id}`)
}

/** Sixty random bits as sixteen letters and digits. */
function newId(): string {
  return randomUUID().replaceAll('-', '').slice(0, 16)
}
