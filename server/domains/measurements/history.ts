// What was known when: earlier values of corrected readings, and the undoing of a whole write. SQL only, the same on
// every engine. A reading is known from its write until the one that replaced it; of several that were known at a time
// the one of the latest write counts.

import type { Db, Tx } from '../../engine/db.ts'
import { type Instant, type Sql, sql } from '../../engine/sql.ts'
import { recountStates } from './signal-state.ts'

/** The last write that was committed at an instant or before it; 0 for none. */
export async function versionAt(db: Db, at: Instant): Promise<number> {
  const [row] = await db.query<{ version: number }>(sql`
    select coalesce(max(version), 0) as version
    from change
    where committed_at <= ${sql.instant(at)}`)
  return row?.version ?? 0
}

/** Readings of `measurement` as they are, or as they were known after the write `version`; `filter` is on either. */
export function readingsKnownAt(version: number | null, filter: Sql): Sql {
  if (version === null) {
    return sql`(
      select signal_key, measured_at, value
      from measurement
      where ${filter}
    )`
  }
  return sql`(
      select signal_key, measured_at, value
      from (
        select
          signal_key, measured_at, value,
          row_number() over (partition by signal_key, measured_at order by version desc) as place
        from (
          select signal_key, measured_at, value, version
          from measurement
          where version <= ${version} and ${filter}
          union all
          select signal_key, measured_at, value, version
          from earlier_measurement
          where version <= ${version} and replaced_version > ${version} and ${filter}
        ) as known
      ) as placed
      where place = 1
    )`
}

/** A value that a reading had, known in [known_from, known_until); until now where that is null. */
export interface KnownValue {
  value: number
  known_from: string
  known_until: string | null
  /** The load that brought it; null for a value that a device sent. */
  load_key: number | null
}

/** The values of one reading, the latest first. */
export async function listKnownValues(db: Db, signalKey: number, at: Instant): Promise<KnownValue[]> {
  const reading = sql`signal_key = ${signalKey} and measured_at = ${sql.instant(at)}`
  return db.query<KnownValue>(sql`
    select known.value, brought.committed_at as known_from, replaced.committed_at as known_until, brought.load_key
    from (
      select value, version, null::bigint as replaced_version
      from measurement
      where ${reading}
      union all
      select value, version, replaced_version
      from earlier_measurement
      where ${reading}
    ) as known
    join change as brought on brought.version = known.version
    left join change as replaced on replaced.version = known.replaced_version
    order by known.version desc, known.replaced_version desc`)
}

/** What an undoing did: readings that are gone, and those that have their earlier value again. */
export interface Undone {
  removed: number
  restored: number
}

/**
 * Takes back the readings that the write `version` brought and that nothing replaced since: each gets the latest
 * earlier value whose write was not undone, or goes. What is taken back stays known for the time it was.
 */
export async function undoWrite(tx: Tx, version: number): Promise<Undone> {
  await tx.run(sql`
    create temp table undone_reading as
    select signal_key, measured_at
    from measurement
    where version = ${version}`)
  await tx.run(sql`
    create temp table restored_reading as
    select signal_key, measured_at, value, version
    from (
      select
        earlier.signal_key, earlier.measured_at, earlier.value, earlier.version,
        row_number() over (partition by earlier.signal_key, earlier.measured_at order by earlier.version desc) as place
      from earlier_measurement as earlier
      join undone_reading as undone
        on undone.signal_key = earlier.signal_key
        and undone.measured_at = earlier.measured_at
      join change on change.version = earlier.version
      where earlier.version < ${version} and change.undone_version is null
    ) as placed
    where place = 1`)
  await tx.run(sql`
    insert into earlier_measurement (signal_key, measured_at, value, version, replaced_version)
    select signal_key, measured_at, value, version, ${tx.version}
    from measurement
    where version = ${version}`)
  const taken = await tx.run(sql`
    delete from measurement
    where version = ${version}`)
  const restored = await tx.run(sql`
    insert into measurement (signal_key, measured_at, value, version)
    select signal_key, measured_at, value, version
    from restored_reading`)
  await tx.run(sql`
    delete from earlier_measurement as earlier
    using restored_reading as restored
    where restored.signal_key = earlier.signal_key
      and restored.measured_at = earlier.measured_at
      and restored.version = earlier.version`)
  await recountStates(tx, sql`select signal_key from undone_reading`)
  await tx.run(sql`drop table undone_reading`)
  await tx.run(sql`drop table restored_reading`)
  return { removed: taken - restored, restored }
}
