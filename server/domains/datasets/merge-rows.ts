// Merging checked rows into a dataset: which are new, changed, or as they were. SQL only, the same on every engine; it
// runs inside a write, so that nothing else writes meanwhile.

import type { Cell, Column, ColumnType } from '../../../contract/datasets.ts'
import type { Db, Tx } from '../../engine/db.ts'
import { type Sql, sql } from '../../engine/sql.ts'
import { columnNames, columnTypes, type Definition, earlierTarget, SQL_TYPES, tableOf } from './store.ts'
import { rowJson } from './undo-rows.ts'

/** What became of merged rows; each is in exactly one of the first three. */
export interface MergeCounts {
  loaded: number
  updated: number
  unchanged: number
  /** Of the unchanged, those that repeat an earlier row of the batch. */
  repeated: number
  /** Of the updated, those that correct an earlier row of the batch. */
  superseded: number
}

type Compared = Pick<MergeCounts, 'loaded' | 'updated' | 'unchanged'>

const NOTHING: MergeCounts = { loaded: 0, updated: 0, unchanged: 0, repeated: 0, superseded: 0 }

/** Merges rows given as values, in this order; their load is `loadKey`. */
export async function mergeValues(
  tx: Tx,
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
  tx: Tx,
  dataset: Pick<Definition, 'name' | 'columns' | 'unique_key'>,
  loadKey: number,
): Promise<MergeCounts> {
  const { name, columns, unique_key } = dataset
  if (unique_key === null) {
    const loaded = await tx.run(sql`
      insert into ${tableOf(name)} (${columnNames(columns)}, _row, _load)
      select ${columnNames(columns)}, ${nextRow(name)} + row_number() over (order by _line), ${loadKey}::integer
      from staged_row`)
    return { ...NOTHING, loaded }
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
  const first = await compare(tx, parts, withStored)
  const later = await compare(tx, parts, withEarlier)
  const counts = sumOf(first, later)
  if (counts.updated > 0) {
    if (loadKey > 0) await recordEarlierRows(tx, dataset, parts)
    await updateStored(tx, name, parts, loadKey)
  }
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
async function compare(tx: Db, { absent, differs }: KeyedParts, pairs: Sql): Promise<Compared> {
  const [row] = await tx.query<Compared>(sql`
    select count(*) filter (where ${absent}) as loaded,
      count(*) filter (where not ${absent} and ${differs}) as updated,
      count(*) filter (where not ${absent} and not ${differs}) as unchanged
    from staged_place as given
    ${pairs}`)
  return row ?? NOTHING
}

/** Notes the stored rows that are about to change, so that the load can be undone. */
async function recordEarlierRows(
  tx: Tx,
  { name, columns }: Pick<Definition, 'name' | 'columns'>,
  { sameKey, differs }: KeyedParts,
): Promise<void> {
  await tx.run(sql`
    insert into earlier_record (target, record_id, before_json, version)
    select ${earlierTarget(name)}, cast(stored._row as text), ${rowJson(sql`stored`, columns)},
      ${tx.version}
    from staged_place as given
    join ${tableOf(name)} as stored on ${sameKey}
    where given._place = given._places and ${differs}`)
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

/** Of rows compared with stored ones, and with earlier ones of the batch. */
function sumOf(first: Compared, later: Compared): MergeCounts {
  return {
    loaded: first.loaded,
    updated: first.updated + later.updated,
    unchanged: first.unchanged + later.unchanged,
    repeated: later.unchanged,
    superseded: later.updated,
  }
}

/** The greatest `_row` so far, 0 for none. */
function nextRow(name: string): Sql {
  return sql`(select coalesce(max(_row), 0) from ${tableOf(name)})`
}

/** A cell in a list of texts, which cannot hold null: the empty text is null, others begin with `=`. */
function writeCell(cell: Cell): string {
  return cell === null ? '' : `=${cell}`
}

function readCell(column: Sql, type: ColumnType): Sql {
  return sql`cast(case when ${column} <> '' then substr(${column}, 2) end as ${sql.trusted(SQL_TYPES[type])})`
}
