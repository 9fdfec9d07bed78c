/** What is in the stores after the service has ended, held against what its clients were told. */
import { readConfig } from '../../server/config.ts'
import type { Warehouse } from '../../server/engine/db.ts'
import { openStores } from '../../server/engine/open.ts'
import { sql } from '../../server/engine/sql.ts'
import {
  BAD_ROWS_A_FILE,
  type DeviceMemory,
  EPOCH_S,
  FILE_SIGNALS,
  type FileMemory,
  firstStepOf,
  STEPS_A_FILE,
} from './traffic.ts'

/** Everything is 0 or empty when nothing went wrong. */
export interface Damage {
  /** Rows that were acknowledged, by an answer or by a load that is done, and are not there with their value. */
  lost: number
  /** Rows more than one of a signal and instant. */
  doubled: number
  /** Requests and loads of which some rows are stored and some not. */
  half_batches: number
  /** Rows that nobody sent, or with a value that nobody sent. */
  foreign: number
  /** Loads that did not end as `done`, with their error. */
  unfinished: string[]
  /** Sentences about counts, states and ledgers that disagree. */
  disagreements: string[]
}

/** Opens the stores of a service that has ended, and compares. */
export async function findDamage(
  dataDir: string,
  { devices, files }: { devices: DeviceMemory[]; files: FileMemory },
): Promise<Damage> {
  const config = readConfig({ TIDEMARK_ENV: 'test', DATA_DIR: dataDir })
  const log = { info: () => {}, error: () => {} }
  const stores = await openStores(config, { clock: { now: () => Date.now() * 1000 }, log })
  try {
    const { control, warehouse, losses } = stores
    const damage: Damage = {
      lost: 0,
      doubled: await countDoubled(warehouse),
      half_batches: 0,
      foreign: 0,
      unfinished: [],
      disagreements: [...losses, ...(await compareStates(warehouse))],
    }
    for (const device of devices) await compareDevice(warehouse, device, damage)
    const loads = await control.query<LoadRow>(sql`
      select id, load_key, file_name, status, rows_read, rows_loaded, rows_updated, rows_unchanged, rows_rejected, error
      from load
      order by load_key`)
    await compareFiles(warehouse, { loads, files, damage })
    const [ledger] = await control.query<{ version: number }>(sql`
      select acknowledged_version as version
      from ledger`)
    const version = await warehouse.version()
    if (ledger?.version !== version)
      damage.disagreements.push(`the ledger ends at ${ledger?.version}, the warehouse at ${version}`)
    return damage
  } finally {
    await stores.close()
  }
}

async function countDoubled(warehouse: Warehouse): Promise<number> {
  const [row] = await warehouse.query<{ doubled: number }>(sql`
    select count(*) - count(distinct (signal_key, measured_at)) as doubled
    from measurement`)
  return row?.doubled ?? 0
}

/** `signal_state` against what it sums up. */
async function compareStates(warehouse: Warehouse): Promise<string[]> {
  const rows = await warehouse.query<{ id: string }>(sql`
    select signal.id
    from signal
    left join signal_state as state on state.signal_key = signal.signal_key
    left join (
      select
        signal_key, min(measured_at) as first_at, max(measured_at) as last_at, count(*) as samples,
        ${warehouse.dialect.argMax(sql`value`, sql`measured_at`)} as last_value
      from measurement
      group by signal_key
    ) as stored on stored.signal_key = signal.signal_key
    where state.samples is distinct from coalesce(stored.samples, 0)
      or state.first_at is distinct from stored.first_at
      or state.last_at is distinct from stored.last_at
      or state.last_value is distinct from stored.last_value`)
  return rows.map(({ id }) => `the state of signal ${id} is not what is stored of it`)
}

