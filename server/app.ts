// The composition root: opens the stores, makes each service once, by hand and in the order of the nouns, and puts
// their routes and jobs behind the two doors. The only file that knows them all.

import { mkdirSync } from 'node:fs'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyInstance } from 'fastify'
import type { Load } from '../contract/loads.ts'
import packageJson from '../package.json' with { type: 'json' }
import { type Clock, systemClock } from './clock.ts'
import type { Config } from './config.ts'
import { createDemoService } from './demo/load-demo.ts'
import { demoRoutes } from './demo/routes.ts'
import { cookieName, sessionRoutes, tokenRoutes } from './domains/accounts/routes.ts'
import { type AccountService, createAccountService } from './domains/accounts/service.ts'
import { assetRoutes } from './domains/assets/routes.ts'
import { createAssetService } from './domains/assets/service.ts'
import { dashboardRoutes } from './domains/dashboards/routes.ts'
import { createDashboardService } from './domains/dashboards/service.ts'
import { datasetRoutes } from './domains/datasets/routes.ts'
import { createDatasetService } from './domains/datasets/service.ts'
import type { JobKind } from './domains/jobs/kind.ts'
import { jobRoutes } from './domains/jobs/routes.ts'
import { createJobService } from './domains/jobs/service.ts'
import { loadJob } from './domains/loads/jobs.ts'
import { loadRoutes } from './domains/loads/routes.ts'
import { createLoadService } from './domains/loads/service.ts'
import { measurementRoutes } from './domains/measurements/routes.ts'
import { createMeasurementService } from './domains/measurements/service.ts'
import { metricRoutes } from './domains/metrics/routes.ts'
import { createMetricService } from './domains/metrics/service.ts'
import { signalRoutes } from './domains/signals/routes.ts'
import { createSignalService, signalsOfAssets } from './domains/signals/service.ts'
import type { Control, Warehouse } from './engine/db.ts'
import { openControlStore, openStores, type Stores, type StoresStatus, storesStatus } from './engine/open.ts'
import type { RouteTable } from './http/route-table.ts'
import { createDoor } from './http/server.ts'
import { ping, removeUnanswered } from './http/store.ts'
import { createLog, type Log } from './log.ts'
import { createWorker, type Worker } from './worker/worker.ts'

/** Of two cores, one is left to those who ask. */
const JOBS_AT_ONCE = 2

/** Whom the load of the demo belongs to: no account, so that it is there before the first. */
const DEMO_OWNER = 'demo'

export interface AppOptions {
  config: Config
  clock?: Clock
  log?: Log
}

export interface App extends Services {
  http: FastifyInstance
  /** Every route as it was registered, with who may call it. */
  routes: RouteTable
  worker: Worker
  log: Log
  warehouse: Warehouse
  /** From now on /readyz answers 503, so that proxies send nothing more. */
  announceClosing(): void
  /** Stores the demo grid and queues its readings, when there is nothing else; the worker does the rest. */
  loadDemo(): Promise<Load | undefined>
  /** Listens on HOST and PORT and starts the worker; answers the address. */
  start(): Promise<string>
  /** Stops accepting, finishes what is in flight, then ends worker and stores. May be called twice. */
  close(): Promise<void>
}

type Parts = Required<AppOptions> & { stores: Stores }
export type Services = ReturnType<typeof createServices>

/** Opens everything that the settings name and wires it. Throws a plain Error with a sentence when it cannot. */
export async function createApp({
  config,
  clock = systemClock,
  log = createLog(config),
}: AppOptions): Promise<App> {
  makeDataFolder(config.dataDir)
  const stores = await openStores(config, { clock, log })
  try {
    return await wire({ config, clock, log, stores })
  } catch (error) {
    await stores.close()
    throw error
  }
}

