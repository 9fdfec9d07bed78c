/** Each engine of control, opened empty or migrated for one test and closed after it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openPostgresControl } from '../server/engine/control/postgres.ts'
import { openSqliteControl } from '../server/engine/control/sqlite.ts'
import type { Control } from '../server/engine/db.ts'
import { type MigrationTarget, migrate } from '../server/engine/migrate.ts'
import { postgresUrl } from './postgres.ts'

export type ControlEngine = 'sqlite' | 'postgres'

/** Gives a function that opens one and the same database, each time as another process would. */
export type ControlDatabase = (t: TestContext) => Promise<() => Promise<Control>>

export const CONTROL_ENGINES: Record<ControlEngine, ControlDatabase> = {
  async sqlite(t) {
    const folder = await mkdtemp(join(tmpdir(), 'tidemark-control-'))
    t.after(() => rm(folder, { recursive: true, force: true }))
    return closing(t, () => openSqliteControl(join(folder, 'control.sqlite')))
  },
  async postgres(t) {
    const url = await postgresUrl(t)
    return closing(t, () => openPostgresControl(url))
  },
}

export const CONTROL_MIGRATIONS = fileURLToPath(new URL('../migrations/control', import.meta.url))

/** A database with the current schema. */
export async function migratedControl(t: TestContext, engine: ControlEngine): Promise<Control> {
  const open = await CONTROL_ENGINES[engine](t)
  const control = await open()
  await migrate(migrationTarget(control), CONTROL_MIGRATIONS, engine)
  return control
}

export function migrationTarget(control: Control): MigrationTarget {
  return { query: control.query, transaction: control.write }
}

function closing(t: TestContext, open: () => Promise<Control>): () => Promise<Control> {
  return async () => {
    const control = await open()
    t.after(() => control.close())
    return control
  }
}
