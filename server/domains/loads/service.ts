// The rules of loads: a file is kept as it came before it is read; every row is stored or refused with its reason;
// a load ends once, done, failed or cancelled, whatever dies on the way.

import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { PageOf } from '../../../contract/basics.ts'
import type { Load, LoadQuery, Mapping, Reject, RejectQuery } from '../../../contract/loads.ts'
import { isText, isWhole, pageOf, readCursor } from '../../cursor.ts'
import type { Control } from '../../engine/db.ts'
import { AppError } from '../../errors.ts'
import type { JobRun } from '../jobs/kind.ts'
import type { JobService } from '../jobs/service.ts'
import { formatOf, shownName } from './file-format.ts'
import { removeLeftovers } from './leftovers.ts'
import { createLoaders } from './loader.ts'
import { forgetFile, keepFile, type RawFile, rawPath } from './raw-file.ts'
import { rejectsCsv } from './rejects-csv.ts'
import { type LoadCounts, LoaderDied, lastingReason, type RunDeps, runLoad } from './run-load.ts'
import { shown } from './shown-load.ts'
import * as store from './store.ts'

export interface LoadDeps extends Omit<RunDeps, 'stagingDir' | 'inflatedLimitBytes' | 'loaders'> {
  control: Control
  jobs: JobService
  dataDir: string
  uploadLimitBytes: number
}

/** A file on its way in. */
export interface NewFile {
  stream: Readable
  target: string
  mapping: Mapping
  file_name: string
  content_type: string
  account_id: string
  idempotency_key?: string
  /** The load whose refused rows these are, mended. */
  replays?: string
}

/** After that many tries a load that ends in no answer is given up. */
const TRIES = 3
const PROGRESS_EVERY_MS = 250
/** More than files ever come in at the same moment. */
const QUEUE_TRIES = 50
const NO_COUNTS: LoadCounts = {
  rows_read: 0,
  rows_loaded: 0,
  rows_updated: 0,
  rows_unchanged: 0,
  rows_rejected: 0,
  rows_repeated: 0,
  rows_superseded: 0,
  times_skipped: 0,
  times_repeated: 0,
}

