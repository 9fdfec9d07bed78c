// What a file would become, from its first megabytes: how it is understood, and its rows checked by the very same
// checks as those of a load. Nothing leaves the job's folder.

import type { Mapping } from '../../contract/mapping.ts'
import { AppError } from '../errors.ts'
import { createFileSignals } from './file-signals.ts'
import { jobOfHead, openHead } from './guess-head.ts'
import { formatOfHead } from './guess-layout.ts'
import { type Understanding, understandFile } from './guess-mapping.ts'
import { inferColumns } from './infer-columns.ts'
import {
  type FilePreview,
  FileRefused,
  type LoaderCounts,
  type LoaderJob,
  NO_COUNTS,
  type PreviewTarget,
  type SignalMaking,
} from './job.ts'
import { checkReadings } from './load-readings.ts'
import { checkDatasetRows, checkRecords } from './load-rows.ts'
import { type FileRecord, rawText } from './record.ts'
import type { Refusal } from './refusals.ts'

/** Rows that are shown as they would be stored, and refused ones that are told one by one. */
const SAMPLE_ROWS = 20
const REJECTS_SHOWN = 100
const VALUE_LENGTH = 500

type Rows = Pick<FilePreview, 'sample' | 'rejected' | 'rows_read' | 'rows_rejected' | 'records'>

/** FileRefused for a file that no load could read. */
export async function previewFile(job: LoaderJob, target: PreviewTarget): Promise<FilePreview> {
  const head = await openHead(job.path, target.partial)
  const format = formatOfHead(head, job.mapping, target.file_name)
  const headJob = await jobOfHead({ ...job, format }, head, target.partial)
  const understood = await understandFile(headJob, head, target)
  const { rows, refusal } = await checkRows({ ...headJob, mapping: understood.mapping }, target, understood)
  return {
    ...understood,
    ...rows,
    compression: head.compression ?? null,
    whole: headJob.limits.breaks_off !== true,
    notes:
      refusal === undefined ? understood.notes : [`a load would be refused: ${refusal}`, ...understood.notes],
  }
}

const NO_ROWS: Rows = { sample: [], rejected: [], rows_read: 0, rows_rejected: 0, records: [] }

/** `refusal` says why a load with this mapping would end without storing anything. */
async function checkRows(
  job: LoaderJob,
  target: PreviewTarget,
  { target: name }: Understanding,
): Promise<{ rows: Rows; refusal?: string }> {
  try {
    if (name === 'measurements') return { rows: await previewReadings(job, target) }
    if (name.startsWith('dataset:'))
      return { rows: await previewDataset(job, target, name.slice('dataset:'.length)) }
    return {
      rows: await previewRecords(job, name === 'assets' ? target.fields.assets : target.fields.signals),
    }
  } catch (error) {
    if (!(error instanceof FileRefused || error instanceof AppError)) throw error
    return { rows: NO_ROWS, refusal: error.message }
  }
}

type Collected = Rows & { counts: LoaderCounts }

const collect = (): Collected => ({ ...NO_ROWS, sample: [], rejected: [], counts: { ...NO_COUNTS } })

/** The sink of a check: it keeps the first rows and the first refusals, and counts the rest. */
function sinkOf(rows: Collected) {
  return {
    counts: rows.counts,
    show(row: Record<string, unknown>) {
      if (rows.sample.length < SAMPLE_ROWS) rows.sample.push(row)
    },
    refuse({ line }: FileRecord, { column, value, rule, reason }: Refusal) {
      rows.counts.rows_rejected++
      if (rows.rejected.length >= REJECTS_SHOWN) return
      rows.rejected.push({ line, column, value: value?.slice(0, VALUE_LENGTH) ?? null, rule, reason })
    },
    turn: () => Promise.resolve(),
  }
}

const rowsOf = ({ counts: { rows_read, rows_rejected }, ...rows }: Collected): Rows => ({
  ...rows,
  rows_read,
  rows_rejected,
})

async function previewReadings(job: LoaderJob, { known, making }: PreviewTarget): Promise<Rows> {
  const signals = createFileSignals({
    kind: 'measurements',
    signals: known.signals,
    ...(job.mapping.create_signals && { making: makingOf(job.mapping, making) }),
  })
  const rows = collect()
  const { show, ...sink } = sinkOf(rows)
  await checkReadings(job, signals, {
    ...sink,
    add(place, instant, value, line) {
      const { id, unit } = signals.at(place)
      show({ line, signal_id: id, measured_at: instant, value, unit })
    },
  })
  return rowsOf(rows)
}

/** `making` is that of a mapping which makes assets and names none. */
function makingOf({ create_assets, constants }: Mapping, making: SignalMaking): SignalMaking {
  const makes = create_assets === true
  const own = constants?.asset_id
  const named = making.asset_id
  const asset_id = makes || (named !== null && making.assets.includes(named)) ? named : null
  return { ...making, makes_assets: makes, asset_id: own === undefined ? asset_id : String(own) }
}

async function previewDataset(job: LoaderJob, { known }: PreviewTarget, name: string): Promise<Rows> {
  const { columns, unique_key } = known.datasets.find((one) => one.name === name) ?? {
    columns: await inferColumns(job),
    unique_key: null,
  }
  const rows = collect()
  const { show, ...sink } = sinkOf(rows)
  await checkDatasetRows(
    job,
    { columns, unique_key },
    {
      ...sink,
      add: (cells, { line }) =>
        show({ ...Object.fromEntries(columns.map((column, index) => [column.name, cells[index]])), line }),
    },
  )
  return rowsOf(rows)
}

/** Rows of assets and signals as texts by field; the service holds them against what is stored. */
async function previewRecords(job: LoaderJob, fields: string[]): Promise<Rows> {
  const rows = collect()
  const { show: _, ...sink } = sinkOf(rows)
  const records: Rows['records'] = []
  await checkRecords(job, fields, {
    ...sink,
    add(given, record) {
      records.push({ line: record.line, raw: rawText(record), fields: given })
    },
  })
  return { ...rowsOf(rows), records }
}