async function wire(parts: Parts): Promise<App> {
  const { config, clock, log, stores } = parts
  for (const loss of stores.losses) log.error({ loss }, 'acknowledged data is missing')
  const services = createServices(parts)
  if (stores.exclusive) await takeOver(stores.control, services, log)
  await services.accounts.prepare(config.env)
  await services.assets.ensureBuiltInTypes()
  const worker = createWorker({
    jobs: services.jobs,
    kinds: jobKinds(services),
    concurrency: JOBS_AT_ONCE,
    clock,
    log,
  })
  const secure = config.env === 'production'
  const door = await createDoor({
    config,
    log,
    clock,
    control: stores.control,
    version: packageJson.version,
    authenticator: services.accounts,
    cookieName: cookieName({ secure }),
    checks: [
      { name: 'control', check: () => ping(stores.control) },
      { name: 'warehouse', check: () => ping(stores.warehouse) },
    ],
    warnings: stores.losses,
    routes: domainRoutes(services, config, secure),
  })
  return {
    ...services,
    http: door.http,
    routes: door.routes,
    announceClosing: door.announceClosing,
    worker,
    log,
    warehouse: stores.warehouse,
    loadDemo: () => services.demo.loadWhenEmpty(DEMO_OWNER),
    async start() {
      const address = await door.http.listen({ host: config.host, port: config.port })
      worker.start()
      return address
    },
    close: once(async () => {
      await door.close()
      await worker.stop()
      services.loads.close()
      await stores.close()
    }),
  }
}

/** What earlier processes left undone when they were killed is put back to where it was, or to be done again. */
async function takeOver(control: Control, { jobs, loads }: Services, log: Log): Promise<void> {
  const taken = await jobs.takeOver()
  if (taken > 0) log.warn({ jobs: taken }, 'the service had ended while jobs ran; they are done again')
  await removeUnanswered(control)
  await loads.removeLeftovers()
}

function createServices({ config, clock, log, stores: { control, warehouse } }: Parts) {
  const accounts = createAccountService({ control, clock })
  const jobs = createJobService({ control, clock })
  const assets = createAssetService({ warehouse, clock, dependents: signalsOfAssets })
  const defaultZone = config.tzDefault
  const signals = createSignalService({ warehouse, clock, assets, defaultZone })
  const measurements = createMeasurementService({ warehouse, clock, defaultZone })
  const datasets = createDatasetService({ warehouse, clock, defaultZone })
  const nouns = { control, warehouse, clock, jobs, assets, signals, measurements, datasets, defaultZone }
  const { dataDir } = config
  const loads = createLoadService({ ...nouns, dataDir, uploadLimitBytes: uploadLimitBytes(config) })
  const metrics = createMetricService({ control, warehouse, clock, defaultZone, log })
  const dashboards = createDashboardService({ control, clock })
  const demo = createDemoService({ warehouse, assets, signals, loads, metrics, dashboards })
  return { accounts, jobs, assets, signals, measurements, datasets, loads, metrics, dashboards, demo }
}

function domainRoutes(services: Services, config: Config, secure: boolean): FastifyPluginAsyncTypebox[] {
  return [
    tokenRoutes(services.accounts),
    sessionRoutes(services.accounts, { secure }),
    jobRoutes(services.jobs),
    assetRoutes(services.assets),
    signalRoutes(services.signals),
    measurementRoutes(services.measurements),
    datasetRoutes(services.datasets),
    loadRoutes(services.loads, { uploadLimitBytes: uploadLimitBytes(config) }),
    metricRoutes(services.metrics),
    dashboardRoutes(services.dashboards),
    demoRoutes(services.demo),
  ]
}

function jobKinds({ loads }: Services): JobKind[] {
  return [loadJob(loads)]
}

const uploadLimitBytes = ({ uploadLimitMb }: Config) => uploadLimitMb * 1_000_000

/** Accounts alone, for a command that may run beside the service. */
export async function withAccounts<T>(
  config: Config,
  work: (accounts: AccountService) => Promise<T>,
): Promise<T> {
  makeDataFolder(config.dataDir)
  const control = await openControlStore(config)
  try {
    return await work(createAccountService({ control, clock: systemClock }))
  } finally {
    await control.close()
  }
}

/** Brings both stores to the current schema; answers the migrations applied. */
export async function migrateStores(config: Config): Promise<string[]> {
  makeDataFolder(config.dataDir)
  const stores = await openStores(config, { clock: systemClock, log: createLog(config) })
  await stores.close()
  return stores.migrated
}

/** How both stores are: migrations applied and missing, and losses. Only while no service has them open. */
export async function inspectStores(config: Config): Promise<StoresStatus> {
  makeDataFolder(config.dataDir)
  return storesStatus(config, { clock: systemClock, log: createLog(config) })
}

/** Does the work at the first call; every other call waits for the same end. */
function once(work: () => Promise<void>): () => Promise<void> {
  const state: { done?: Promise<void> } = {}
  return () => {
    state.done ??= work()
    return state.done
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