export function createLoadService(deps: LoadDeps) {
  const { control, clock, jobs, warehouse, dataDir } = deps
  const loaders = createLoaders()
  const runDeps = {
    ...deps,
    loaders,
    stagingDir: join(dataDir, 'staging'),
    inflatedLimitBytes: deps.uploadLimitBytes,
  }
  const now = () => new Date(clock.now() / 1000).toISOString()

  async function getStored(id: string): Promise<store.StoredLoad> {
    const load = await store.findLoad(control, id)
    if (!load) throw new AppError('not_found', `there is no load ${JSON.stringify(id)}`)
    return load
  }

  /** The load that this key made before; `key_reused` when it was another one. */
  async function findRepeated(file: NewFile, raw: RawFile): Promise<store.StoredLoad | undefined> {
    if (file.idempotency_key === undefined) return undefined
    const before = await store.findByIdempotencyKey(control, file.account_id, file.idempotency_key)
    if (before === undefined) return undefined
    const mapping = JSON.stringify(mappingOf(file))
    if (before.sha256 !== raw.sha256 || before.target !== file.target || before.mapping !== mapping) {
      throw new AppError(
        'key_reused',
        'this idempotency key came with another file, target or mapping before; use a new key',
      )
    }
    return before
  }

  /** The load of a file: queued now, or before under the same key. */
  async function queueOnce(id: string, file: NewFile, raw: RawFile): Promise<string> {
    for (let tries = 1; ; tries++) {
      const before = await findRepeated(file, raw)
      if (before) return before.id
      try {
        await queue(id, file, raw)
        return id
      } catch (error) {
        // Another file took the number or the key at the same moment.
        if (!(error instanceof AppError) || error.code !== 'conflict' || tries === QUEUE_TRIES) throw error
      }
    }
  }

  async function queue(id: string, file: NewFile, raw: RawFile): Promise<void> {
    const mapping = mappingOf(file)
    await control.write(async (tx) => {
      const job = await jobs.enqueue(tx, { kind: 'load', payload: { load_id: id }, max_attempts: TRIES })
      await store.insertLoad(tx, {
        id,
        target: file.target,
        file_name: shownName(file.file_name),
        content_type: file.content_type.slice(0, 200),
        size_bytes: raw.size_bytes,
        sha256: raw.sha256,
        mapping,
        format: mapping.format ?? formatOf(file.content_type, file.file_name).format,
        created_by: file.account_id,
        created_at: now(),
        job_id: job.id,
        idempotency_key: file.idempotency_key ?? null,
        replays: file.replays ?? null,
      })
    })
    jobs.announce()
  }

  jobs.onUndone('load', async (tx, { payload, status, error }) => {
    const { load_id } = payload as { load_id: string } // as queued above
    await store.endLoad(tx, load_id, ending(status, error ?? 'it was cancelled before it was read'))
  })

  return {
    /** Keeps the file and queues its load; answers when both are durable. */
    async accept(file: NewFile): Promise<Load> {
      formatOf(file.content_type, file.file_name)
      loaders.prepare()
      const id = randomUUID()
      const raw = await keepFile(file.stream, rawPath(dataDir, id), deps.uploadLimitBytes)
      try {
        if (raw.size_bytes === 0) throw new AppError('invalid', 'the file is empty')
        const queued = await queueOnce(id, file, raw)
        if (queued !== id) await forgetFile(raw.path)
        return shown(await getStored(queued))
      } catch (error) {
        await forgetFile(raw.path)
        throw error
      }
    },

    close: loaders.close,

    get: async (id: string): Promise<Load> => shown(await getStored(id)),

    /** Newest first. */
    async list({ status, target, limit, cursor }: LoadQuery): Promise<PageOf<Load>> {
      const key = readCursor(cursor, isAge)
      const before = key && { created_at: key[0], id: key[1] }
      const filter = { status: status ?? null, target: target ?? null, before, limit: limit + 1 }
      const page = pageOf(await store.listLoads(control, filter), limit, ({ created_at, id }) => [
        created_at,
        id,
      ])
      return { ...page, items: page.items.map(shown) }
    },

    /** Refused rows in the order of the file. */
    async rejects(id: string, { limit, cursor }: Omit<RejectQuery, 'format'>): Promise<PageOf<Reject>> {
      const { load_key } = await getStored(id)
      const after = readCursor(cursor, isWhole) ?? 0
      return pageOf(await store.listRejects(warehouse, load_key, after, limit + 1), limit, ({ line }) => line)
    },

    /** Refused rows as CSV: those of a CSV file under its own header, so that they can be mended and loaded again. */
    async rejectsCsv(id: string): Promise<AsyncIterable<string>> {
      const load = await getStored(id)
      const mapping = JSON.parse(load.mapping) as Mapping // checked when the load was accepted
      return rejectsCsv({ ...mapping, header: load.format === 'csv' ? load.header : null }, (after, limit) =>
        store.listRejects(warehouse, load.load_key, after, limit),
      )
    },

    /** Stops a load that waits or runs; then nothing of its file is stored. `conflict` for one that has ended. */
    async cancel(id: string): Promise<Load> {
      const load = await getStored(id)
      if (load.status !== 'queued' && load.status !== 'running') {
        throw new AppError(
          'conflict',
          `the load is ${load.status}; only one that waits or runs can be cancelled`,
        )
      }
      await jobs.cancel(load.job_id ?? '')
      return shown(await getStored(id))
    },

    /**
     * Removes what earlier processes left behind when they were killed. Only for a process that knows that no other
     * works in this data folder, and before its worker starts.
     */
    removeLeftovers: async () => removeLeftovers(runDeps, new Set(await store.listIds(control))),

    /** The work behind a load; run by the worker, again after a crash. */
    async run(loadId: string, run: JobRun): Promise<void> {
      const load = await store.findLoad(control, loadId)
      if (!load || (load.status !== 'queued' && load.status !== 'running')) return
      await control.write(async (tx) => {
        await jobs.assertHeld(tx, run)
        await store.startLoad(tx, loadId, now())
      })
      const end = (outcome: store.LoadEnding) =>
        control.write(async (tx) => {
          await jobs.assertHeld(tx, run)
          await store.endLoad(tx, loadId, outcome)
        })
      try {
        const progress = createProgress(control, loadId, run)
        const result = await runLoad(runDeps, {
          load,
          path: rawPath(dataDir, loadId),
          signal: run.signal,
          progress,
        })
        await end({ status: 'done', at: now(), error: null, header: result.header, counts: result.counts })
      } catch (error) {
        const reason = await reasonToEnd(error, run)
        if (reason === undefined) throw error
        await end(ending(reason.status, reason.error))
      }
    },
  }

  /** Why a load that failed has ended for good; undefined when it is to be tried again. */
  async function reasonToEnd(error: unknown, run: JobRun) {
    if (run.signal.aborted) {
      const { cancel_requested } = await jobs.get(run.id)
      return cancel_requested
        ? { status: 'cancelled' as const, error: 'it was cancelled while it ran' }
        : undefined
    }
    const lasting = lastingReason(error)
    if (lasting !== undefined) return { status: 'failed' as const, error: lasting }
    if (error instanceof LoaderDied) {
      return {
        status: 'failed' as const,
        error: 'the file stopped its reader twice, so it was set aside; nothing of it was stored',
      }
    }
    if (run.attempt >= TRIES) {
      return {
        status: 'failed' as const,
        error: `it failed ${TRIES} times for a reason on our side; load the file again later`,
      }
    }
    return undefined
  }

  function ending(status: 'failed' | 'cancelled', error: string): store.LoadEnding {
    return { status, at: now(), error, header: null, counts: NO_COUNTS }
  }
}

export type LoadService = ReturnType<typeof createLoadService>

function mappingOf({ content_type, file_name, mapping }: NewFile): Mapping {
  const { delimiter } = formatOf(content_type, file_name)
  return delimiter === undefined ? mapping : { delimiter, ...mapping }
}

function createProgress(control: Control, loadId: string, run: JobRun) {
  const last = { at: 0 }
  return (fraction: number, rowsRead: number) => {
    if (performance.now() - last.at < PROGRESS_EVERY_MS) return
    last.at = performance.now()
    // The merge comes after the last byte is read.
    run.progress(fraction * 0.9)
    store.setProgress(control, loadId, fraction * 0.9, rowsRead).catch(() => undefined)
  }
}

const isAge = (value: unknown): value is [string, string] =>
  Array.isArray(value) && value.length === 2 && value.every(isText)
