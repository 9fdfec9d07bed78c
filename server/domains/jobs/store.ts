// Rows of `job`. SQL in, plain objects out; no rules here.

import type { Job, JobStatus } from '../../../contract/jobs.ts'
import type { Db } from '../../engine/db.ts'
import { type Sql, sql } from '../../engine/sql.ts'

export interface NewJob {
  id: string
  kind: string
  /** JSON. */
  payload: string
  unique_key: string | null
  max_attempts: number
  created_at: string
  run_at: string
}

/** Which attempt: a row whose fence has grown since belongs to another. */
export interface Held {
  id: string
  fence: number
}

export interface TakenJob extends Held {
  kind: string
  payload: string
  attempts: number
  max_attempts: number
}

const SHOWN = sql`
  id, kind, status, progress, attempts, max_attempts, unique_key, cancel_requested, error,
  created_at, run_at, started_at, finished_at`

/** Adds a job unless one of its kind and key is queued or running; answers whether it did. */
export async function insertJob(db: Db, job: NewJob): Promise<boolean> {
  const rows = await db.run(sql`
    insert into job
      (id, kind, status, payload, unique_key, progress, attempts, max_attempts, fence, cancel_requested,
       created_at, run_at)
    values (
      ${job.id}, ${job.kind}, 'queued', ${job.payload}, ${job.unique_key}, 0, 0, ${job.max_attempts}, 0, ${false},
      ${job.created_at}, ${job.run_at})
    on conflict (kind, unique_key) where status in ('queued', 'running') do nothing`)
  return rows === 1
}

export async function findLive(db: Db, kind: string, uniqueKey: string): Promise<string | undefined> {
  const rows = await db.query<{ id: string }>(sql`
    select id
    from job
    where kind = ${kind} and unique_key = ${uniqueKey} and status in ('queued', 'running')`)
  return rows[0]?.id
}

/** Jobs whose time has come, the longest due first. */
export function listDue(db: Db, kinds: string[], now: string, limit: number): Promise<Held[]> {
  return db.query<Held>(sql`
    select id, fence
    from job
    where status = 'queued' and run_at <= ${now} and ${db.dialect.oneOf(sql`kind`, kinds)}
    order by run_at, id
    limit ${limit}`)
}

/** Whether the lease of a running job has run out. */
export async function hasLost(db: Db, now: string): Promise<boolean> {
  const rows = await db.query(sql`
    select id
    from job
    where status = 'running' and lease_until < ${now}
    limit 1`)
  return rows.length > 0
}

export interface Claim extends Held {
  worker: string
  now: string
  lease_until: string
}

/** Takes a queued job, unless another worker was faster: the fence tells. */
export async function takeJob(db: Db, claim: Claim): Promise<TakenJob | undefined> {
  const rows = await db.query<TakenJob>(sql`
    update job
    set status = 'running', fence = fence + 1, attempts = attempts + 1, progress = 0,
      worker = ${claim.worker}, started_at = ${claim.now}, lease_until = ${claim.lease_until}
    where id = ${claim.id} and fence = ${claim.fence} and status = 'queued'
    returning id, fence, kind, payload, attempts, max_attempts`)
  return rows[0]
}

/** A job that is no longer held, with what it is now. */
export interface Freed {
  id: string
  kind: string
  status: JobStatus
  payload: string
  error: string | null
}

const FREED = sql`returning id, kind, status, payload, error`

/** Jobs whose worker is gone: cancelled where that was asked for, failed after the last attempt, queued otherwise. */
export async function releaseLost(db: Db, now: string, error: string): Promise<Freed[]> {
  return db.query<Freed>(sql`
    update job
    set
      status = case
        when cancel_requested then 'cancelled'
        when attempts >= max_attempts then 'failed'
        else 'queued' end,
      finished_at = case when cancel_requested or attempts >= max_attempts then ${now} end,
      fence = fence + 1, worker = null, lease_until = null, run_at = ${now}, error = ${error}
    where status = 'running' and lease_until < ${now}
    ${FREED}`)
}

/**
 * All running jobs, whatever their leases: cancelled where that was asked for, failed when they were begun
 * `mostBegun` times, queued otherwise. The attempt does not count.
 */
export async function releaseRunning(
  db: Db,
  { now, error, mostBegun }: { now: string; error: string; mostBegun: number },
): Promise<Freed[]> {
  return db.query<Freed>(sql`
    update job
    set
      status = case
        when cancel_requested then 'cancelled'
        when fence >= ${mostBegun} then 'failed'
        else 'queued' end,
      finished_at = case when cancel_requested or fence >= ${mostBegun} then ${now} end,
      attempts = attempts - 1, worker = null, lease_until = null, run_at = ${now}, error = ${error}
    where status = 'running'
    ${FREED}`)
}

