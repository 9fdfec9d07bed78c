// The rules of loads: a file is kept as it came before it is read; every row is stored or refused with its reason;
// a load ends once, done, failed or cancelled, whatever dies on the way.

import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { PageOf } from '../../../contract/basics.ts'
import type { Load, LoadQuery } from '../../../contract/loads.ts'
import type { Mapping } from '../../../contract/mapping.ts'
import { isText, pageOf, readCursor } from '../../cursor.ts'
import type { Control } from '../../engine/db.ts'
import { AppError } from '../../errors.ts'
import { NO_COUNTS as NO_ROWS } from '../../loader/job.ts'
import type { JobRun } from '../jobs/kind.ts'
import type { JobService } from '../jobs/service.ts'
import type { MappingService } from '../mappings/service.ts'
import { formatOf, shownName, tellFormat } from './file-format.ts'
import { removeLeftovers } from './leftovers.ts'
import { createLoaders } from './loader.ts'
import { previewRules } from './preview.ts'
import { forgetFile, type RawFile, rawPath } from './raw-file.ts'
import { createReadAheads } from './read-ahead.ts'
import { historyRules } from './reading-history.ts'
import { rejectRules } from './rejects.ts'
import { type LoadCounts, LoaderDied, lastingReason, type RunDeps, runLoad } from './run-load.ts'
import { shown } from './shown-load.ts'
import * as store from './store.ts'
import { undoLoad } from './undo.ts'

export interface LoadDeps
  extends Omit<RunDeps, 'stagingDir' | 'inflatedLimitBytes' | 'loaders' | 'readAheads'> {
  control: Control
  jobs: JobService
  mappings: MappingService
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
  /** These are refused rows of the load `of`, mended. */
  replay?: {
    id: string
    of: string
    /** Called once the file is kept and before its load is queued. */
    note(): Promise<void>
  }
}

/** After that many tries a load that ends in no answer is given up. */
const TRIES = 3
const PROGRESS_EVERY_MS = 250
/** More than files ever come in at the same moment. */
const QUEUE_TRIES = 50
const NO_COUNTS: LoadCounts = { ...NO_ROWS, rows_loaded: 0 }

export function createLoadService(deps: LoadDeps) {
  const { control, clock, jobs, dataDir } = deps
  const loaders = createLoaders()
  const reading = {
    ...deps,
    loaders,
    stagingDir: join(dataDir, 'staging'),
    inflatedLimitBytes: deps.uploadLimitBytes,
  }
  const readAheads = createReadAheads(reading)
  const runDeps = { ...reading, readAheads }
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
    const format = mapping.format ?? (await tellFormat(raw.path, file))
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
        format,
        created_by: file.account_id,
        created_at: now(),
        job_id: job.id,
        idempotency_key: file.idempotency_key ?? null,
        replays: file.replay?.of ?? null,
      })
    })
    jobs.announce()
  }

  jobs.onUndone('load', async (tx, { payload, status, error }) => {
    const { load_id } = payload as { load_id: string } // as queued above
    await store.endLoad(tx, load_id, ending(status, error ?? 'it was cancelled before it was read'))
  })

  /** Removes a file that became no load. */
  async function discard(id: string): Promise<void> {
    await readAheads.forget(id)
    await forgetFile(rawPath(dataDir, id))
  }

  /** Keeps the file and queues its load; answers when both are durable. */
  async function accept(sent: NewFile): Promise<Load> {
    // What is sent again was resolved when it first came.
    const { mapping } = sent.replay ? sent : await deps.mappings.resolve(sent.mapping)
    const file = { ...sent, mapping }
    loaders.prepare()
    const id = file.replay?.id ?? randomUUID()
    const path = rawPath(dataDir, id)
    const { format: told } = formatOf(file.content_type, file.file_name)
    const how = { target: file.target, mapping: mappingOf(file), format: mapping.format ?? told }
    const raw = await readAheads.keep(file.stream, { id, path, limitBytes: deps.uploadLimitBytes, how })
    try {
      if (raw.size_bytes === 0) throw new AppError('invalid', 'the file is empty')
      await file.replay?.note()
      const queued = await queueOnce(id, file, raw)
      if (queued !== id) await discard(id)
      return shown(await getStored(queued))
    } catch (error) {
      await discard(id)
      throw error
    }
  }

  return {
    ...historyRules(deps),
    ...rejectRules({ ...runDeps, getStored, accept }),
    ...previewRules(runDeps),

    accept,

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

    /** Takes back what a load stored; see `undoLoad`. */
    async undo(id: string): Promise<Load> {
      const undone = await undoLoad(runDeps, await getStored(id))
      await store.endUndo(control, id, { at: now(), ...undone })
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
        if (load.target === 'measurements') await deps.measurements.noteStored(result.counts.rows_loaded)
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
