/** Each engine of the warehouse, opened empty with the current schema for one test and closed after it. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { systemClock } from '../server/clock.ts'
import type { Warehouse } from '../server/engine/db.ts'
import { migrate } from '../server/engine/migrate.ts'
import { createDuckdbWarehouse, duckdbMigrationTarget } from '../server/engine/warehouse/duckdb-warehouse.ts'
import { startSupervisor } from '../server/engine/warehouse/engine-supervisor.ts'
import { openPostgresWarehouse } from '../server/engine/warehouse/postgres-warehouse.ts'
import { postgresUrl } from './postgres.ts'

export interface OpenedWarehouse {
  warehouse: Warehouse
  /** A folder that statements of the staging may read. */
  folder: string
  /** The versions that were acknowledged, in that order. */
  acknowledged: number[]
  /** Ends the engine, or every connection to it, as a crash would. */
  kill(): Promise<void>
}

export type OpenWarehouse = (t: TestContext) => Promise<OpenedWarehouse>

const MIGRATIONS = fileURLToPath(new URL('../migrations/warehouse', import.meta.url))
const QUERY_TIMEOUT_MS = 20_000
const SILENT = { info: () => {}, error: () => {} }

export const WAREHOUSE_ENGINES: Record<'duckdb' | 'postgres', OpenWarehouse> = {
  async duckdb(t) {
    const { folder, acknowledged, acknowledge } = await surroundings(t)
    const supervisor = await startSupervisor({ dataDir: folder, memoryMb: 1024, log: SILENT })
    const warehouse = createDuckdbWarehouse({
      supervisor,
      clock: systemClock,
      queryTimeoutMs: QUERY_TIMEOUT_MS,
      acknowledge,
    })
    t.after(() => warehouse.close())
    await migrate(duckdbMigrationTarget(supervisor), MIGRATIONS, 'duckdb')
    return {
      warehouse,
      folder: join(folder, 'staging'),
      acknowledged,
      async kill() {
        await supervisor.connection()
        const pid = supervisor.pid()
        if (pid !== undefined) process.kill(pid, 'SIGKILL')
      },
    }
  },

  async postgres(t) {
    const { folder, acknowledged, acknowledge } = await surroundings(t)
    const url = await postgresUrl(t)
    const warehouse = await openPostgresWarehouse({
      url,
      clock: systemClock,
      queryTimeoutMs: QUERY_TIMEOUT_MS,
      acknowledge,
    })
    t.after(() => warehouse.close())
    await migrate(warehouse, MIGRATIONS, 'postgres')
    return { warehouse, folder: join(folder, 'staging'), acknowledged, kill: () => endConnections(url) }
  },
}

async function surroundings(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-warehouse-'))
  await mkdir(join(folder, 'staging'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const acknowledged: number[] = []
  const acknowledge = async (version: number) => {
    acknowledged.push(version)
  }
  return { folder, acknowledged, acknowledge }
}

async function endConnections(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(`
    select pg_terminate_backend(pid)
    from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()`)
  await client.end()
}
