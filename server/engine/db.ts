// What a store may ask of a database, whichever it is. Each engine passes one contract suite over these.

import type { Sql } from './sql.ts'

/**
 * A row as it goes on the wire: `timestamptz` as RFC 3339 text in UTC, dates as `2026-01-31`, integers and numerics as
 * numbers, `json` columns as their text.
 */
export type Row = Record<string, unknown>

/** Expressions that engines write differently. Each takes and gives parts of a statement. */
export interface Dialect {
  readonly name: 'duckdb' | 'postgres' | 'sqlite'
  /** `value` at the smallest `by`, of rows that have both; null when there is none. */
  argMin(value: Sql, by: Sql): Sql
  /** `value` at the greatest `by`, of rows that have both; null when there is none. */
  argMax(value: Sql, by: Sql): Sql
  /** The median, interpolated between the two middle values. */
  median(value: Sql): Sql
  /** Microseconds since 1970 of a `timestamptz`, a bigint. */
  epochMicros(at: Sql): Sql
  /** Whole-number division rounding down, of bigints; the divisor is greater than 0. */
  floorDivide(dividend: Sql, divisor: Sql): Sql
  /** The text at a key of a JSON object column, null when absent. */
  jsonText(column: Sql, key: string): Sql
  /** Whether a column equals one of `values`. */
  oneOf(column: Sql, values: string[] | number[]): Sql
  /** Whether arithmetic on doubles raises an error where IEEE 754 gives Infinity or 0; no when left out. */
  readonly overflowRaises?: true
  /** Whether rows are found by where they lie, not by an index: then it matters how they are ordered. */
  readonly findsByOrder?: true
  /** Ends an inner select that must not be merged into the one around it; nothing where none ever is. */
  readonly keepApart?: Sql
}

export interface Db {
  readonly dialect: Dialect
  /** All rows of a statement. */
  query<R extends object = Row>(statement: Sql): Promise<R[]>
  /** Runs a statement; answers how many rows it wrote. */
  run(statement: Sql): Promise<number>
}

/** The transaction of a write of the warehouse. */
export interface Tx extends Db {
  /** The number that this write is known by once it is committed, greater than any before it. */
  readonly version: number
  /** Says that the write changes which signals there are, or what one means. */
  touchSignals(): void
}

/** Accounts, definitions, jobs, ledgers: small transactions. */
export interface Control extends Db {
  /** One transaction, committed when `work` returns and rolled back when it throws. Not nested. */
  write<T>(work: (tx: Db) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** Columns of equal length, as the engine has them. */
export interface Columns {
  names: string[]
  /** Numbers and instants (microseconds) as Float64Array where the column has no null, otherwise arrays. */
  columns: (Float64Array | (number | string | boolean | null)[])[]
  rows: number
}

/** What a column of a user's answer is; `local` is a time without a zone, `other` what has no form of its own here. */
export type ValueType = 'integer' | 'number' | 'text' | 'boolean' | 'timestamp' | 'local' | 'date' | 'other'

export interface TypedColumns extends Columns {
  types: ValueType[]
}

/** Readings on their way in, one per position; `signal_key` is the integer key of a known signal. */
export interface ReadingColumns {
  signal_key: Int32Array
  /** Microseconds since 1970. */
  measured_at: Float64Array
  value: Float64Array
  layer: Int32Array
}

/** Readings to be stored by themselves, without a layer: no (signal, instant) stands twice. */
export interface AppendedReadings extends Omit<ReadingColumns, 'layer'> {
  batchKey: string
  /** When they are written, microseconds since 1970. */
  at: number
  /** What a write with this key answers, as JSON. */
  result: string
}

/** Rows on their way in, as CSV that our own loader wrote: no header, `\N` for null, text always quoted. */
export interface StagedCsv {
  table: 'staged_row' | 'staged_reject'
  path: string
  columns: { name: string; type: string }[]
}

/**
 * A place to put many rows before they are merged; lives as long as the write it belongs to. Within one layer no
 * (signal, instant) stands twice; a higher layer corrects a lower one.
 */
export interface Staging {
  /** Adds readings to the temporary table `staged_reading (signal_key, measured_at, value, layer)`. */
  stageReadings(readings: ReadingColumns): Promise<void>
  /** The same from a file that the loader wrote (`engine/warehouse/run-file.ts`), all in one layer. */
  stageRun(path: string, layer: number): Promise<void>
  /** Makes and fills a temporary table of the given columns. */
  stageCsv(csv: StagedCsv): Promise<void>
}

export type TextFormat = 'csv' | 'ndjson' | 'json'

export interface ReadOptions {
  /** The time after which the statement is stopped; the setting `QUERY_TIMEOUT_MS` when left out. */
  timeoutMs?: number
}

export interface WriteOptions {
  /** Runs before the writer's turn comes, so that a large load delays nobody: fills the staging tables. */
  stage?: (staging: Staging) => Promise<void>
  /** How long the key is kept: `brief` (15 minutes) for keys that only serve our own retries. */
  keep?: 'brief' | 'always'
  /** The key was made for this write and never sent before, so that it need not be looked for. */
  fresh?: boolean
}

/** What was measured. Reads are retried when the engine restarts; writes are too, by their batch key. */
export interface Warehouse extends Db {
  columns(statement: Sql, options?: ReadOptions): Promise<Columns>
  /**
   * Runs a statement that a user wrote, as `user-sql.ts` printed it: it can read the public views and the datasets and
   * do nothing else. More than `rows` rows or 64 MB are refused, never cut. AppErrors `sql_invalid` (with the `line` of
   * the statement that the engine names), `range_too_large`, `query_timeout`, `busy`.
   */
  untrusted(statement: Sql, options: { rows: number } & ReadOptions): Promise<TypedColumns>
  /**
   * The rows as text, in chunks as the engine reads: `csv` with a header line (text cells that a spreadsheet would
   * run as a formula get a leading apostrophe), `ndjson` one object a line, `json` objects with commas between them.
   */
  text(statement: Sql, format: TextFormat, options?: ReadOptions): AsyncIterable<Uint8Array>
  /**
   * One transaction, alone among writers. A key that was committed before gives the first answer again
   * and writes nothing. `T` is kept as JSON beside the key.
   */
  write<T>(batchKey: string, work: (tx: Tx) => Promise<T>, options?: WriteOptions): Promise<T>
  /**
   * Stores readings in a write of their own when all are newer than what is stored of their signals. When they are
   * `not_newer` nothing was written (an engine may always say so), and `write` with the same key does it; also when
   * the outcome is `unknown`, since the engine was lost on the way.
   */
  appendNewer(readings: AppendedReadings): Promise<'stored' | 'not_newer' | 'unknown'>
  /** Calls `listener` after each write that touched signals, committed or not, before the writer hears of it. */
  onSignalsTouched(listener: () => void): void
  /** The version of the last committed write, 0 for none. */
  version(): Promise<number>
  close(): Promise<void>
}
