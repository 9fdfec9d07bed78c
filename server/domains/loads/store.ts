// Rows of `load` in control. SQL in, plain objects out; no rules here.

import type { Load, LoadStatus } from '../../../contract/loads.ts'
import type { FileFormat, Mapping } from '../../../contract/mapping.ts'
import type { Db } from '../../engine/db.ts'
import { sql } from '../../engine/sql.ts'

/** A load with what only the service needs to know. */
export interface StoredLoad extends Omit<Load, 'mapping' | 'rows_per_second'> {
  load_key: number
  mapping: string
  content_type: string
  format: FileFormat
  header: string | null
  job_id: string | null
  idempotency_key: string | null
}

const COLUMNS = sql.trusted(`
  id, load_key, target, file_name, content_type, size_bytes, sha256, mapping, format, header, status, progress,
  rows_read, rows_loaded, rows_updated, rows_unchanged, rows_rejected, rows_repeated,
  rows_superseded, times_skipped, times_repeated, created_by, created_at, started_at, finished_at, error, replays,
  undone_at, rows_removed, rows_restored, job_id, idempotency_key`)

export interface NewLoad {
  id: string
  target: string
  file_name: string
  content_type: string
  size_bytes: number
  sha256: string
  mapping: Mapping
  format: FileFormat
  created_by: string
  created_at: string
  job_id: string
  idempotency_key: string | null
  replays: string | null
}

export async function insertLoad(tx: Db, load: NewLoad): Promise<void> {
  await tx.run(sql`
    insert into load (
      id, load_key, target, file_name, content_type, size_bytes, sha256, mapping, format, status, progress, rows_read,
      rows_loaded, rows_updated, rows_unchanged, rows_rejected, rows_repeated, rows_superseded, times_skipped,
      times_repeated, created_by, created_at, replays, rows_removed, rows_restored, job_id, idempotency_key, fence
    )
    select
      ${load.id}, coalesce(max(load_key), 0) + 1, ${load.target}, ${load.file_name}, ${load.content_type},
      ${load.size_bytes}, ${load.sha256}, ${JSON.stringify(load.mapping)}, ${load.format}, 'queued', 0, 0, 0, 0, 0, 0,
      0, 0, 0, 0, ${load.created_by}, ${load.created_at}, ${load.replays}, 0, 0, ${load.job_id}, ${load.idempotency_key}, 0
    from load`)
}

export async function findLoad(db: Db, id: string): Promise<StoredLoad | undefined> {
  const [load] = await db.query<StoredLoad>(sql`
    select ${COLUMNS}
    from load
    where id = ${id}`)
  return load
}

/** The loads that rows of the warehouse name by their number. */
export async function listByKeys(db: Db, keys: number[]): Promise<StoredLoad[]> {
  return await db.query(sql`
    select ${COLUMNS}
    from load
    where ${db.dialect.oneOf(sql`load_key`, keys)}`)
}

export async function listIds(db: Db): Promise<string[]> {
  const loads = await db.query<{ id: string }>(sql`
    select id
    from load`)
  return loads.map(({ id }) => id)
}

export async function findByIdempotencyKey(
  db: Db,
  account: string,
  key: string,
): Promise<StoredLoad | undefined> {
  const [load] = await db.query<StoredLoad>(sql`
    select ${COLUMNS}
    from load
    where created_by = ${account} and idempotency_key = ${key}`)
  return load
}

export interface LoadFilter {
  status: LoadStatus | null
  target: string | null
  before: { created_at: string; id: string } | null
  limit: number
}

/** Newest first. */
export async function listLoads(
  db: Db,
  { status, target, before, limit }: LoadFilter,
): Promise<StoredLoad[]> {
  return await db.query(sql`
    select ${COLUMNS}
    from load
    where true
      ${status === null ? sql`` : sql`and status = ${status}`}
      ${target === null ? sql`` : sql`and target = ${target}`}
      ${
        before === null
          ? sql``
          : sql`and (created_at < ${before.created_at} or (created_at = ${before.created_at} and id < ${before.id}))`
      }
    order by created_at desc, id desc
    limit ${limit}`)
}

/** Marks a load as begun, or begun again. */
export async function startLoad(tx: Db, id: string, at: string): Promise<void> {
  await tx.run(sql`
    update load
    set status = 'running', progress = 0, started_at = coalesce(started_at, ${at})
    where id = ${id}`)
}

export async function setProgress(db: Db, id: string, progress: number, rowsRead: number): Promise<void> {
  await db.run(sql`
    update load
    set progress = ${progress}, rows_read = ${rowsRead}
    where id = ${id} and status = 'running'`)
}

export interface LoadEnding {
  status: LoadStatus
  at: string
  error: string | null
  header: string | null
  counts: {
    rows_read: number
    rows_loaded: number
    rows_updated: number
    rows_unchanged: number
    rows_rejected: number
    rows_repeated: number
    rows_superseded: number
    times_skipped: number
    times_repeated: number
  }
}

export async function endLoad(
  tx: Db,
  id: string,
  { status, at, error, header, counts }: LoadEnding,
): Promise<void> {
  await tx.run(sql`
    update load
    set
      status = ${status}, finished_at = ${at}, error = ${error}, header = ${header},
      progress = case when ${status} = 'done' then 1 else progress end,
      rows_read = ${counts.rows_read}, rows_loaded = ${counts.rows_loaded}, rows_updated = ${counts.rows_updated},
      rows_unchanged = ${counts.rows_unchanged}, rows_rejected = ${counts.rows_rejected},
      rows_repeated = ${counts.rows_repeated}, rows_superseded = ${counts.rows_superseded},
      times_skipped = ${counts.times_skipped}, times_repeated = ${counts.times_repeated}
    where id = ${id} and status in ('queued', 'running')`)
}

/** Notes that a load was undone; the first time counts. */
export async function endUndo(
  tx: Db,
  id: string,
  { at, removed, restored }: { at: string; removed: number; restored: number },
): Promise<void> {
  await tx.run(sql`
    update load
    set undone_at = ${at}, rows_removed = ${removed}, rows_restored = ${restored}
    where id = ${id} and undone_at is null`)
}
