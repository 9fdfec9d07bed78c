// Rows of `dataset`, and the tables of schema `dataset` that they describe. SQL in, plain objects out; no rules here.
// Beside its own columns a table has `_row`, the order in which rows came, and `_load`, who brought their values.

import type { Cell, Column, ColumnType, Dataset } from '../../../contract/datasets.ts'
import type { Db, TextFormat, Warehouse } from '../../engine/db.ts'
import { type Instant, type Sql, sql } from '../../engine/sql.ts'

/** A dataset without the number of its rows, which is counted when asked. */
export type Definition = Omit<Dataset, 'rows'>

interface StoredDefinition {
  name: string
  description: string
  columns: string
  unique_key: string | null
  created_at: string
}

const SELECT_DATASET = sql`
  select name, description, cast(columns as text) as columns, cast(unique_key as text) as unique_key, created_at
  from dataset`

/** The types of columns in a table; the same words in both engines. */
export const SQL_TYPES: Record<ColumnType, string> = {
  integer: 'bigint',
  number: 'double precision',
  text: 'text',
  boolean: 'boolean',
  timestamp: 'timestamptz',
  date: 'date',
}

export async function findDataset(db: Db, name: string): Promise<Definition | undefined> {
  const [row] = await db.query<StoredDefinition>(sql`
    ${SELECT_DATASET}
    where name = ${name}`)
  return row && decode(row)
}

/** Datasets by name, those after `after`. */
export async function listDatasets(db: Db, after: string, limit: number): Promise<Definition[]> {
  const rows = await db.query<StoredDefinition>(sql`
    ${SELECT_DATASET}
    where name collate "C" > ${after}
    order by name collate "C"
    limit ${limit}`)
  return rows.map(decode)
}

/** How many rows each of the datasets has. */
export async function countRows(db: Db, names: string[]): Promise<Map<string, number>> {
  if (names.length === 0) return new Map()
  const counts = names.map(
    (name) => sql`select ${name}::text as name, count(*) as total from ${tableOf(name)}`,
  )
  const rows = await db.query<{ name: string; total: number }>(sql.join(counts, sql` union all `))
  return new Map(rows.map((row) => [row.name, row.total]))
}

export async function createDataset(
  db: Db,
  dataset: Omit<Definition, 'created_at'>,
  now: Instant,
): Promise<void> {
  const { name, description, columns, unique_key } = dataset
  const key = unique_key === null ? null : JSON.stringify(unique_key)
  await db.run(sql`
    insert into dataset (name, description, columns, unique_key, created_at)
    values (${name}, ${description}, ${JSON.stringify(columns)}::json, ${key}::json, ${sql.instant(now)})`)
  await db.run(sql`
    create table ${tableOf(name)} (${columnTypes(columns)}, _row bigint not null, _load integer not null)`)
}

export async function dropDataset(db: Db, name: string): Promise<void> {
  await db.run(sql`drop table ${tableOf(name)}`)
  await forgetEarlierRows(db, name)
  await db.run(sql`delete from dataset where name = ${name}`)
}

/** Answers how many rows there were. */
export async function removeRows(db: Db, name: string): Promise<number> {
  await forgetEarlierRows(db, name)
  return db.run(sql`delete from ${tableOf(name)}`)
}

/** Rows that are gone cannot be as they were before a load. */
async function forgetEarlierRows(db: Db, name: string): Promise<void> {
  await db.run(sql`delete from earlier_record where target = ${earlierTarget(name)}`)
}

/** Rows in the order in which they came, those after `after`, with their `_row`. */
export async function listRows(
  db: Db,
  dataset: Definition,
  page: { after: number; limit: number },
): Promise<(Record<string, Cell> & { _row: number })[]> {
  return db.query(sql`
    select ${shownColumns(dataset)}, _row
    from ${tableOf(dataset.name)}
    where _row > ${page.after}
    order by _row
    limit ${page.limit}`)
}

/** All rows as text, in the order in which they came. */
export function readText(
  warehouse: Warehouse,
  dataset: Definition,
  format: TextFormat,
): AsyncIterable<Uint8Array> {
  return warehouse.text(
    sql`
      select ${shownColumns(dataset)}
      from ${tableOf(dataset.name)}
      order by _row`,
    format,
  )
}

/** What the earlier rows of a dataset are kept under. */
export const earlierTarget = (name: string) => `dataset:${name}`

export function tableOf(name: string): Sql {
  return sql`dataset.${sql.identifier(name)}`
}

export function columnNames(columns: Column[]): Sql {
  return sql.join(columns.map(({ name }) => sql.identifier(name)))
}

export function columnTypes(columns: Column[]): Sql {
  return sql.join(
    columns.map(({ name, type }) => sql`${sql.identifier(name)} ${sql.trusted(SQL_TYPES[type])}`),
  )
}

/** Columns as they go on the wire: a date as text, since engines differ in what they make of it. */
function shownColumns({ columns }: Definition): Sql {
  return sql.join(
    columns.map(({ name, type }) =>
      type === 'date'
        ? sql`cast(${sql.identifier(name)} as text) as ${sql.identifier(name)}`
        : sql.identifier(name),
    ),
  )
}

function decode({ name, description, columns, unique_key, created_at }: StoredDefinition): Definition {
  return {
    name,
    description,
    columns: JSON.parse(columns),
    unique_key: unique_key === null ? null : JSON.parse(unique_key),
    created_at,
  }
}
