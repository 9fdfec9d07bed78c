// Rows of `signal` and `signal_state`, and what is asked of one signal's measurements. SQL in, plain objects out.

import type { Signal } from '../../../contract/signals.ts'
import type { Db } from '../../engine/db.ts'
import { type Instant, type Sql, sql } from '../../engine/sql.ts'
import type { SignalEntry } from './directory.ts'
import type { SignalContent, StoredSignal } from './signal-batch.ts'

const SELECT_SIGNAL = sql`
  select signal.id, signal.asset_id, signal.name, signal.quantity, signal.unit, signal_state.first_at,
    signal_state.last_at, signal_state.last_value, coalesce(signal_state.samples, 0) as count,
    signal.created_at, signal.updated_at
  from signal
  left join signal_state on signal_state.signal_key = signal.signal_key`

export async function findSignal(db: Db, id: string): Promise<Signal | undefined> {
  const [row] = await db.query<Signal>(sql`
    ${SELECT_SIGNAL}
    where signal.id = ${id}`)
  return row
}

/** The integer that stands for a signal in `measurement`. */
export async function findKey(db: Db, id: string): Promise<number | undefined> {
  const [row] = await db.query<{ signal_key: number }>(sql`
    select signal_key
    from signal
    where id = ${id}`)
  return row?.signal_key
}

/** The signal of an asset that has this name. */
export async function findIdAt(db: Db, assetId: string, name: string): Promise<string | undefined> {
  const [row] = await db.query<{ id: string }>(sql`
    select id
    from signal
    where asset_id = ${assetId} and name = ${name}`)
  return row?.id
}

/** Every signal by its key, as the directory holds it. */
export async function listEntries(db: Db): Promise<SignalEntry[]> {
  return db.query<SignalEntry>(sql`
    select signal_key, id, asset_id, quantity, unit
    from signal
    order by signal_key`)
}

/** Signals that have the id of one of these, or a name of one. */
export async function listTaken(
  db: Db,
  signals: { id: string; name: string }[],
): Promise<{ id: string; asset_id: string; name: string }[]> {
  const ids = signals.map(({ id }) => id)
  const names = signals.map(({ name }) => name)
  return db.query(sql`
    select id, asset_id, name
    from signal
    where ${db.dialect.oneOf(sql`id`, ids)} or ${db.dialect.oneOf(sql`name`, names)}`)
}

export interface SignalFilter {
  asset_id?: string | undefined
  quantity?: string | undefined
  /** Part of the id or name, in any case. */
  q?: string | undefined
}

/** Signals by id (in the order of its bytes), those after `after`. */
export async function listSignals(
  db: Db,
  filter: SignalFilter,
  page: { after: string; limit: number },
): Promise<Signal[]> {
  const { asset_id, quantity, q } = filter
  const conditions = [sql`signal.id collate "C" > ${page.after}`]
  if (asset_id !== undefined) conditions.push(sql`signal.asset_id = ${asset_id}`)
  if (quantity !== undefined) conditions.push(sql`signal.quantity = ${quantity}`)
  if (q !== undefined) {
    conditions.push(
      sql`(strpos(lower(signal.id), lower(${q})) > 0 or strpos(lower(signal.name), lower(${q})) > 0)`,
    )
  }
  return db.query<Signal>(sql`
    ${SELECT_SIGNAL}
    where ${sql.join(conditions, sql` and `)}
    order by signal.id collate "C"
    limit ${page.limit}`)
}

/** The content of all signals, with their keys and numbers of measurements. */
export async function listStored(db: Db): Promise<StoredSignal[]> {
  return db.query<StoredSignal>(sql`
    select signal.signal_key, signal.id, signal.asset_id, signal.name, signal.quantity, signal.unit,
      coalesce(signal_state.samples, 0) as samples
    from signal
    left join signal_state on signal_state.signal_key = signal.signal_key
    order by signal.signal_key`)
}

export async function listKeysOfAssets(db: Db, assetIds: string[]): Promise<number[]> {
  const rows = await db.query<{ signal_key: number }>(sql`
    select signal_key
    from signal
    where ${db.dialect.oneOf(sql`asset_id`, assetIds)}`)
  return rows.map((row) => row.signal_key)
}

/** How many signals each of the assets has; those without any are left out. */
export async function countByAsset(db: Db, assetIds: string[]): Promise<Map<string, number>> {
  const rows = await db.query<{ asset_id: string; signals: number }>(sql`
    select asset_id, count(*) as signals
    from signal
    where ${db.dialect.oneOf(sql`asset_id`, assetIds)}
    group by asset_id`)
  return new Map(rows.map(({ asset_id, signals }) => [asset_id, signals]))
}

/** Greater than the key of any signal, those that were deleted included. */
export async function nextKey(db: Db): Promise<number> {
  const [row] = await db.query<{ last_key: number }>(sql`
    select coalesce(max(signal_key), 0) as last_key
    from signal_state`)
  return (row?.last_key ?? 0) + 1
}

