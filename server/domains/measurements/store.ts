// Rows of `measurement`, one per (signal, instant), and the signals they belong to as far as reading and writing
// values needs. SQL in, plain objects out; no rules here. Merging is in merge.ts.

import type { Columns, Db, Warehouse } from '../../engine/db.ts'
import { type Instant, type Sql, sql } from '../../engine/sql.ts'

export interface SignalRef {
  signal_key: number
  id: string
  asset_id: string
  quantity: string
  unit: string
}

/** A signal with the extent of what is stored of it; nulls and 0 when nothing is. */
export interface SignalExtent extends SignalRef {
  first_at: string | null
  last_at: string | null
  samples: number
}

export async function listSignalsById(db: Db, ids: string[]): Promise<SignalExtent[]> {
  return await db.query(sql`
    select signal.signal_key, id, asset_id, quantity, unit, first_at, last_at, samples
    from signal
    join signal_state on signal_state.signal_key = signal.signal_key
    where ${db.dialect.oneOf(sql`id`, ids)}`)
}

/** Signals of the assets; those of other quantities too. */
export async function listSignalsOfAssets(db: Db, assetIds: string[]): Promise<SignalRef[]> {
  return await db.query(sql`
    select signal_key, id, asset_id, quantity, unit
    from signal
    where ${db.dialect.oneOf(sql`asset_id`, assetIds)}`)
}

/** Every signal, for a load that may name any of them. */
export async function listAllSignals(db: Db): Promise<SignalRef[]> {
  return await db.query(sql`
    select signal_key, id, asset_id, quantity, unit
    from signal
    order by signal_key`)
}

/** Half-open: `from` is in it, `to` is not; null is without that end. */
export interface Span {
  from: Instant | null
  to: Instant | null
}

function within({ from, to }: Span): Sql {
  const parts = [
    from === null ? sql`` : sql`and measured_at >= ${sql.instant(from)}`,
    to === null ? sql`` : sql`and measured_at < ${sql.instant(to)}`,
  ]
  return sql.join(parts, sql` `)
}

export interface ReadingsQuery {
  signalIds: string[]
  span: Span
  order: 'asc' | 'desc'
  /** Continue behind this reading. */
  after: { signal_id: string; measured_at: string } | null
  limit: number | null
}

/** Readings by signal id, then time in the given order: `signal_id, measured_at, value`. */
export function readingsStatement(db: Db, { signalIds, span, order, after, limit }: ReadingsQuery): Sql {
  const beyond = order === 'asc' ? sql`>` : sql`<`
  return sql`
    select signal.id as signal_id, measurement.measured_at, measurement.value
    from measurement
    join signal on signal.signal_key = measurement.signal_key
    where ${db.dialect.oneOf(sql`signal.id`, signalIds)} ${within(span)}
      ${
        after === null
          ? sql``
          : sql`and (signal.id > ${after.signal_id}
              or (signal.id = ${after.signal_id} and measured_at ${beyond} ${after.measured_at}::timestamptz))`
      }
    order by signal.id, measurement.measured_at ${order === 'asc' ? sql`asc` : sql`desc`}
    ${limit === null ? sql`` : sql`limit ${limit}`}`
}

/** Columns `signal_key, measured_at, value`, by signal, then time. */
export async function readReadings(
  warehouse: Warehouse,
  { keys, span, limit }: { keys: number[]; span: Span; limit: number },
): Promise<Columns> {
  return await warehouse.columns(sql`
    select signal_key, measured_at, value
    from measurement
    where ${warehouse.dialect.oneOf(sql`signal_key`, keys)} ${within(span)}
    order by signal_key, measured_at
    limit ${limit}`)
}

/**
 * First, last, least and greatest reading of each slice of `sliceMicros` from `start`. Columns: `signal_key,
 * slice, samples, first_at, first_value, last_at, last_value, least_at, least_value, greatest_at, greatest_value`.
 */
export async function readSlices(
  warehouse: Warehouse,
  { keys, span, start, sliceMicros }: { keys: number[]; span: Span; start: Instant; sliceMicros: number },
): Promise<Columns> {
  const { argMin, argMax, epochMicros, floorDivide } = warehouse.dialect
  const at = sql`measured_at`
  const value = sql`value`
  const slice = floorDivide(sql`${epochMicros(at)} - ${start}`, sql`${sliceMicros}`)
  return await warehouse.columns(sql`
    select
      signal_key, ${slice} as slice, count(*) as samples,
      min(measured_at) as first_at, ${argMin(value, at)} as first_value,
      max(measured_at) as last_at, ${argMax(value, at)} as last_value,
      ${argMin(at, value)} as least_at, min(value) as least_value,
      ${argMax(at, value)} as greatest_at, max(value) as greatest_value
    from measurement
    where ${warehouse.dialect.oneOf(sql`signal_key`, keys)} ${within(span)}
    group by 1, 2
    order by 1, 2`)
}

/** Removes the readings of a signal in the span; answers how many. */
export async function removeReadings(tx: Db, signalKey: number, span: Span): Promise<number> {
  return await tx.run(sql`
    delete from measurement
    where signal_key = ${signalKey} ${within(span)}`)
}

/** Works out `signal_state` of a signal from what is stored. */
export async function recountState(tx: Db, signalKey: number): Promise<void> {
  await tx.run(sql`
    update signal_state
    set first_at = whole.first_at, last_at = whole.last_at, last_value = whole.last_value, samples = whole.samples
    from (
      select
        min(measured_at) as first_at,
        max(measured_at) as last_at,
        ${tx.dialect.argMax(sql`value`, sql`measured_at`)} as last_value,
        count(*) as samples
      from measurement
      where signal_key = ${signalKey}
    ) as whole
    where signal_key = ${signalKey}`)
}
