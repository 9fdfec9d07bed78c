// Taking a load's rows back out of a dataset. Rows that it made carry it in `_load`; of rows that it changed,
// `earlier_record` has what they were, as JSON. SQL only, the same on every engine; it runs inside a write.

import type { Column } from '../../../contract/datasets.ts'
import type { Tx } from '../../engine/db.ts'
import { type Sql, sql } from '../../engine/sql.ts'
import { type Definition, earlierTarget, SQL_TYPES, tableOf } from './store.ts'

/** Which load brought a row's values. */
const LOAD = '_load'

/** A row as a JSON object of its columns and its load. Names of columns need no quoting in JSON. */
export function rowJson(row: Sql, columns: Column[]): Sql {
  const members = [...columns.map(({ name }) => name), LOAD].map((name) => {
    const cell = sql`coalesce(cast(to_json(${row}.${sql.identifier(name)}) as text), 'null')`
    return sql`${`"${name}":`}::text || ${cell}`
  })
  return sql`'{' || ${sql.join(members, sql` || ',' || `)} || '}'`
}

/** The write of a load, and the number that its rows carry. */
export interface LoadWrite {
  version: number
  loadKey: number
}

/**
 * Removes the rows that the load made, and gives those that it changed their earlier values again. Rows that were
 * changed since stay; where a later load changed them, what stood before this load now stands before that one.
 */
export async function undoRows(
  tx: Tx,
  { name, columns }: Definition,
  load: LoadWrite,
): Promise<{ removed: number; restored: number }> {
  const target = earlierTarget(name)
  await handOver(tx, target, load)
  const restored = await restoreRows(tx, { name, columns, load })
  // What is left of the load is what it made.
  const removed = await tx.run(sql`
    delete from ${tableOf(name)}
    where _load = ${load.loadKey}`)
  await tx.run(sql`
    delete from earlier_record
    where target = ${target} and version = ${load.version}`)
  return { removed, restored }
}

async function handOver(tx: Tx, target: string, { version, loadKey }: LoadWrite): Promise<void> {
  await tx.run(sql`
    update earlier_record as later
    set before_json = mine.before_json
    from (
      select beyond.record_id, beyond.version, own.before_json
      from earlier_record as beyond
      left join earlier_record as own
        on own.target = beyond.target and own.record_id = beyond.record_id and own.version = ${version}
      where beyond.target = ${target} and beyond.version > ${version}
        and ${tx.dialect.jsonText(sql`beyond.before_json`, LOAD)} = ${String(loadKey)}
    ) as mine
    where later.target = ${target} and later.record_id = mine.record_id and later.version = mine.version`)
}

async function restoreRows(
  tx: Tx,
  { name, columns, load: { version, loadKey } }: { name: string; columns: Column[]; load: LoadWrite },
): Promise<number> {
  const before = (column: string) => tx.dialect.jsonText(sql`earlier.before_json`, column)
  const cells = columns.map((column) => {
    const type = sql.trusted(SQL_TYPES[column.type])
    return sql`${sql.identifier(column.name)} = cast(${before(column.name)} as ${type})`
  })
  return await tx.run(sql`
    update ${tableOf(name)} as stored
    set ${sql.join([...cells, sql`_load = cast(${before(LOAD)} as integer)`])}
    from earlier_record as earlier
    where earlier.target = ${earlierTarget(name)} and earlier.version = ${version}
      and earlier.before_json is not null and earlier.record_id = cast(stored._row as text)
      and stored._load = ${loadKey}`)
}
