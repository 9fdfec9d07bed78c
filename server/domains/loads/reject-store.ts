// Refused rows, in the warehouse: what became of each, and what was sent of them again. SQL in, plain objects out; no
// rules here. A wide row has a refusal for each of its cells, so a refusal is known by its line and column.

import type { Reject, RejectGroup, RejectRule, RejectState } from '../../../contract/rejects.ts'
import type { Db, Tx, Warehouse } from '../../engine/db.ts'
import { type Sql, sql } from '../../engine/sql.ts'

const COLUMNS = sql.trusted(
  'line, column_name as "column", value, rule, reason, raw, state, mended_raw, mended_load_id',
)
/** In the order of the bytes, those of the row as a whole first. */
const COLUMN_ORDER = sql.trusted(`coalesce(column_name, '') collate "C"`)

/** Moves the refused rows of a load from where they were staged. */
export async function insertStagedRejects(tx: Db, loadKey: number): Promise<void> {
  await tx.run(sql`
    insert into rejected_row (load_key, line, column_name, value, rule, reason, raw, state)
    select ${loadKey}, line, column_name, value, rule, reason, raw, 'open'
    from staged_reject`)
}

export type NewReject = Omit<Reject, 'state' | 'mended_raw' | 'mended_load_id'>

export async function insertReject(
  tx: Db,
  loadKey: number,
  { line, column, value, rule, reason, raw }: NewReject,
): Promise<void> {
  await tx.run(sql`
    insert into rejected_row (load_key, line, column_name, value, rule, reason, raw, state)
    values (
      ${loadKey}, ${line}, ${column}, ${value && storable(value)}, ${rule}, ${storable(reason)}, ${storable(raw)}, 'open'
    )`)
}

/** PostgreSQL takes no text with U+0000. */
const storable = (text: string) => text.replaceAll('\u0000', '\ufffd')

/** Which refused rows of a load are meant; all that is named must hold. An empty `column` is none at all. */
export interface RejectChoice {
  rule?: RejectRule | undefined
  column?: string | undefined
  reason?: string | undefined
  lines?: number[] | undefined
  states?: RejectState[] | undefined
}

function chosen(db: Db, loadKey: number, { rule, column, reason, lines, states }: RejectChoice): Sql {
  const conditions = [sql`load_key = ${loadKey}`]
  if (rule !== undefined) conditions.push(sql`rule = ${rule}`)
  if (column !== undefined)
    conditions.push(column === '' ? sql`column_name is null` : sql`column_name = ${column}`)
  if (reason !== undefined) conditions.push(sql`reason = ${reason}`)
  if (lines !== undefined) conditions.push(db.dialect.oneOf(sql`line`, lines))
  if (states !== undefined) conditions.push(db.dialect.oneOf(sql`state`, states))
  return sql.join(conditions, sql` and `)
}

export interface RejectPlace {
  line: number
  column: string
}

/** Refused rows by line and column, those behind `after`. */
export async function listRejects(
  db: Db,
  loadKey: number,
  { choice, after, limit }: { choice: RejectChoice; after: RejectPlace | null; limit: number },
): Promise<Reject[]> {
  return await db.query(sql`
    select ${COLUMNS}
    from rejected_row
    where ${chosen(db, loadKey, choice)}
      ${
        after === null
          ? sql``
          : sql`and (line > ${after.line} or (line = ${after.line} and ${COLUMN_ORDER} > ${after.column}))`
      }
    order by line, ${COLUMN_ORDER}
    limit ${limit}`)
}

/** All refused rows that are meant, in the order of the file: the refusals of one line together. */
export async function* readRefusedLines(
  warehouse: Warehouse,
  loadKey: number,
  choice: RejectChoice,
): AsyncGenerator<Reject[]> {
  const text = warehouse.text(
    sql`
      select ${COLUMNS}
      from rejected_row
      where ${chosen(warehouse, loadKey, choice)}
      order by line, ${COLUMN_ORDER}`,
    'ndjson',
    { timeoutMs: READ_TIMEOUT_MS },
  )
  const decoder = new TextDecoder()
  let rest = ''
  let refusals: Reject[] = []
  for await (const chunk of text) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const refusal = JSON.parse(line) as Reject // as selected above
      if (refusals.length > 0 && refusals[0]?.line !== refusal.line) {
        yield refusals
        refusals = []
      }
      refusals.push(refusal)
    }
  }
  if (refusals.length > 0) yield refusals
}

/** A whole file may have been refused. */
const READ_TIMEOUT_MS = 600_000

/** Groups that are shown, and lines and values of each. */
const MOST_GROUPS = 1000
const MOST_EXAMPLES = 5