async function compareDevice(warehouse: Warehouse, device: DeviceMemory, damage: Damage): Promise<void> {
  const rows = await warehouse.query<{ step: number; value: number }>(sql`
    select ${warehouse.dialect.epochMicros(sql`measured_at`)} / 1000000 - ${EPOCH_S} as step, value
    from measurement
    join signal on signal.signal_key = measurement.signal_key
    where signal.id = ${device.signal_id}`)
  const stored = new Map(rows.map(({ step, value }) => [step, value]))
  for (const [step, value] of device.acknowledged) {
    if (stored.get(step) !== value) damage.lost++
    stored.delete(step)
  }
  for (const unanswered of device.unanswered) {
    const there = [...unanswered].filter(([step, value]) => stored.get(step) === value)
    if (there.length > 0 && there.length < unanswered.size) damage.half_batches++
    for (const [step] of there) stored.delete(step)
  }
  damage.foreign += stored.size
}

interface LoadRow {
  id: string
  load_key: number
  file_name: string
  status: string
  rows_read: number
  rows_loaded: number
  rows_updated: number
  rows_unchanged: number
  rows_rejected: number
  error: string | null
}

interface FileComparison {
  loads: LoadRow[]
  files: FileMemory
  damage: Damage
}

async function compareFiles(warehouse: Warehouse, { loads, files, damage }: FileComparison): Promise<void> {
  const known = new Map(loads.map((load) => [load.id, load]))
  const rowsOf = await countBy(
    warehouse,
    sql`(select load_key from measurement join change on change.version = measurement.version) as brought`,
  )
  const rejectsOf = await countBy(warehouse, sql`rejected_row`)
  if (new Set(loads.map((load) => load.file_name)).size !== loads.length)
    damage.disagreements.push('a file has two loads')
  for (const id of files.loads) {
    if (!known.has(id)) damage.disagreements.push(`the load ${id} was acknowledged and is gone`)
  }
  for (const load of loads) {
    const stored = rowsOf.get(load.load_key) ?? 0
    const rejects = rejectsOf.get(load.load_key) ?? 0
    if (load.status !== 'done') {
      damage.unfinished.push(`${load.file_name} is ${load.status}: ${load.error}`)
      if (stored + rejects > 0) damage.half_batches++
      continue
    }
    const settled = load.rows_loaded + load.rows_updated + load.rows_unchanged
    if (settled !== STEPS_A_FILE * FILE_SIGNALS.length || load.rows_rejected !== BAD_ROWS_A_FILE)
      damage.disagreements.push(`${load.file_name} counts ${JSON.stringify(load)}`)
    if (stored !== load.rows_loaded || rejects !== BAD_ROWS_A_FILE)
      damage.disagreements.push(`${load.file_name} has ${stored} rows and ${rejects} refused rows`)
    const number = Number(/\d+/.exec(load.file_name)?.[0])
    const missing = STEPS_A_FILE * FILE_SIGNALS.length - (await countRight(warehouse, number))
    if (missing > 0) damage.half_batches++
    damage.lost += Math.max(0, missing)
    damage.foreign += Math.max(0, -missing)
  }
}

async function countBy(warehouse: Warehouse, table: ReturnType<typeof sql>): Promise<Map<number, number>> {
  const rows = await warehouse.query<{ load_key: number; count: number }>(sql`
    select load_key, count(*) as count
    from ${table}
    group by load_key`)
  return new Map(rows.map((row) => [row.load_key, row.count]))
}

/** How many rows of a file are stored with the value that they have in it. */
async function countRight(warehouse: Warehouse, number: number): Promise<number> {
  const first = firstStepOf(number)
  const step = sql`(${warehouse.dialect.epochMicros(sql`measured_at`)} / 1000000 - ${EPOCH_S})`
  const index = sql`${warehouse.dialect.oneOf(sql`signal.id`, FILE_SIGNALS)}`
  const [row] = await warehouse.query<{ count: number }>(sql`
    select count(*) as count
    from measurement
    join signal on signal.signal_key = measurement.signal_key
    where ${index}
      and measured_at >= ${sql.instant((EPOCH_S + first) * 1e6)}
      and measured_at < ${sql.instant((EPOCH_S + first + STEPS_A_FILE) * 1e6)}
      and value = ${step} * 10 + substr(signal.id, 6)::integer`)
  return row?.count ?? 0
}
