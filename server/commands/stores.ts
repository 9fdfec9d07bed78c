// The stores as commands use them: opened for one piece of work, and closed after it.

import { systemClock } from '../clock.ts'
import type { Config } from '../config.ts'
import { type AccountService, createAccountService } from '../domains/accounts/service.ts'
import { type AuditService, createAuditService } from '../domains/audit/service.ts'
import { openControlStore, openStores, type StoresStatus, storesStatus } from '../engine/open.ts'
import { createLog } from '../log.ts'

/** Accounts, and the audit of what is done to them, for a command that may run beside the service. */
export async function withAccounts<T>(
  config: Config,
  work: (accounts: AccountService, audit: AuditService) => Promise<T>,
): Promise<T> {
  const control = await openControlStore(config)
  const deps = { control, clock: systemClock, defaultZone: config.tzDefault }
  try {
    return await work(createAccountService(deps), createAuditService(deps))
  } finally {
    await control.close()
  }
}

/** Brings both stores to the current schema; answers the migrations applied. */
export async function migrateStores(config: Config): Promise<string[]> {
  const stores = await openStores(config, { clock: systemClock, log: createLog(config) })
  await stores.close()
  return stores.migrated
}

/** How both stores are: migrations applied and missing, and losses. Only while no service has them open. */
export async function inspectStores(config: Config): Promise<StoresStatus> {
  return storesStatus(config, { clock: systemClock, log: createLog(config) })
}
