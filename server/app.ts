// The composition root: opens the stores, makes each service once, by hand and in the order of the nouns, and puts
// their routes and jobs behind the two doors. The only file that knows them all.

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyInstance } from 'fastify'
import type { Load } from '../contract/loads.ts'
import packageJson from '../package.json' with { type: 'json' }
import { type Clock, systemClock } from './clock.ts'
import type { Config } from './config.ts'
import { createDemoService } from './demo/load-demo.ts'
import { demoRoutes } from './demo/routes.ts'
import { keyRoutes, userRoutes } from './domains/accounts/admin-routes.ts'
import { cookieName, sessionRoutes, tokenRoutes } from './domains/accounts/routes.ts'
import { createAccountService } from './domains/accounts/service.ts'
import { ensureNamedAssets } from './domains/assets/named-assets.ts'
import { assetRoutes } from './domains/assets/routes.ts'
import { createAssetService } from './domains/assets/service.ts'
import { auditRoutes } from './domains/audit/routes.ts'
import { createAuditService } from './domains/audit/service.ts'
import { createUsageService } from './domains/audit/usage.ts'
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
import { mappingRoutes } from './domains/mappings/routes.ts'
import { createMappingService } from './domains/mappings/service.ts'
import { influxRoutes } from './domains/measurements/influx-routes.ts'
import { createIntakeService } from './domains/measurements/intake.ts'
import { sortJob } from './domains/measurements/jobs.ts'
import { remoteWriteRoutes } from './domains/measurements/remote-write-routes.ts'
import { measurementRoutes } from './domains/measurements/routes.ts'
import { createMeasurementService } from './domains/measurements/service.ts'
import { metricRoutes } from './domains/metrics/routes.ts'
import { createMetricService } from './domains/metrics/service.ts'
import { createSignalDirectory } from './domains/signals/directory.ts'
import { insertMissing } from './domains/signals/missing-signals.ts'
import { signalRoutes } from './domains/signals/routes.ts'
import { createSignalService, signalsOfAssets } from './domains/signals/service.ts'
import type { Control, Warehouse } from './engine/db.ts'
import { openStores, type Stores } from './engine/open.ts'
import type { Looks } from './http/audit.ts'
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
  /** Open already; closed with the app, or when it cannot be made. */
  stores?: Stores
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

type Parts = Required<AppOptions>
export type Services = ReturnType<typeof createServices>

/** Opens everything that the settings name and wires it. Throws a plain Error with a sentence when it cannot. */
export async function createApp({
  config,
  clock = systemClock,
  log = createLog(config),
  stores: given,
}: AppOptions): Promise<App> {
  const stores = given ?? (await openStores(config, { clock, log }))
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
    audit: { record: services.audit.record, looks: looksOf(services) },
    usage: services.usage,
    checks: [
      { name: 'control', check: () => ping(stores.control) },
      { name: 'warehouse', check: () => ping(stores.warehouse) },
    ],
    warnings: stores.losses,
    routes: domainRoutes(services, config, secure),
    rootRoutes: [influxRoutes(services.intake)],
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
  const audit = createAuditService({ control, clock, defaultZone: config.tzDefault })
  const usage = createUsageService({ control, clock, defaultZone: config.tzDefault })
  const jobs = createJobService({ control, clock })
  const assets = createAssetService({ warehouse, clock, dependents: signalsOfAssets })
  const defaultZone = config.tzDefault
  const directory = createSignalDirectory(warehouse)
  const signals = createSignalService({ warehouse, clock, assets, directory, defaultZone })
  const measurements = createMeasurementService({ control, warehouse, jobs, clock, directory, defaultZone })
  const intake = createIntakeService({
    warehouse,
    clock,
    measurements,
    directory,
    ensureAssets: (tx, names) => ensureNamedAssets(tx, names, clock.now()),
    insertMissingSignals: (tx, signals) => insertMissing(tx, signals, clock.now()),
  })
  const datasets = createDatasetService({ warehouse, clock, defaultZone })
  const mappings = createMappingService({ control, clock })
  const nouns = {
    control,
    warehouse,
    clock,
    jobs,
    assets,
    signals,
    measurements,
    datasets,
    mappings,
    defaultZone,
  }
  const { dataDir } = config
  const loads = createLoadService({ ...nouns, dataDir, uploadLimitBytes: uploadLimitBytes(config) })
  const rowCap = config.queryRowCap
  const metrics = createMetricService({ control, warehouse, clock, defaultZone, rowCap, log })
  const dashboards = createDashboardService({ control, clock, metrics })
  const demo = createDemoService({ warehouse, assets, signals, loads, metrics, dashboards })
  return {
    accounts,
    audit,
    usage,
    jobs,
    assets,
    signals,
    measurements,
    intake,
    datasets,
    mappings,
    loads,
    metrics,
    dashboards,
    demo,
  }
}

function domainRoutes(services: Services, config: Config, secure: boolean): FastifyPluginAsyncTypebox[] {
  return [
    tokenRoutes(services.accounts),
    sessionRoutes(services.accounts, { secure }),
    userRoutes(services.accounts),
    keyRoutes(services.accounts),
    auditRoutes(services.audit, services.usage),
    jobRoutes(services.jobs),
    assetRoutes(services.assets),
    signalRoutes(services.signals),
    measurementRoutes(services.measurements, services.intake),
    remoteWriteRoutes(services.intake),
    datasetRoutes(services.datasets),
    mappingRoutes(services.mappings),
    loadRoutes(services.loads, { uploadLimitBytes: uploadLimitBytes(config) }),
    metricRoutes(services.metrics),
    dashboardRoutes(services.dashboards),
    demoRoutes(services.demo),
  ]
}

/** How things look to their readers, by the first word of their address: what the audit keeps before and after. */
function looksOf(services: Services): Looks {
  const { accounts, assets, signals, datasets, mappings, loads, metrics, dashboards, jobs } = services
  return {
    users: accounts.getUser,
    'api-keys': accounts.keys.get,
    assets: assets.get,
    'asset-types': assets.getType,
    signals: signals.get,
    datasets: datasets.get,
    mappings: mappings.get,
    loads: loads.get,
    metrics: metrics.get,
    dashboards: dashboards.get,
    jobs: jobs.get,
  }
}

function jobKinds({ loads, measurements }: Services): JobKind[] {
  return [loadJob(loads), sortJob(measurements)]
}

const uploadLimitBytes = ({ uploadLimitMb }: Config) => uploadLimitMb * 1_000_000

/** Does the work at the first call; every other call waits for the same end. */
function once(work: () => Promise<void>): () => Promise<void> {
  const state: { done?: Promise<void> } = {}
  return () => {
    state.done ??= work()
    return state.done
  }
}
