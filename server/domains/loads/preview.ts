// What a file would become if it were loaded: told from its first megabytes by a loader of its own, held against what
// is stored, and forgotten. Nothing is stored, whatever happens.

import { randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { LoadPreview } from '../../../contract/loads.ts'
import type { Mapping } from '../../../contract/mapping.ts'
import { formatInstant } from '../../engine/sql.ts'
import { AppError } from '../../errors.ts'
import type { FilePreview, Known, LoaderJob, PreviewTarget } from '../../loader/job.ts'
import type { MappingService } from '../mappings/service.ts'
import { formatOf } from './file-format.ts'
import { makingOf } from './made-signals.ts'
import { columnOf, settleRecords } from './merge-records.ts'
import { keepFile } from './raw-file.ts'
import { ASSET_FIELDS, SIGNAL_FIELDS } from './record-fields.ts'
import type { RunDeps } from './run-load.ts'

export interface PreviewDeps extends RunDeps {
  mappings: Pick<MappingService, 'resolve'>
  uploadLimitBytes: number
}

/** A file to be looked at. */
export interface FileToPreview {
  stream: Readable
  content_type: string
  file_name: string
  mapping: Mapping
  /** Guessed when left out. */
  target?: string
  /** The file breaks off somewhere: only its beginning was sent. */
  partial: boolean
}

/** Each holds a loader; more would take the machine from the loads. */
const MOST_AT_ONCE = 4
const TIMEOUT_MS = 10_000
const MOST_KNOWN = 1000
/** As many rows are shown, and as many refusals. */
const SAMPLE_ROWS = 20
const REJECTS_SHOWN = 100

export function previewRules(deps: PreviewDeps) {
  const state = { running: 0 }

  return {
    /**
     * How the file is understood and what a load of it would accept and refuse, of its first rows. AppError `busy` when
     * too many are asked for at once, `invalid` for what no load could read, `query_timeout` after ten seconds.
     */
    async preview(file: FileToPreview): Promise<LoadPreview> {
      if (state.running >= MOST_AT_ONCE) {
        throw new AppError('busy', `${MOST_AT_ONCE} previews are being made already; ask again in a moment`)
      }
      state.running++
      const folder = join(deps.stagingDir, `preview-${randomUUID()}`)
      try {
        formatOf(file.content_type, file.file_name)
        const { mapping, target } = await deps.mappings.resolve(file.mapping)
        deps.loaders.prepare()
        await mkdir(folder, { recursive: true })
        const raw = await keepFile(file.stream, join(folder, 'file'), { limitBytes: deps.uploadLimitBytes })
        if (raw.size_bytes === 0) throw new AppError('invalid', 'the file is empty')
        const asked = file.target ?? target ?? undefined
        const job = await jobOf(deps, { ...file, mapping }, { folder, path: raw.path, asked })
        return await finish(deps, await look(deps, job))
      } finally {
        state.running--
        await rm(folder, { recursive: true, force: true })
      }
    },
  }
}

async function jobOf(
  deps: PreviewDeps,
  { mapping, file_name, partial }: FileToPreview,
  { folder, path, asked }: { folder: string; path: string; asked: string | undefined },
): Promise<LoaderJob> {
  // As if it made assets and named none: what it does is told by the mapping that is guessed.
  const making = await makingOf(deps, { create_assets: true }, file_name)
  const target: PreviewTarget = {
    kind: 'preview',
    file_name,
    asked,
    partial,
    known: await knownOf(deps, making.assets),
    making,
    fields: { assets: ASSET_FIELDS, signals: SIGNAL_FIELDS },
  }
  return {
    path,
    folder,
    mapping,
    format: 'csv',
    tz: deps.defaultZone,
    now: deps.clock.now(),
    limits: { inflatedBytes: deps.inflatedLimitBytes },
    target,
  }
}

async function knownOf({ assets, measurements, datasets }: PreviewDeps, assetIds: string[]): Promise<Known> {
  const { items: types } = await assets.listTypes({ limit: MOST_KNOWN })
  const { items: tables } = await datasets.list({ limit: MOST_KNOWN })
  return {
    signals: await measurements.knownSignals(),
    asset_ids: assetIds,
    asset_types: types.map(({ name, attributes_schema: { properties } }) => ({
      name,
      attributes: typeof properties === 'object' && properties !== null ? Object.keys(properties) : [],
    })),
    datasets: tables.map(({ name, columns, unique_key }) => ({ name, columns, unique_key })),
  }
}

async function look({ loaders }: PreviewDeps, job: LoaderJob): Promise<FilePreview> {
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  const outcome = await loaders.run(job, { signal, progress: () => {}, run: () => {} })
  if (outcome.ended === 'preview') return outcome.preview
  if (outcome.ended === 'refused') throw new AppError('invalid', outcome.reason)
  if (signal.aborted) {
    throw new AppError(
      'query_timeout',
      `the file could not be looked at within ${TIMEOUT_MS / 1000} seconds; send less of it, or load it with a mapping`,
    )
  }
  if (outcome.ended === 'died' && outcome.how.includes('ENOSPC')) {
    throw new AppError('disk_full', 'the disk is full; the file could not be looked at', {
      cause: outcome.how,
    })
  }
  throw new AppError('invalid', 'the file stopped its reader, as a load of it would', { cause: outcome })
}

async function finish(
  deps: PreviewDeps,
  { records, rows_rejected, ...found }: FilePreview,
): Promise<LoadPreview> {
  const { target, mapping } = found
  const shown = {
    sample: found.sample.map(shownRow),
    rejected: found.rejected,
    rejected_count: rows_rejected,
  }
  if (target === 'assets' || target === 'signals') {
    const outcomes = await settleRecords(deps, target, {
      rows: records,
      mapping,
      storeAssets: (rows) => deps.assets.planMany(deps.warehouse, rows),
      storeSignals: (rows) => deps.signals.planMany(deps.warehouse, rows, mapping.create_assets === true),
    })
    for (const [index, outcome] of outcomes.entries()) {
      const line = records[index]?.line ?? 0
      if (!('reason' in outcome)) {
        if (shown.sample.length < SAMPLE_ROWS) shown.sample.push({ ...outcome.row, line })
        continue
      }
      shown.rejected_count++
      const { column, value, rule, reason } = outcome
      shown.rejected.push({ line, column: columnOf(mapping, column), value, rule, reason })
    }
    shown.rejected = shown.rejected.sort((a, b) => a.line - b.line).slice(0, REJECTS_SHOWN)
  }
  const accepted = found.rows_read - shown.rejected_count
  // However well a file seems to be understood: what a load refuses was not.
  const confidence = found.rows_read === 0 ? 0 : Math.min(found.confidence, accepted / found.rows_read)
  return { ...found, ...shown, accepted, confidence }
}

/** The loader knows instants as numbers. */
function shownRow(row: Record<string, unknown>): Record<string, unknown> {
  return typeof row.measured_at === 'number' ? { ...row, measured_at: formatInstant(row.measured_at) } : row
}
