// Opens the two stores on the engine that the settings name, brought to the current schema.
// The only place where an engine is chosen.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../clock.ts'
import { openPostgresControl } from './control/postgres.ts'
import { openSqliteControl } from './control/sqlite.ts'
import type { Control, Db, Row, Warehouse } from './db.ts'
import {
  type MigrationEngine,
  type MigrationStatus,
  type MigrationTarget,
  migrate,
  migrationStatus,
} from './migrate.ts'
import type { Sql } from './sql.ts'
import { sql } from './sql.ts'
import { createDuckdbWarehouse, duckdbMigrationTarget } from './warehouse/duckdb-warehouse.ts'
import { type EngineLog, startSupervisor } from './warehouse/engine-supervisor.ts'
import { openPostgresWarehouse } from './warehouse/postgres-warehouse.ts'

export interface StoreSettings {
  /** Empty: the embedded engines, in `dataDir`. */
  databaseUrl: string
  dataDir: string
  queryTimeoutMs: number
  queryMemoryMb: number
}

interface Opened<T> {
  store: T
  target: MigrationTarget
  engine: MigrationEngine
  folder: string
}

export interface Stores {
  control: Control
  warehouse: Warehouse
  /** Files of migrations applied at this start, none when all were. */
  migrated: string[]
  /** What is wrong with the data itself, in sentences; empty when all that was acknowledged is there. */
  losses: string[]
  /**
   * Whether no other process can be at work on these stores, as the embedded warehouse opens for one alone: then what
   * an earlier process left undone can be taken over at once.
   */
  exclusive: boolean
  /** The engine process, where there is one. */
  enginePid(): number | undefined
  close(): Promise<void>
}

const MIGRATIONS = join(import.meta.dirname, '../../migrations')

async function openControl({ databaseUrl, dataDir }: StoreSettings): Promise<Opened<Control>> {
  const folder = join(MIGRATIONS, 'control')
  makeDataFolder(dataDir)
  const store = databaseUrl
    ? await openPostgresControl(databaseUrl)
    : await openSqliteControl(join(dataDir, 'control.sqlite'))
  const target = {
    query: <R extends object = Row>(statement: Sql) => store.query<R>(statement),
    transaction: store.write,
  }
  return { store, target, engine: databaseUrl ? 'postgres' : 'sqlite', folder }
}

async function openWarehouse(
  settings: StoreSettings,
  { control, clock, log }: { control: Control; clock: Clock; log: EngineLog },
): Promise<Opened<Warehouse> & { pid: () => number | undefined }> {
  const folder = join(MIGRATIONS, 'warehouse')
  const { databaseUrl: url, queryTimeoutMs, dataDir, queryMemoryMb: memoryMb } = settings
  const acknowledge = (version: number) => recordAcknowledged(control, version)
  if (url) {
    const store = await openPostgresWarehouse({ url, clock, queryTimeoutMs, acknowledge })
    return { store, target: store, engine: 'postgres', folder, pid: () => undefined }
  }
  const supervisor = await startSupervisor({ dataDir, memoryMb, log })
  const store = createDuckdbWarehouse({ supervisor, clock, queryTimeoutMs, acknowledge })
  return { store, target: duckdbMigrationTarget(supervisor), engine: 'duckdb', folder, pid: supervisor.pid }
}

/** Opens both stores and migrates them. Throws a plain Error with a sentence when one cannot be opened. */
export async function openStores(
  settings: StoreSettings,
  { clock, log }: { clock: Clock; log: EngineLog },
): Promise<Stores> {
  const control = await openControl(settings)
  const migrated = await migrate(control.target, control.folder, control.engine)
  const warehouse = await openWarehouse(settings, { control: control.store, clock, log }).catch(
    async (error: unknown) => {
      await control.store.close()
      throw error
    },
  )
  const close = async () => {
    await warehouse.store.close()
    await control.store.close()
  }
  try {
    migrated.push(...(await migrate(warehouse.target, warehouse.folder, warehouse.engine)))
    const losses = await findLosses(control.store, warehouse.store)
    return {
      control: control.store,
      warehouse: warehouse.store,
      migrated,
      losses,
      exclusive: warehouse.engine === 'duckdb',
      enginePid: warehouse.pid,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Opens and migrates control alone, for a command that may run while the service has the warehouse open. */
export async function openControlStore(settings: StoreSettings): Promise<Control> {
  const { store, target, folder, engine } = await openControl(settings)
  try {
    await migrate(target, folder, engine)
    return store
  } catch (error) {
    await store.close()
    throw error
  }
}

export interface StoresStatus {
  /** What is applied and missing, by store. */
  migrations: { control: MigrationStatus; warehouse: MigrationStatus }
  /** As in `Stores`; unknown, and so empty, while migrations are missing. */
  losses: string[]
}

/** How both stores are, without changing them. */
export async function storesStatus(
  settings: StoreSettings,
  { clock, log }: { clock: Clock; log: EngineLog },
): Promise<StoresStatus> {
  const control = await openControl(settings)
  try {
    const warehouse = await openWarehouse(settings, { control: control.store, clock, log })
    try {
      const migrations = {
        control: await migrationStatus(control.target, control.folder, control.engine),
        warehouse: await migrationStatus(warehouse.target, warehouse.folder, warehouse.engine),
      }
      const isCurrent = Object.values(migrations).every(({ pending }) => pending.length === 0)
      return { migrations, losses: isCurrent ? await findLosses(control.store, warehouse.store) : [] }
    } finally {
      await warehouse.store.close()
    }
  } finally {
    await control.store.close()
  }
}

/** For the owner alone: it holds password hashes and all that was measured. */
function makeDataFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason'
    throw new Error(`the folder of DATA_DIR cannot be made (${path}: ${reason})`, { cause: error })
  }
}

/** The ledger: the last write of the warehouse that anyone was told of. */
async function recordAcknowledged(control: Db, version: number): Promise<void> {
  await control.run(sql`
    update ledger
    set acknowledged_version = ${version}
    where acknowledged_version < ${version}`)
}

async function findLosses(control: Control, warehouse: Warehouse): Promise<string[]> {
  const [ledger] = await control.query<{ acknowledged_version: number }>(sql`
    select acknowledged_version
    from ledger`)
  const stored = await warehouse.version()
  const acknowledged = ledger?.acknowledged_version ?? 0
  if (stored >= acknowledged) return []
  return [
    `the warehouse ends at write ${stored}, but write ${acknowledged} was acknowledged: restore a backup, or load again what came in after`,
  ]
}