/** Lengthens the lease; undefined when the job is no longer held. */
export async function extendLease(
  db: Db,
  held: Held,
  { lease_until, progress }: { lease_until: string; progress: number },
): Promise<{ cancel_requested: boolean } | undefined> {
  const rows = await db.query<{ cancel_requested: boolean | number }>(sql`
    update job
    set lease_until = ${lease_until}, progress = ${progress}
    where id = ${held.id} and fence = ${held.fence} and status = 'running'
    returning cancel_requested`)
  return rows[0] && { cancel_requested: Boolean(rows[0].cancel_requested) }
}

/** Locks the row until the transaction ends; answers whether the job is still held. */
export async function lockHeld(db: Db, held: Held): Promise<boolean> {
  const rows = await db.run(sql`
    update job
    set fence = fence
    where id = ${held.id} and fence = ${held.fence} and status = 'running'`)
  return rows === 1
}

export interface Ending {
  status: 'done' | 'failed' | 'cancelled'
  error: string | null
  error_internal: string | null
  now: string
}

/** Ends a held job; undefined when it was not held. */
export async function endJob(db: Db, held: Held, ending: Ending): Promise<Freed | undefined> {
  const rows = await db.query<Freed>(sql`
    update job
    set status = ${ending.status}, error = ${ending.error}, error_internal = ${ending.error_internal},
      progress = case when ${ending.status === 'done'} then 1 else progress end,
      finished_at = ${ending.now}, worker = null, lease_until = null
    where id = ${held.id} and fence = ${held.fence} and status = 'running'
    ${FREED}`)
  return rows[0]
}

export interface Requeue {
  now: string
  run_at: string
  error: string | null
  error_internal: string | null
  /** What is taken back: 1 when the attempt does not count. */
  uncounted: 0 | 1
}

/** Puts a held job back, or cancels it where that was asked for; undefined when it was not held. */
export async function requeueJob(db: Db, held: Held, requeue: Requeue): Promise<Freed | undefined> {
  const rows = await db.query<Freed>(sql`
    update job
    set status = case when cancel_requested then 'cancelled' else 'queued' end,
      finished_at = case when cancel_requested then ${requeue.now} end,
      run_at = ${requeue.run_at}, attempts = attempts - ${requeue.uncounted},
      error = ${requeue.error}, error_internal = ${requeue.error_internal}, worker = null, lease_until = null
    where id = ${held.id} and fence = ${held.fence} and status = 'running'
    ${FREED}`)
  return rows[0]
}

/** Cancels a queued job at once, and asks the worker of a running one to stop; undefined when it was neither. */
export async function cancelJob(db: Db, id: string, now: string): Promise<Freed | undefined> {
  const rows = await db.query<Freed>(sql`
    update job
    set cancel_requested = ${true},
      finished_at = case when status = 'queued' then ${now} end,
      status = case when status = 'queued' then 'cancelled' else status end
    where id = ${id} and status in ('queued', 'running')
    ${FREED}`)
  return rows[0]
}

export async function findJob(db: Db, id: string): Promise<Job | undefined> {
  const rows = await db.query<JobRow>(sql`
    select ${SHOWN}
    from job
    where id = ${id}`)
  return rows[0] && decode(rows[0])
}

export interface JobFilter {
  status: JobStatus | undefined
  kind: string | undefined
  /** Only older ones than this. */
  before: { created_at: string; id: string } | null
  limit: number
}

/** Newest first. */
export async function listJobs(db: Db, { status, kind, before, limit }: JobFilter): Promise<Job[]> {
  const conditions: Sql[] = [sql`1 = 1`]
  if (status !== undefined) conditions.push(sql`status = ${status}`)
  if (kind !== undefined) conditions.push(sql`kind = ${kind}`)
  if (before !== null) conditions.push(sql`(created_at, id) < (${before.created_at}, ${before.id})`)
  const rows = await db.query<JobRow>(sql`
    select ${SHOWN}
    from job
    where ${sql.join(conditions, sql` and `)}
    order by created_at desc, id desc
    limit ${limit}`)
  return rows.map(decode)
}

type JobRow = Omit<Job, 'cancel_requested'> & { cancel_requested: boolean | number }

/** SQLite has 0 and 1 for false and true. */
function decode(row: JobRow): Job {
  return { ...row, cancel_requested: Boolean(row.cancel_requested) }
}
