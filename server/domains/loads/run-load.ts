// One load, from the file on disk to merged rows: the loader checks it into the staging tables, then one write of the
// warehouse takes it in whole. Done again after any crash; the load's batch key makes the second time a no-op.

import { randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Column, Dataset } from '../../../contract/datasets.ts'
import type { Mapping } from '../../../contract/loads.ts'
import type { Clock } from '../../clock.ts'
import { recordChange } from '../../engine/changes.ts'
import type { Staging, Tx, Warehouse } from '../../engine/db.ts'
import { AppError } from '../../errors.ts'
import {
  type LoaderCounts,
  type LoaderJob,
  REJECT_COLUMNS,
  REJECTS_FILE,
  ROWS_FILE,
} from '../../loader/job.ts'
import type { AssetService } from '../assets/service.ts'
import type { DatasetService } from '../datasets/service.ts'
import type { MeasurementService } from '../measurements/service.ts'
import type { SignalService } from '../signals/service.ts'
import type { LoaderOutcome, Loaders } from './loader.ts'
import { mergeRecords } from './merge-records.ts'
import { ASSET_FIELDS, SIGNAL_FIELDS } from './record-fields.ts'
import { insertStagedRejects, type StoredLoad } from './store.ts'

export interface RunDeps {
  warehouse: Warehouse
  clock: Clock
  assets: AssetService
  signals: SignalService
  measurements: MeasurementService
  datasets: DatasetService
  loaders: Loaders
  /** Where loaders leave what the engine may read. */
  stagingDir: string
  inflatedLimitBytes: number
  defaultZone: string
}

