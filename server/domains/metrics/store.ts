// Rows of `metric` in control, and what metrics must know of signals and datasets in the warehouse before they can be
// calculated. SQL in, plain objects out; no rules here.

import type { Column } from '../../../contract/datasets.ts'
import type { Metric, SignalDefinition } from '../../../contract/metrics.ts'
import type { Db } from '../../engine/db.ts'
import { type Instant, type Sql, sql } from '../../engine/sql.ts'

type StoredMetric = Omit<Metric, 'tags' | 'definition'> & { tags: string; definition: string }

const SELECT_METRIC = sql`
  select id, name, description, unit, format, tags, time_column, version, definition, created_at, updated_at
  from metric`

export async function findMetric(db: Db, id: string): Promise<Metric | undefined> {
  const [row] = await db.query<StoredMetric>(sql`
    ${SELECT_METRIC}
    where id = ${id}`)
  return row && decode(row)
}

/** Where a page of the list begins: after the metric made then, with this id. */
export type Position = [created_at: string, id: string]

export interface MetricFilter {
  /** Stands in the id, name or description, in any letter case. */
  q?: string | undefined
  tag?: string | undefined
}

/** Metrics in the order in which they were made, those after a position. */
export async function listMetrics(
  db: Db,
  { q, tag }: MetricFilter,
  page: { after: Position | null; limit: number },
): Promise<Metric[]> {
  const [createdAt, afterId] = page.after ?? ['', '']
  const conditions = [sql`(created_at > ${createdAt} or (created_at = ${createdAt} and id > ${afterId}))`]
  if (q !== undefined) {
    const pattern = `%${escapePattern(q)}%`
    const columns = [sql`id`, sql`name`, sql`description`]
    const matches = columns.map((column) => sql`lower(${column}) like lower(${pattern}) escape '!'`)
    conditions.push(sql`(${sql.join(matches, sql` or `)})`)
  }
  if (tag !== undefined) {
    conditions.push(sql`lower(tags) like lower(${`%${escapePattern(JSON.stringify(tag))}%`}) escape '!'`)
  }
  const rows = await db.query<StoredMetric>(sql`
    ${SELECT_METRIC}
    where ${sql.join(conditions, sql` and `)}
    order by created_at, id
    limit ${page.limit}`)
  return rows.map(decode)
}

export async function insertMetric(db: Db, metric: Metric): Promise<void> {
  const { id, name, description, unit, format, time_column, version, created_at, updated_at } = metric
  await db.run(sql`
    insert into metric
      (id, name, description, unit, format, tags, time_column, version, definition, created_at, updated_at)
    values
      (${id}, ${name}, ${description}, ${unit}, ${format}, ${JSON.stringify(metric.tags)}, ${time_column}, ${version},
        ${JSON.stringify(metric.definition)}, ${created_at}, ${updated_at})`)
}

export async function updateMetric(db: Db, metric: Metric): Promise<void> {
  const { id, name, description, unit, format, time_column, version, updated_at } = metric
  await db.run(sql`
    update metric
    set name = ${name}, description = ${description}, unit = ${unit}, format = ${format},
      tags = ${JSON.stringify(metric.tags)}, time_column = ${time_column}, version = ${version},
      definition = ${JSON.stringify(metric.definition)}, updated_at = ${updated_at}
    where id = ${id}`)
}

export async function removeMetric(db: Db, id: string): Promise<number> {
  return db.run(sql`delete from metric where id = ${id}`)
}

/** The columns of a dataset; undefined when there is none of the name. */
export async function findColumns(db: Db, dataset: string): Promise<Column[] | undefined> {
  const [row] = await db.query<{ columns: string }>(sql`
    select cast(columns as text) as columns
    from dataset
    where name = ${dataset}`)
  return row && JSON.parse(row.columns)
}

/** Those of the named datasets that exist, with the names of their columns. */
export async function listDatasets(db: Db, names: string[]): Promise<{ name: string; columns: string[] }[]> {
  if (names.length === 0) return []
  const rows = await db.query<{ name: string; columns: string }>(sql`
    select name, cast(columns as text) as columns
    from dataset
    where ${db.dialect.oneOf(sql`name`, names)}`)
  return rows.map(({ name, columns }) => ({
    name,
    columns: (JSON.parse(columns) as Column[]).map((column) => column.name), // as datasets store them
  }))
}

