// `tidemark migrate`: both stores brought to the current schema, or what is missing there.

import type { Config } from '../config.ts'
import { inspectStores, migrateStores } from './stores.ts'

export async function migrate(config: Config, { status }: { status: boolean }): Promise<void> {
  if (status) return showStatus(config)
  const migrated = await migrateStores(config)
  for (const name of migrated) console.log(`applied ${name}`)
  if (migrated.length === 0) console.log('Both stores are at the current schema.')
}

async function showStatus(config: Config): Promise<void> {
  const { migrations } = await inspectStores(config)
  for (const [store, { applied, pending }] of Object.entries(migrations)) {
    for (const name of applied) console.log(`${store}  ${name}  applied`)
    for (const name of pending) console.log(`${store}  ${name}  missing`)
  }
}