export async function listKeys(
  db: Db,
  ids: string[],
): Promise<{ id: string; signal_key: number; unit: string }[]> {
  return db.query(sql`
    select id, signal_key, unit
    from signal
    where ${db.dialect.oneOf(sql`id`, ids)}`)
}

/**
 * Inserts signals with an empty state each. Keys follow the greatest ever used: the state of a deleted signal stays
 * behind as the mark that its key is taken.
 */
export async function insertSignals(db: Db, signals: SignalContent[], now: Instant): Promise<void> {
  const firstKey = await nextKey(db)
  const keys = signals.map((_, position) => String(firstKey + position))
  await db.run(sql`
    insert into signal (signal_key, id, asset_id, name, quantity, unit, created_at, updated_at)
    select cast(signal_key as integer), id, asset_id, name, quantity, unit, ${sql.instant(now)}, ${sql.instant(now)}
    from (select unnest(${keys}::text[]) as signal_key, ${lists(signals)}) as given`)
  await db.run(sql`
    insert into signal_state (signal_key, samples)
    select cast(signal_key as integer), 0
    from (select unnest(${keys}::text[]) as signal_key) as given`)
}

/** Replaces the content of stored signals. */
export async function updateSignals(db: Db, signals: SignalContent[], now: Instant): Promise<void> {
  await db.run(sql`
    update signal
    set asset_id = given.asset_id, name = given.name, quantity = given.quantity, unit = given.unit,
      updated_at = ${sql.instant(now)}
    from (select ${lists(signals)}) as given
    where signal.id = given.id`)
}

/** Removes signals with all their measurements; answers how many measurements there were. */
export async function removeSignals(db: Db, keys: number[]): Promise<number> {
  await db.run(sql`
    delete from earlier_measurement
    where ${db.dialect.oneOf(sql`signal_key`, keys)}`)
  const measurements = await db.run(sql`
    delete from measurement
    where ${db.dialect.oneOf(sql`signal_key`, keys)}`)
  await db.run(sql`
    update signal_state
    set first_at = null, last_at = null, last_value = null, samples = 0
    where ${db.dialect.oneOf(sql`signal_key`, keys)}`)
  await db.run(sql`
    delete from signal
    where ${db.dialect.oneOf(sql`signal_key`, keys)}`)
  return measurements
}

export interface Statistics {
  count: number
  min: number | null
  max: number | null
  median: number | null
  first_at: string | null
  last_at: string | null
  /** To be divided by `scale`. */
  scaled_mean: number | null
  /** Of the sample (n - 1), to be divided by `scale`; null for fewer than two rows. */
  scaled_std_dev: number | null
  scale: number | null
}

/**
 * Statistics of one signal over [from, to); an open end is null. Values beyond 1e150 are scaled by 2^-600 before they
 * are summed and squared, where either engine would otherwise overflow; a power of two keeps every digit.
 */
export async function findStatistics(
  db: Db,
  signalKey: number,
  range: { from: Instant | null; to: Instant | null },
): Promise<Statistics> {
  const [row] = await db.query<Statistics>(sql`
    with slice as materialized (
      select measured_at, value
      from measurement
      where ${sql.join(within(signalKey, range), sql` and `)}
    ),
    scaling as (
      select case when max(abs(value)) > 1e150::double precision then power(2::double precision, -600)
        else 1::double precision end as factor
      from slice
    )
    select count(*) as count, min(value) as min, max(value) as max, ${db.dialect.median(sql`value`)} as median,
      min(measured_at) as first_at, max(measured_at) as last_at, avg(value * factor) as scaled_mean,
      stddev_samp(value * factor) as scaled_std_dev, max(factor) as scale
    from slice
    cross join scaling`)
  if (!row) throw new Error('an aggregate without groups gave no row')
  return row
}

/** Columns of signals, each a list of text: many rows of placeholders would take DuckDB ten times as long. */
function lists(signals: SignalContent[]): Sql {
  const list = (textOf: (signal: SignalContent) => string) => sql`unnest(${signals.map(textOf)}::text[])`
  return sql`${list(({ id }) => id)} as id, ${list(({ asset_id }) => asset_id)} as asset_id,
      ${list(({ name }) => name)} as name, ${list(({ quantity }) => quantity)} as quantity,
      ${list(({ unit }) => unit)} as unit`
}

function within(signalKey: number, { from, to }: { from: Instant | null; to: Instant | null }): Sql[] {
  const conditions = [sql`signal_key = ${signalKey}`]
  if (from !== null) conditions.push(sql`measured_at >= ${sql.instant(from)}`)
  if (to !== null) conditions.push(sql`measured_at < ${sql.instant(to)}`)
  return conditions
}
