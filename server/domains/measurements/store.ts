// Rows of `measurement`, one per (signal, instant), and the signals they belong to as far as reading and writing
// values needs. SQL in, plain objects out; no rules here. Merging is in merge.ts.

import type { Columns, Db, Warehouse } from '../../engine/db.ts'
import { type Instant, type Sql, sql } from '../../engine/sql.ts'
import { readingsKnownAt } from './history.ts'

/** What is stored of a signal; nulls and 0 when nothing is. */
export interface Extent {
  signal_key: number
  first_at: string | null
  last_at: string | null
  samples: number
}

export async function listExtents(db: Db, keys: number[]): Promise<Extent[]> {
  return await db.query(sql`
    select signal_key, first_at, last_at, samples
    from signal_state
    where ${db.dialect.oneOf(sql`signal_key`, keys)}`)
}

/** Half-open: `from` is in it, `to` is not; null is without that end. */
export interface Span {
  from: Instant | null
  to: Instant | null
}

/** Readings of the signals in the span. */
function chosen(db: Db, keys: number[], { from, to }: Span): Sql {
  const parts = [db.dialect.oneOf(sql`signal_key`, keys)]
  if (from !== null) parts.push(sql`measured_at >= ${sql.instant(from)}`)
  if (to !== null) parts.push(sql`measured_at < ${sql.instant(to)}`)
  return sql.join(parts, sql` and `)
}

export interface ReadingsQuery {
  signals: { signal_key: number; id: string }[]
  span: Span
  /** As known after this write; null is as known now. */
  version: number | null
  order: 'asc' | 'desc'
  /** Continue behind this reading. */
  after: { signal_id: string; measured_at: string } | null
  limit: number | null
}

/** Readings by signal id, then time in the given order: `signal_id, measured_at, value`. */
export function readingsStatement(
  db: Db,
  { signals, span, version, order, after, limit }: ReadingsQuery,
): Sql {
  const beyond = order === 'asc' ? sql`>` : sql`<`
  const only = signals.length === 1 ? signals[0] : undefined
  const id = only ? sql`${only.id}::text` : sql`named.id`
  const keys = signals.map((signal) => signal.signal_key)
  const names = sql`
    join (
      select cast(unnest(${keys.map(String)}::text[]) as integer) as signal_key,
        unnest(${signals.map((signal) => signal.id)}::text[]) as id
    ) as named on named.signal_key = reading.signal_key`
  return sql`
    select ${id} as signal_id, reading.measured_at, reading.value
    from ${readingsKnownAt(version, chosen(db, keys, span))} as reading
    ${only ? sql`` : names}
    ${
      after === null
        ? sql``
        : sql`where ${id} > ${after.signal_id}
            or (${id} = ${after.signal_id} and reading.measured_at ${beyond} ${after.measured_at}::timestamptz)`
    }
    order by signal_id, reading.measured_at ${order === 'asc' ? sql`asc` : sql`desc`}
    ${limit === null ? sql`` : sql`limit ${limit}`}`
}

/** Which readings a question is about: those of the signals in the span, as known after the write `version`, or now. */
export interface Asked {
  keys: number[]
  span: Span
  version: number | null
}

/** Columns `signal_key, measured_at, value`, by signal, then time. */
export async function readReadings(
  warehouse: Warehouse,
  { keys, span, version }: Asked,
  limit: number,
): Promise<Columns> {
  return await warehouse.columns(sql`
    select signal_key, measured_at, value
    from ${readingsKnownAt(version, chosen(warehouse, keys, span))} as reading
    order by signal_key, measured_at
    limit ${limit}`)
}

/**
 * First, last, least and greatest reading of each slice of `sliceMicros` from `start`. Columns: `signal_key,
 * slice, samples, first_at, first_value, last_at, last_value, least_at, least_value, greatest_at, greatest_value`.
 */
export async function readSlices(
  warehouse: Warehouse,
  { keys, span, version }: Asked,
  { start, sliceMicros }: { start: Instant; sliceMicros: number },
): Promise<Columns> {
  const { argMin, argMax, epochMicros, floorDivide } = warehouse.dialect
  const at = sql`measured_at`
  const value = sql`value`
  const offset = sql`(${epochMicros(at)} - ${start})`
  // From the start of a span on no offset is negative, and plain division rounds down.
  const slice =
    span.from === null ? floorDivide(offset, sql`${sliceMicros}`) : sql`${offset} / ${sliceMicros}`
  return await warehouse.columns(sql`
    select
      signal_key, ${slice} as slice, count(*) as samples,
      min(measured_at) as first_at, ${argMin(value, at)} as first_value,
      max(measured_at) as last_at, ${argMax(value, at)} as last_value,
      ${argMin(at, value)} as least_at, min(value) as least_value,
      ${argMax(at, value)} as greatest_at, max(value) as greatest_value
    from ${readingsKnownAt(version, chosen(warehouse, keys, span))} as reading
    group by 1, 2
    order by 1, 2`)
}

/** Removes the readings of a signal in the span, and all that was known of them; answers how many there were. */
export async function removeReadings(tx: Db, signalKey: number, span: Span): Promise<number> {
  const readings = chosen(tx, [signalKey], span)
  await tx.run(sql`
    delete from earlier_measurement
    where ${readings}`)
  return await tx.run(sql`
    delete from measurement
    where ${readings}`)
}
