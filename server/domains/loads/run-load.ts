// One load, from the file on disk to merged rows: the loader checks it into the staging tables, then one write of the
// warehouse takes it in whole. Done again after any crash; the load's batch key makes the second time a no-op.

import { randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Column, Dataset } from '../../../contract/datasets.ts'
import type { Mapping } from '../../../contract/mapping.ts'
import type { Clock } from '../../clock.ts'
import { recordChange } from '../../engine/changes.ts'
import type { Staging, Tx, Warehouse } from '../../engine/db.ts'
import { AppError } from '../../errors.ts'
import {
  type LoaderCounts,
  type LoaderJob,
  type LoaderResult,
  REJECT_COLUMNS,
  REJECTS_FILE,
  ROWS_FILE,
} from '../../loader/job.ts'
import type { AssetService } from '../assets/service.ts'
import type { DatasetService } from '../datasets/service.ts'
import type { MeasurementService } from '../measurements/service.ts'
import type { SignalService } from '../signals/service.ts'
import type { LoaderEvents, LoaderOutcome, Loaders } from './loader.ts'
import { readingsTarget, storeMade } from './made-signals.ts'
import { mergeRecords } from './merge-records.ts'
import type { BegunReading, ReadAheads } from './read-ahead.ts'
import { ASSET_FIELDS, SIGNAL_FIELDS } from './record-fields.ts'
import { insertStagedRejects, settleReplay } from './reject-store.ts'
import { refusedLoad } from './replay.ts'
import type { StoredLoad } from './store.ts'

export interface RunDeps {
  warehouse: Warehouse
  clock: Clock
  assets: AssetService
  signals: SignalService
  measurements: MeasurementService
  datasets: DatasetService
  loaders: Loaders
  readAheads: ReadAheads
  /** Where loaders leave what the engine may read. */
  stagingDir: string
  inflatedLimitBytes: number
  defaultZone: string
}

/** What became of the rows; loaded, updated, unchanged and rejected make `rows_read`. */
export interface LoadCounts extends LoaderCounts {
  rows_loaded: number
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
  const { id, target, format } = one.load
  const mapping = JSON.parse(one.load.mapping) as Mapping // checked when the load was accepted
  const begun = await deps.readAheads.take(id, { target, mapping, format })
  // Its own each time: a loader whose service was killed may still write for a moment.
  const folder = begun?.folder ?? join(deps.stagingDir, `${id}-${randomUUID()}`)
  const settled: { loader: LoaderResult | undefined } = { loader: undefined }
  try {
    return await deps.warehouse.write(
      `load:${one.load.id}`,
      (tx) => merge(tx, deps, { ...one, folder, loaded: settled.loader }),
      {
        stage: async (staging) => {
          await mkdir(folder, { recursive: true })
          settled.loader = await stageFile(deps, { ...one, folder, staging, begun })
        },
      },
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The name of the dataset that a target is; undefined for the other targets. */
export const datasetOf = (target: string) =>
  target.startsWith('dataset:') ? target.slice('dataset:'.length) : undefined

async function stageFile(
  deps: RunDeps,
  one: OneLoad & { folder: string; staging: Staging; begun: BegunReading | undefined },
): Promise<LoaderResult> {
  const { staging, folder, load, signal, progress } = one
  // Runs are staged while the loader reads on.
  const staged: Promise<void>[] = []
  const outcome = await readFile(deps, one, {
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

/** Has the file read, unless that was begun before. */
async function readFile(
  deps: RunDeps,
  one: OneLoad & { folder: string; begun: BegunReading | undefined },
  events: LoaderEvents,
): Promise<LoaderOutcome> {
  if (one.begun) return await one.begun.follow(events)
  const job = jobOf(deps, one)
  job.target = await targetOf(deps, one, job)
  return await deps.loaders.run(job, events)
}

function jobOf(deps: RunDeps, { path, folder, load }: OneLoad & { folder: string }): LoaderJob {
  return {
    path,
    folder,
    mapping: JSON.parse(load.mapping) as Mapping, // checked when the load was accepted
    format: load.format,
    tz: deps.defaultZone,
    now: deps.clock.now(),
    limits: { inflatedBytes: deps.inflatedLimitBytes },
    target: { kind: 'infer' },
  }
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
  { load: { target, file_name }, signal }: OneLoad,
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
    return await readingsTarget(deps, job.mapping, file_name)
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
  loaded: LoaderResult | undefined
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
      rows_repeated: merged.repeated,
      rows_superseded: merged.superseded,
    })
  } else if (load.target === 'measurements') {
    add(counts, await mergeReadings(tx, deps, { load, loaded }))
  } else {
    add(counts, await mergeRecords(tx, deps, one))
  }
  if (load.replays !== null) await settleReplay(tx, refusedLoad(load))
  const settled = counts.rows_loaded + counts.rows_updated + counts.rows_unchanged + counts.rows_rejected
  if (settled !== counts.rows_read)
    throw new Error(`${counts.rows_read} rows were read, but ${settled} settled`)
  return { counts, header: loaded.header }
}

/** Signals that the file makes come first; what stands in several layers is told apart from what was stored. */
async function mergeReadings(
  tx: Tx,
  deps: RunDeps,
  { load, loaded }: { load: StoredLoad; loaded: LoaderResult },
): Promise<Partial<LoadCounts>> {
  const mapping = JSON.parse(load.mapping) as Mapping // checked when the load was accepted
  await storeMade(tx, deps, mapping, loaded.made)
  const { inserted, updated, unchanged } = await deps.measurements.mergeStaged(tx, loaded.layers)
  const across = await deps.measurements.countRepeats(tx, updated + unchanged > 0 ? loaded.first_layers : [])
  return {
    rows_loaded: inserted,
    rows_updated: updated,
    rows_unchanged: unchanged,
    rows_repeated: across.repeated,
    rows_superseded: across.superseded,
  }
}

function add(counts: LoadCounts, more: Partial<LoadCounts>): void {
  for (const [key, rows] of Object.entries(more)) counts[key as keyof LoadCounts] += rows // the same keys
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