/** The refused rows of a load by rule, column and reason; those with the most rows first. */
export async function listGroups(db: Db, loadKey: number): Promise<RejectGroup[]> {
  const groups = await db.query<Omit<RejectGroup, 'lines' | 'values'>>(sql`
    select rule, column_name as "column", reason, count(*) as "rows", count(*) filter (where state = 'open') as open
    from rejected_row
    where load_key = ${loadKey}
    group by rule, column_name, reason
    order by 4 desc, rule, ${COLUMN_ORDER}, reason collate "C"
    limit ${MOST_GROUPS}`)
  const lines = await listExamples<{ line: number }>(
    db,
    sql`select distinct rule, column_name, reason, line from rejected_row where load_key = ${loadKey}`,
    sql`line`,
  )
  const values = await listExamples<{ value: string | null }>(
    db,
    sql`
      select rule, column_name, reason, value, count(*) as times
      from rejected_row
      where load_key = ${loadKey}
      group by rule, column_name, reason, value`,
    sql`times desc, value collate "C"`,
  )
  return groups.map((group) => ({
    ...group,
    lines: (lines.get(keyOf(group)) ?? []).map(({ line }) => line),
    values: (values.get(keyOf(group)) ?? []).map(({ value }) => value),
  }))
}

type GroupKey = Pick<RejectGroup, 'rule' | 'column' | 'reason'>
const keyOf = ({ rule, column, reason }: GroupKey) => JSON.stringify([rule, column, reason])

/** The first rows of each group in an order, by group. */
async function listExamples<T extends object>(db: Db, rows: Sql, order: Sql): Promise<Map<string, T[]>> {
  const examples = await db.query<T & GroupKey>(sql`
    select ranked.*, ranked.column_name as "column"
    from (
      select given.*, row_number() over (partition by rule, column_name, reason order by ${order}) as place
      from (${rows}) as given
    ) as ranked
    where place <= ${MOST_EXAMPLES}
    order by place`)
  return Map.groupBy(examples, keyOf)
}

/** Sets open rows aside; answers how many. */
export async function dismissRejects(tx: Db, loadKey: number, choice: RejectChoice): Promise<number> {
  return await tx.run(sql`
    update rejected_row
    set state = 'dismissed'
    where ${chosen(tx, loadKey, { ...choice, states: ['open'] })}`)
}

/** The columns of the temporary table `staged_row` that `insertReplayed` takes; `line` is that in the file to be sent. */
export const REPLAYED_COLUMNS = [
  { name: 'line', type: 'bigint' },
  { name: 'refused_line', type: 'bigint' },
  { name: 'column_name', type: 'text' },
  { name: 'raw', type: 'text' },
]

/** A load, its key, and whether each row of it has a refusal for each of its cells. */
export interface RefusedLoad {
  id: string
  load_key: number
  isWide: boolean
}

/** Notes which refused rows of `load` the replay has; where these were sent before, the rows that they were first. */
export async function insertReplayed(tx: Db, load: RefusedLoad, replayId: string): Promise<void> {
  await tx.run(sql`
    insert into replayed_row (load_id, line, load_key, original_line, column_name, raw)
    select ${replayId}::text, sent.line, coalesce(before.load_key, ${load.load_key}::integer),
      coalesce(before.original_line, sent.refused_line),
      case when before.load_id is null then sent.column_name else before.column_name end, sent.raw
    from staged_row as sent
    left join replayed_row as before
      on before.load_id = ${load.id} and before.line = sent.refused_line
      ${load.isWide ? sql`and before.column_name is not distinct from sent.column_name` : sql``}`)
}

/**
 * Ends a replay in its own write: the rows that it stored are mended where they were refused first; those that it
 * refused stay there as they were, with what was tried, and are settled in the replay itself.
 */
export async function settleReplay(tx: Tx, replay: RefusedLoad & { time: string }): Promise<void> {
  const sameCell = sql`and (
          refused.column_name is not distinct from sent.column_name
          or refused.column_name is null or refused.column_name = ${replay.time}
        )`
  await tx.run(sql`
    update rejected_row as origin
    set state = case when sent.again then origin.state else 'mended' end,
      mended_raw = coalesce(sent.raw, origin.raw), mended_load_id = ${replay.id}
    from (
      select sent.load_key, sent.original_line, sent.column_name, sent.raw, exists (
        select 1
        from rejected_row as refused
        where refused.load_key = ${replay.load_key} and refused.line = sent.line
          ${replay.isWide ? sameCell : sql``}
      ) as again
      from replayed_row as sent
      where sent.load_id = ${replay.id}
    ) as sent
    where origin.load_key = sent.load_key and origin.line = sent.original_line
      and origin.column_name is not distinct from sent.column_name and origin.state <> 'mended'`)
  await dismissRejects(tx, replay.load_key, {})
}

/** Rows that were mended by a load which is undone are open again. */
export async function reopenMended(tx: Tx, replayId: string): Promise<void> {
  await tx.run(sql`
    update rejected_row
    set state = case when state = 'mended' then 'open' else state end, mended_raw = null, mended_load_id = null
    where mended_load_id = ${replayId}`)
}
