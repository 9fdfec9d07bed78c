// What the service and the loader process say to each other: one job in, runs and counts out.

import type { Column, Dataset } from '../../contract/datasets.ts'
import type { LoadPreview } from '../../contract/loads.ts'
import type { FileFormat, Mapping } from '../../contract/mapping.ts'

/** A signal that readings may name. */
export interface KnownSignal {
  signal_key: number
  id: string
  asset_id: string
  quantity: string
  unit: string
}

/** How signals are made that a file names and that are not there. */
export interface SignalMaking {
  /** Greater than the key of any signal; those that are made get this key and those behind it, until the merge. */
  next_key: number
  /** The ids of all assets. */
  assets: string[]
  /** The asset of signals for which the file names none; null when there is none to take. */
  asset_id: string | null
  /** Whether assets are made, too. */
  makes_assets: boolean
}

/** A signal to be made, under the key that its readings have in the runs. */
export interface MadeSignal extends KnownSignal {
  name: string
}

/** Counts before the first row. */
export const NO_COUNTS: LoaderCounts = {
  rows_read: 0,
  rows_rejected: 0,
  rows_updated: 0,
  rows_unchanged: 0,
  rows_repeated: 0,
  rows_superseded: 0,
  times_skipped: 0,
  times_repeated: 0,
}

export interface ReadingsTarget {
  kind: 'measurements'
  signals: KnownSignal[]
  /** Left out where signals are not made. */
  making?: SignalMaking
}

export interface LoaderJob {
  /** The file as it came. */
  path: string
  /** The file may not have come in whole yet; `whole` resolves when it has. */
  grows?: boolean
  whole?: Promise<void>
  /** A folder of this job alone, for what the loader writes. */
  folder: string
  mapping: Mapping
  /** The format where the mapping says none. */
  format: FileFormat
  /** The zone of times without an offset where the mapping names none. */
  tz: string
  /** When the load began, in microseconds since 1970: what lies too far behind it is in the future. */
  now: number
  /** `breaks_off`: the file may end in the middle of a row, which is then none. */
  limits: { inflatedBytes: number; breaks_off?: boolean }
  target:
    | ReadingsTarget
    | { kind: 'dataset'; columns: Column[]; unique_key: string[] | null }
    | { kind: 'records'; fields: string[] }
    /** Reads no further than it takes to tell the columns of a dataset that does not exist yet. */
    | { kind: 'infer' }
    | PreviewTarget
}

/** Guesses what the file is, and checks its first rows as the load that it guesses would. */
export interface PreviewTarget {
  kind: 'preview'
  file_name: string
  /** What is not to be guessed. */
  asked: string | undefined
  /** The file was sent only in part. */
  partial: boolean
  known: Known
  making: SignalMaking
  /** The fields of assets and signals. */
  fields: { assets: string[]; signals: string[] }
}

/** What the workspace has, for a file to be compared with. */
export interface Known {
  signals: KnownSignal[]
  asset_ids: string[]
  asset_types: { name: string; attributes: string[] }[]
  datasets: KnownDataset[]
}
export type KnownDataset = Pick<Dataset, 'name' | 'columns' | 'unique_key'>

/**
 * What a file would become, as far as the loader can tell: `measured_at` of readings is in microseconds since 1970, and
 * rows of assets and signals are given as `records`, for the service to hold against those that are stored.
 */
export interface FilePreview extends Omit<LoadPreview, 'accepted' | 'rejected_count'> {
  rows_rejected: number
  records: RecordRow[]
}

/** A row of a file of assets or signals: texts by field. */
export interface RecordRow {
  line: number
  raw: string
  fields: Record<string, string | null>
}

/** Rows that the loader has settled itself; the merge adds what the warehouse decides. */
export interface LoaderCounts {
  rows_read: number
  rows_rejected: number
  rows_updated: number
  rows_unchanged: number
  /** Of the unchanged, those that repeat an earlier row of the file. */
  rows_repeated: number
  /** Of the updated, those that a later row of the file corrected. */
  rows_superseded: number
  /** Local times that a clock change leaves out, and those that it brings twice. */
  times_skipped: number
  times_repeated: number
}

/** What a file came to. */
export interface LoaderResult {
  counts: LoaderCounts
  /** Of runs, from 0; no reading stands twice in one. */
  layers: number
  /** The layers of rows that are not counted against earlier ones of the file yet; the others correct a run. */
  first_layers: number[]
  /** The first line of a CSV file as it stood, null where there is none. */
  header: string | null
  made: MadeSignal[]
}

export type LoaderMessage =
  | { type: 'progress'; fraction: number; rows_read: number }
  /** A run file of readings, for `Staging.stageRun`. */
  | { type: 'run'; path: string; layer: number }
  | ({ type: 'done' } & LoaderResult)
  | { type: 'columns'; columns: Column[] }
  | { type: 'preview'; preview: FilePreview }
  /** The whole file cannot be loaded; the reason is for the person who sent it. */
  | { type: 'failed'; reason: string }

/** Names of the files that a job leaves in its folder, beside its runs. */
export const REJECTS_FILE = 'rejects.csv'
export const ROWS_FILE = 'rows.csv'
export const RECORDS_FILE = 'records.ndjson'

/** The columns of `rejects.csv`, as the warehouse stages them. */
export const REJECT_COLUMNS = [
  { name: 'line', type: 'bigint' },
  { name: 'column_name', type: 'text' },
  { name: 'value', type: 'text' },
  { name: 'rule', type: 'text' },
  { name: 'reason', type: 'text' },
  { name: 'raw', type: 'text' },
]

/** The whole file cannot be loaded: the message says why and what would be right. */
export class FileRefused extends Error {}