/** What became of the rows; their sum is `rows_read`. */
export interface LoadCounts {
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

export interface LoadResult {
  counts: LoadCounts
  header: string | null
}

/** The file cannot be loaded as a whole; the message says why. */
export class LoadRefused extends Error {}

/** The loader ended without an answer, as a file that breaks it would make it. */
export class LoaderDied extends Error {}

interface OneLoad {
  load: StoredLoad
  path: string
  signal: AbortSignal
  progress: (fraction: number, rowsRead: number) => void
}

/**
 * Runs a load, and once more when its loader dies, which may have been the file's doing or not. Throws LoadRefused,
 * LoaderDied after the second time, or what the warehouse throws; then nothing of the file is stored.
 */
export async function runLoad(deps: RunDeps, one: OneLoad): Promise<LoadResult> {
  try {
    return await runOnce(deps, one)
  } catch (error) {
    if (!(error instanceof LoaderDied) || one.signal.aborted) throw error
    return await runOnce(deps, one)
  }
}

async function runOnce(deps: RunDeps, one: OneLoad): Promise<LoadResult> {
  // Its own each time: a loader whose service was killed may still write for a moment.
  const folder = join(deps.stagingDir, `${one.load.id}-${randomUUID()}`)
  const settled: { loader: Loaded | undefined } = { loader: undefined }
  try {
    return await deps.warehouse.write(
      `load:${one.load.id}`,
      (tx) => merge(tx, deps, { ...one, folder, loaded: settled.loader }),
      {
        stage: async (staging) => {
          await rm(folder, { recursive: true, force: true })
          await mkdir(folder, { recursive: true })
          settled.loader = await stageFile(deps, { ...one, folder, staging })
        },
      },
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

interface Loaded {
  counts: LoaderCounts
  layers: number
  header: string | null
}

const datasetOf = (target: string) =>
  target.startsWith('dataset:') ? target.slice('dataset:'.length) : undefined

async function stageFile(
  deps: RunDeps,
  one: OneLoad & { folder: string; staging: Staging },
): Promise<Loaded> {
  const { staging, folder, load, signal, progress } = one
  const job: LoaderJob = {
    path: one.path,
    folder,
    mapping: JSON.parse(load.mapping) as Mapping, // checked when the load was accepted
    format: load.format,
    tz: deps.defaultZone,
    limits: { inflatedBytes: deps.inflatedLimitBytes },
    target: { kind: 'infer' },
  }
  job.target = await targetOf(deps, one, job)
  // Runs are staged while the loader reads on.
  const staged: Promise<void>[] = []
  const outcome = await deps.loaders.run(job, {
    signal,
    progress,
    run: (path, layer) => {
      const stage = staging.stageRun(path, layer).then(() => rm(path))
      stage.catch(() => undefined)
      staged.push(stage)
    },
  })
  await Promise.all(staged)
  const loaded = endOf(outcome, 'done')
  await staging.stageCsv({
    table: 'staged_reject',
    path: join(folder, REJECTS_FILE),
    columns: REJECT_COLUMNS,
  })
  const dataset = datasetOf(load.target)
  if (dataset !== undefined) {
    const columns = await deps.datasets.stagedColumns(dataset)
    await staging.stageCsv({ table: 'staged_row', path: join(folder, ROWS_FILE), columns })
  }
  return loaded
}

/** The outcome that was asked for; LoadRefused, LoaderDied or AppError `disk_full` for another. */
function endOf<E extends 'done' | 'columns'>(
  outcome: LoaderOutcome,
  ended: E,
): Extract<LoaderOutcome, { ended: E }> {
  if (outcome.ended === 'refused') throw new LoadRefused(outcome.reason)
  if (outcome.ended === 'died') {
    throw outcome.how.includes('ENOSPC')
      ? new AppError('disk_full', 'the disk is full; nothing was stored', { cause: outcome.how })
      : new LoaderDied(outcome.how)
  }
  if (outcome.ended !== ended) throw new Error(`the loader answered ${outcome.ended} instead of ${ended}`)
  return outcome as Extract<LoaderOutcome, { ended: E }> // just checked
}

async function targetOf(
  deps: RunDeps,
  { load: { target }, signal }: OneLoad,
  job: LoaderJob,
): Promise<LoaderJob['target']> {
  const name = datasetOf(target)
  if (name !== undefined) {
    const infer = () => inferColumns(deps, job, signal)
    const dataset =
      (await findDataset(deps, name)) ?? (await deps.datasets.create({ name, columns: await infer() }))
    return { kind: 'dataset', columns: dataset.columns, unique_key: dataset.unique_key }
  }
  if (target === 'measurements') {
    return { kind: 'measurements', signals: await deps.measurements.knownSignals() }
  }
  return { kind: 'records', fields: target === 'assets' ? ASSET_FIELDS : SIGNAL_FIELDS }
}

async function findDataset({ datasets }: RunDeps, name: string): Promise<Dataset | undefined> {
  try {
    return await datasets.get(name)
  } catch (error) {
    if (error instanceof AppError && error.code === 'not_found') return undefined
    throw error
  }
}

/** A dataset that does not exist yet takes its columns from its first file. */
async function inferColumns({ loaders }: RunDeps, job: LoaderJob, signal: AbortSignal): Promise<Column[]> {
  const events = { signal, progress: () => {}, run: () => {} }
  return endOf(await loaders.run({ ...job, target: { kind: 'infer' } }, events), 'columns').columns
}

interface Merging extends OneLoad {
  folder: string
  loaded: Loaded | undefined
}

async function merge(tx: Tx, deps: RunDeps, one: Merging): Promise<LoadResult> {
  const { loaded, load } = one
  if (!loaded) throw new Error('a load was merged before it was staged')
  await recordChange(tx, load.load_key, deps.clock.now())
  await insertStagedRejects(tx, load.load_key)
  const counts: LoadCounts = { ...loaded.counts, rows_loaded: 0 }
  const dataset = datasetOf(load.target)
  if (dataset !== undefined) {
    const merged = await deps.datasets.mergeStaged(tx, dataset, load.load_key)
    add(counts, {
      rows_loaded: merged.loaded,
      rows_updated: merged.updated,
      rows_unchanged: merged.unchanged,
    })
  } else if (load.target === 'measurements') {
    const merged = await deps.measurements.mergeStaged(tx, loaded.layers)
    add(counts, {
      rows_loaded: merged.inserted,
      rows_updated: merged.updated,
      rows_unchanged: merged.unchanged,
    })
  } else {
    add(counts, await mergeRecords(tx, deps, one))
  }
  const settled = counts.rows_loaded + counts.rows_updated + counts.rows_unchanged + counts.rows_rejected
  if (settled !== counts.rows_read)
    throw new Error(`${counts.rows_read} rows were read, but ${settled} settled`)
  return { counts, header: loaded.header }
}

function add(counts: LoadCounts, more: Partial<LoadCounts>): void {
  for (const key of ['rows_loaded', 'rows_updated', 'rows_unchanged', 'rows_rejected'] as const) {
    counts[key] += more[key] ?? 0
  }
}

/** What a person is told of a load that failed; undefined for a failure that may pass, which is tried again. */
export function lastingReason(error: unknown): string | undefined {
  if (error instanceof LoadRefused) return error.message
  if (
    error instanceof AppError &&
    !['busy', 'engine_lost', 'disk_full', 'query_timeout'].includes(error.code)
  )
    return error.message
  return undefined
}
