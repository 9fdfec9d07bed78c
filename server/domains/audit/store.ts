// Rows of `audit_entry`, which are only ever added, and of `usage_count`. SQL in, plain objects out; no rules here.

import type { UsagePart } from '../../../contract/audit.ts'
import type { Control, Db } from '../../engine/db.ts'
import { type Sql, sql } from '../../engine/sql.ts'

/** An entry as it is kept; `members`, `before` and `after` are JSON. */
export interface EntryRow {
  id: string
  happened_at: string
  account_id: string
  account_name: string
  api_key_id: string | null
  address: string
  request_id: string
  action: string
  path: string
  subject: string
  subject_id: string | null
  members: string
  before: string | null
  after: string | null
}

/** Where a page begins: before the entry made then, with this id. */
export type Position = [happened_at: string, id: string]

export interface EntryFilter {
  from: string | null
  to: string | null
  account_id: string | null
  subject: string | null
  subject_id: string | null
  before: Position | null
  limit: number
}

export async function insertEntry(db: Db, entry: EntryRow): Promise<void> {
  await db.run(sql`
    insert into audit_entry
      (id, happened_at, account_id, account_name, api_key_id, address, request_id, action, path, subject,
        subject_id, members, before_change, after_change)
    values (
      ${entry.id}, ${entry.happened_at}, ${entry.account_id}, ${entry.account_name}, ${entry.api_key_id},
      ${entry.address}, ${entry.request_id}, ${entry.action}, ${entry.path}, ${entry.subject},
      ${entry.subject_id}, ${entry.members}, ${entry.before}, ${entry.after})`)
}

/** Entries of [from, to), the newest first. */
export async function listEntries(db: Db, filter: EntryFilter): Promise<EntryRow[]> {
  const { from, to, account_id, subject, subject_id, before, limit } = filter
  const conditions = [
    sql`1 = 1`,
    ...(from === null ? [] : [sql`happened_at >= ${from}`]),
    ...(to === null ? [] : [sql`happened_at < ${to}`]),
    ...(account_id === null ? [] : [sql`account_id = ${account_id}`]),
    ...(subject === null ? [] : [sql`subject = ${subject}`]),
    ...(subject_id === null ? [] : [sql`subject_id = ${subject_id}`]),
    ...(before === null
      ? []
      : [sql`(happened_at < ${before[0]} or (happened_at = ${before[0]} and id < ${before[1]}))`]),
  ]
  return db.query<EntryRow>(sql`
    select
      id, happened_at, account_id, account_name, api_key_id, address, request_id, action, path, subject,
      subject_id, members, before_change as "before", after_change as "after"
    from audit_entry
    where ${sql.join(conditions, sql` and `)}
    order by happened_at desc, id desc
    limit ${limit}`)
}

/** Requests of one account at one route on one day. */
export interface UsageRow {
  day: string
  account_id: string
  route: string
  requests: number
  errors: number
  rows: number
  total_ms: number
  longest_ms: number
}

/** What is not told apart is null. */
export interface UsageSum extends Omit<UsageRow, 'day' | 'account_id' | 'route'> {
  day: string | null
  account_id: string | null
  account_name: string | null
  route: string | null
}

/** Adds these to what is counted already. */
export async function addUsage(control: Control, rows: UsageRow[]): Promise<void> {
  await control.write(async (tx) => {
    for (const row of rows) {
      await tx.run(sql`
        insert into usage_count
          (day, account_id, route, requests, errors, row_count, total_ms, longest_ms)
        values (
          ${row.day}, ${row.account_id}, ${row.route}, ${row.requests}, ${row.errors}, ${row.rows},
          ${row.total_ms}, ${row.longest_ms})
        on conflict (day, account_id, route) do update
        set requests = usage_count.requests + excluded.requests,
          errors = usage_count.errors + excluded.errors,
          row_count = usage_count.row_count + excluded.row_count,
          total_ms = usage_count.total_ms + excluded.total_ms,
          longest_ms = case
            when excluded.longest_ms > usage_count.longest_ms then excluded.longest_ms
            else usage_count.longest_ms end`)
    }
  })
}

export interface UsageFilter {
  /** Days, both among them. */
  from: string
  to: string
  by: UsagePart[]
  account_id: string | null
  offset: number
  limit: number
}

const PARTS: Record<UsagePart, Sql> = {
  day: sql`usage_count.day`,
  account: sql`usage_count.account_id`,
  route: sql`usage_count.route`,
}

/** Sums by what is told apart: the newest day first, then by account and route. */
export async function listUsage(
  db: Db,
  { from, to, by, account_id, offset, limit }: UsageFilter,
): Promise<UsageSum[]> {
  const part = (name: UsagePart): Sql => (by.includes(name) ? PARTS[name] : sql`cast(null as text)`)
  const order = by.map((name) => (name === 'day' ? sql`${PARTS.day} desc` : PARTS[name]))
  const group = by.map((name) => PARTS[name])
  return db.query<UsageSum>(sql`
    select
      ${part('day')} as day, ${part('account')} as account_id, ${part('route')} as route,
      ${by.includes('account') ? sql`max(account.name)` : sql`cast(null as text)`} as account_name,
      sum(requests) as requests, sum(errors) as errors, sum(row_count) as "rows",
      sum(total_ms) as total_ms, max(longest_ms) as longest_ms
    from usage_count
    left join account on account.id = usage_count.account_id
    where usage_count.day >= ${from} and usage_count.day <= ${to}
      and ${account_id === null ? sql`1 = 1` : sql`usage_count.account_id = ${account_id}`}
    group by ${sql.join(group)}
    order by ${sql.join(order)}
    limit ${limit} offset ${offset}`)
}
