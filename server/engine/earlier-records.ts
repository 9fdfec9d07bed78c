// Rows of `earlier_record` of assets and signals: what each was before a write, and what the write made of it, as JSON.
// SQL only; no rules here.

import type { Tx } from './db.ts'
import { sql } from './sql.ts'

export interface EarlierRecord {
  record_id: string
  /** Null for one that was not there. */
  before_json: string | null
  after_json: string
}

/** Notes what the write of `tx` changes. */
export async function recordEarlier(tx: Tx, target: string, records: EarlierRecord[]): Promise<void> {
  if (records.length === 0) return
  const list = (textOf: (record: EarlierRecord) => string) => sql`unnest(${records.map(textOf)}::text[])`
  await tx.run(sql`
    insert into earlier_record (target, record_id, before_json, after_json, version)
    select ${target}::text, record_id, nullif(before_json, ''), after_json, ${tx.version}::bigint
    from (
      select ${list(({ record_id }) => record_id)} as record_id,
        ${list(({ before_json }) => before_json ?? '')} as before_json,
        ${list(({ after_json }) => after_json)} as after_json
    ) as given`)
}

/**
 * Takes the write `version` out of the history of its records. Where a later write changed what this one had left, what
 * stood before this one now stands before that one. Answers the records that no later write changed, by their ids.
 */
export async function takeBack(tx: Tx, target: string, version: number): Promise<EarlierRecord[]> {
  const latest = await tx.query<EarlierRecord>(sql`
    select mine.record_id, mine.before_json, mine.after_json
    from earlier_record as mine
    where mine.target = ${target} and mine.version = ${version}
      and not exists (
        select 1
        from earlier_record as later
        where later.target = ${target} and later.record_id = mine.record_id and later.version > ${version}
      )
    order by mine.record_id collate "C"`)
  await tx.run(sql`
    update earlier_record as later
    set before_json = mine.before_json
    from (
      select own.record_id, own.before_json, own.after_json, min(beyond.version) as next_version
      from earlier_record as own
      join earlier_record as beyond
        on beyond.target = own.target and beyond.record_id = own.record_id and beyond.version > own.version
      where own.target = ${target} and own.version = ${version}
      group by own.record_id, own.before_json, own.after_json
    ) as mine
    where later.target = ${target} and later.record_id = mine.record_id and later.version = mine.next_version
      and later.before_json = mine.after_json`)
  await tx.run(sql`
    delete from earlier_record
    where target = ${target} and version = ${version}`)
  return latest
}
