// What the questions are asked of, each opened when the first question needs it: services with a grid in them, bare
// DuckDB over a copy of the same file, PostgreSQL.

import assert from 'node:assert/strict'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { type BareEngine, openBareEngine } from './baseline-duckdb.ts'
import { openPostgres, type Postgres } from './baseline-postgres.ts'
import { GRID_3M, GRID_30M, type Grid } from './grid-model.ts'
import { loadCatalogue, type Service, startService, warehouseFiles } from './service.ts'
import type { Workspace } from './workspace.ts'

export interface Loaded {
  service: Service
  bare: BareEngine
}

export interface Stage {
  /** The service with a grid, and a copy of its warehouse in this process. */
  grid(workspace: Workspace, size: '3M' | '30M'): Promise<Loaded>
  postgres(workspace: Workspace): Promise<Postgres>
}

const GRIDS = { '3M': GRID_3M, '30M': GRID_30M }

export function createStage(): Stage {
  const loaded = new Map<string, Promise<Loaded>>()
  const opened: { postgres?: Promise<Postgres> } = {}
  return {
    grid(workspace, size) {
      const known = loaded.get(size) ?? openGrid(workspace, size, GRIDS[size])
      loaded.set(size, known)
      return known
    },
    postgres(workspace) {
      opened.postgres ??= openPostgres(workspace)
      return opened.postgres
    },
  }
}

async function openGrid(workspace: Workspace, size: string, grid: Grid): Promise<Loaded> {
  const folder = join(workspace.folder, `loaded-${size}`)
  const file = workspace.gridFile(`grid-${size}`, grid)
  workspace.say(`loading grid-${size} into the service`)
  const loader = await startService(folder)
  await loadCatalogue(loader, workspace, grid)
  const { load } = await loader.load(file, 'measurements')
  assert.equal(load.rows_loaded, grid.components * 3 * grid.readings)
  await loader.stop()
  const copy = join(workspace.folder, `bare-${size}.duckdb`)
  for (const path of warehouseFiles(folder)) {
    copyFileSync(path, path.endsWith('.wal') ? `${copy}.wal` : copy)
  }
  const service = await startService(folder)
  workspace.defer(() => service.stop())
  const bare = await openBareEngine(copy)
  workspace.defer(async () => bare.close())
  return { service, bare }
}