/** The first names of datasets, by name. */
export async function listDatasetNames(db: Db, limit: number): Promise<string[]> {
  const rows = await db.query<{ name: string }>(sql`
    select name
    from dataset
    order by name
    limit ${limit}`)
  return rows.map(({ name }) => name)
}

export type SignalFilter = Pick<SignalDefinition, 'signal_ids' | 'quantity' | 'asset_type' | 'asset_ids'>

/** What a metric reads of measurements. */
export interface ReadSignal {
  signal_key: number
  id: string
  /** Microseconds since 1970; null without a measurement. */
  first_at: Instant | null
  last_at: Instant | null
}

/** Signals that pass a filter, by key. */
export async function listSignals(db: Db, filter: SignalFilter, limit: number): Promise<ReadSignal[]> {
  return db.query<ReadSignal>(sql`
    select signal.signal_key, signal.id, ${db.dialect.epochMicros(sql`signal_state.first_at`)} as first_at,
      ${db.dialect.epochMicros(sql`signal_state.last_at`)} as last_at
    ${fromSignals(db, filter)}
    order by signal.signal_key
    limit ${limit}`)
}

/** The first and last instant of all signals that pass a filter. */
export async function findExtent(
  db: Db,
  filter: SignalFilter,
): Promise<{ first_at: Instant | null; last_at: Instant | null }> {
  const [row] = await db.query<{ first_at: Instant | null; last_at: Instant | null }>(sql`
    select ${db.dialect.epochMicros(sql`min(signal_state.first_at)`)} as first_at,
      ${db.dialect.epochMicros(sql`max(signal_state.last_at)`)} as last_at
    ${fromSignals(db, filter)}`)
  return row ?? { first_at: null, last_at: null }
}

/** The keys of the signals that pass a filter, as a select of one column. */
export function keysOf(db: Db, filter: SignalFilter): Sql {
  return sql`select signal.signal_key ${fromSignals(db, filter)}`
}

/** Those of the given ids of assets that exist. */
export async function listAssetIds(db: Db, ids: string[]): Promise<string[]> {
  const rows = await db.query<{ id: string }>(sql`
    select id
    from asset
    where ${db.dialect.oneOf(sql`id`, ids)}`)
  return rows.map((row) => row.id)
}

export async function hasAssetType(db: Db, name: string): Promise<boolean> {
  const rows = await db.query(sql`
    select name
    from asset_type
    where name = ${name}`)
  return rows.length > 0
}

/** The least and greatest value of an expression over the rows of a dataset. */
export async function findEnds(
  db: Db,
  table: Sql,
  micros: Sql,
): Promise<{ least: number | null; greatest: number | null }> {
  const [row] = await db.query<{ least: number | null; greatest: number | null }>(sql`
    select min(${micros}) as least, max(${micros}) as greatest
    from ${table}`)
  return row ?? { least: null, greatest: null }
}

function fromSignals(db: Db, { signal_ids, quantity, asset_type, asset_ids }: SignalFilter): Sql {
  const conditions = [sql`true`]
  if (signal_ids !== undefined) conditions.push(db.dialect.oneOf(sql`signal.id`, signal_ids))
  if (quantity !== undefined) conditions.push(sql`signal.quantity = ${quantity}`)
  if (asset_type !== undefined) conditions.push(sql`asset.type = ${asset_type}`)
  if (asset_ids !== undefined) conditions.push(db.dialect.oneOf(sql`asset.id`, asset_ids))
  return sql`
    from signal
    join asset on asset.id = signal.asset_id
    left join signal_state on signal_state.signal_key = signal.signal_key
    where ${sql.join(conditions, sql` and `)}`
}

function escapePattern(text: string): string {
  return text.replace(/[!%_]/g, '!$&')
}

function decode(row: StoredMetric): Metric {
  return { ...row, tags: JSON.parse(row.tags), definition: JSON.parse(row.definition) }
}
