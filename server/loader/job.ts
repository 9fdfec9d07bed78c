// What the service and the loader process say to each other: one job in, runs and counts out.

import type { Column } from '../../contract/datasets.ts'
import type { FileFormat, Mapping } from '../../contract/loads.ts'

/** A signal that readings may name. */
export interface KnownSignal {
  signal_key: number
  id: string
  asset_id: string
  quantity: string
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

export interface LoaderJob {
  /** The file as it came. */
  path: string
  /** A folder of this job alone, for what the loader writes. */
  folder: string
  mapping: Mapping
  /** The format where the mapping says none. */
  format: FileFormat
  /** The zone of times without an offset where the mapping names none. */
  tz: string
  limits: { inflatedBytes: number }
  target:
    | { kind: 'measurements'; signals: KnownSignal[] }
    | { kind: 'dataset'; columns: Column[]; unique_key: string[] | null }
    | { kind: 'records'; fields: string[] }
    /** Reads no further than it takes to tell the columns of a dataset that does not exist yet. */
    | { kind: 'infer' }
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

export type LoaderMessage =
  | { type: 'progress'; fraction: number; rows_read: number }
  /** A run file of readings, for `Staging.stageRun`. */
  | { type: 'run'; path: string; layer: number }
  /** `header` is the first line of a CSV file as it stood, null where there is none. */
  | { type: 'done'; counts: LoaderCounts; layers: number; header: string | null }
  | { type: 'columns'; columns: Column[] }
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
