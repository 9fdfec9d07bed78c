// Rows of `dataset`, and the tables of schema `dataset` that they describe. SQL in, plain objects out; no rules here.
// Beside its own columns a table has `_row`, the order in which rows came, and `_load`, who brought their values.

import type { Cell, Column, ColumnType, Dataset } from '../../../contract/datasets.ts'
import type { Db, TextFormat, Warehouse } from '../../engine/db.ts'
import { type Instant, type Sql, sql } from '../../engine/sql.ts'

/** A dataset without the number of its rows, which is counted when asked. */
export type Definition = Omit<Dataset, 'rows'>

/** What became of merged rows; each is in exactly one. */
export interface MergeCounts {
  loaded: number
  updated: number
  unchanged: number
}

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
  await db.run(sql`delete from dataset where name = ${name}`)
}

/** Answers how many rows there were. */
export async function removeRows(db: Db, name: string): Promise<number> {
  return db.run(sql`delete from ${tableOf(name)}`)
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

/** Merges rows given as values, in this order; their load is `loadKey`. */
export async function mergeValues(
  tx: Db,
  dataset: Definition,
  rows: Cell[][],
  loadKey: number,
): Promise<MergeCounts> {
  const { columns } = dataset
  await tx.run(sql`create temporary table staged_row (${columnTypes(columns)}, _line bigint not null)`)
  const cells = columns.map(({ name, type }) => sql`${readCell(sql.identifier(name), type)}`)
  const lists = columns.map(
    ({ name }, index) =>
      sql`unnest(${rows.map((row) => writeCell(row[index] ?? null))}::text[]) as ${sql.identifier(name)}`,
  )
  const lines = rows.map((_, index) => String(index))
  await tx.run(sql`
    insert into staged_row (${columnNames(columns)}, _line)
    select ${sql.join(cells)}, cast(_line as bigint)
    from (select ${sql.join(lists)}, unnest(${lines}::text[]) as _line) as given`)
  const counts = await mergeStaged(tx, dataset, loadKey)
  await tx.run(sql`drop table staged_row`)
  return counts
}

/**
 * Merges the temporary table `staged_row` (the columns of the dataset, and `_line bigint`) into the dataset, as if its
 * rows came one after the other in the order of `_line`. Without a unique key all are new. With one, a row whose key
 * is there already is unchanged when all its values are the same, and otherwise replaces them and takes `loadKey`;
 * that holds between rows of the batch, too.
 */
export async function mergeStaged(
  tx: Db,
  dataset: Pick<Definition, 'name' | 'columns' | 'unique_key'>,
  loadKey: number,
): Promise<MergeCounts> {
  const { name, columns, unique_key } = dataset
  if (unique_key === null) {
    const loaded = await tx.run(sql`
      insert into ${tableOf(name)} (${columnNames(columns)}, _row, _load)
      select ${columnNames(columns)}, ${nextRow(name)} + row_number() over (order by _line), ${loadKey}::integer
      from staged_row`)
    return { loaded, updated: 0, unchanged: 0 }
  }
  const parts = keyedParts(columns, unique_key)
  await tx.run(sql`
    create temporary table staged_place as
    select staged_row.*,
      row_number() over (partition by ${parts.key} order by _line) as _place,
      count(*) over (partition by ${parts.key}) as _places,
      min(_line) over (partition by ${parts.key}) as _first_line
    from staged_row`)
  const { sameKey } = parts
  const withStored = sql`left join ${tableOf(name)} as stored on ${sameKey} where given._place = 1`
  const withEarlier = sql`join staged_place as stored on ${sameKey} and given._place = stored._place + 1`
  const counts = add(await compare(tx, parts, withStored), await compare(tx, parts, withEarlier))
  if (counts.updated > 0) await updateStored(tx, name, parts, loadKey)
  if (counts.loaded > 0) await insertNew(tx, name, columns, parts, loadKey)
  await tx.run(sql`drop table staged_place`)
  return counts
}

/** The parts of statements about a unique key: `given` is a staged row, `stored` the one it is compared with. */
interface KeyedParts {
  key: Sql
  sameKey: Sql
  /** There is no stored row: columns of the key are never null. */
  absent: Sql
  differs: Sql
  assignments: Sql[]
}

function keyedParts(columns: Column[], uniqueKey: string[]): KeyedParts {
  const keys = uniqueKey.map((name) => sql.identifier(name))
  const others = columns
    .filter(({ name }) => !uniqueKey.includes(name))
    .map(({ name }) => sql.identifier(name))
  const differences = others.map((name) => sql`given.${name} is distinct from stored.${name}`)
  return {
    key: sql.join(keys),
    sameKey: sql.join(
      keys.map((name) => sql`given.${name} = stored.${name}`),
      sql` and `,
    ),
    absent: sql`stored.${keys[0] ?? sql`_row`} is null`,
    differs: differences.length === 0 ? sql`false` : sql`(${sql.join(differences, sql` or `)})`,
    assignments: others.map((name) => sql`${name} = given.${name}`),
  }
}

/** What rows of the batch do to those they are paired with; one without a pair is new. */
async function compare(tx: Db, { absent, differs }: KeyedParts, pairs: Sql): Promise<MergeCounts> {
  const [row] = await tx.query<MergeCounts>(sql`
    select count(*) filter (where ${absent}) as loaded,
      count(*) filter (where not ${absent} and ${differs}) as updated,
      count(*) filter (where not ${absent} and not ${differs}) as unchanged
    from staged_place as given
    ${pairs}`)
  return row ?? { loaded: 0, updated: 0, unchanged: 0 }
}

async function updateStored(tx: Db, name: string, parts: KeyedParts, loadKey: number): Promise<void> {
  await tx.run(sql`
    update ${tableOf(name)} as stored
    set ${sql.join([...parts.assignments, sql`_load = ${loadKey}::integer`])}
    from staged_place as given
    where given._place = given._places and ${parts.sameKey} and ${parts.differs}`)
}

async function insertNew(
  tx: Db,
  name: string,
  columns: Column[],
  { sameKey }: KeyedParts,
  loadKey: number,
): Promise<void> {
  await tx.run(sql`
    insert into ${tableOf(name)} (${columnNames(columns)}, _row, _load)
    select ${columnNames(columns)}, ${nextRow(name)} + row_number() over (order by _first_line), ${loadKey}::integer
    from staged_place as given
    where given._place = given._places
      and not exists (select 1 from ${tableOf(name)} as stored where ${sameKey})`)
}

function add(a: MergeCounts, b: MergeCounts): MergeCounts {
  return { loaded: a.loaded + b.loaded, updated: a.updated + b.updated, unchanged: a.unchanged + b.unchanged }
}

function tableOf(name: string): Sql {
  return sql`dataset.${sql.identifier(name)}`
}

/** The greatest `_row` so far, 0 for none. */
function nextRow(name: string): Sql {
  return sql`(select coalesce(max(_row), 0) from ${tableOf(name)})`
}

function columnNames(columns: Column[]): Sql {
  return sql.join(columns.map(({ name }) => sql.identifier(name)))
}

function columnTypes(columns: Column[]): Sql {
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

/** A cell in a list of texts, which cannot hold null: the empty text is null, others begin with `=`. */
function writeCell(cell: Cell): string {
  return cell === null ? '' : `=${cell}`
}

function readCell(column: Sql, type: ColumnType): Sql {
  return sql`cast(case when ${column} <> '' then substr(${column}, 2) end as ${sql.trusted(SQL_TYPES[type])})`
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
