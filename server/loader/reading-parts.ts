// What the readers of long and of wide files share: how a mapping has times and values read, and where both go.

import type { Instant } from '../engine/sql.ts'
import { latestOf, tooFarAhead } from '../field-rule.ts'
import { type FieldBytes, textOfField } from './field-bytes.ts'
import type { FileSignals } from './file-signals.ts'
import type { InstantReader } from './instant-parts.ts'
import type { LoaderCounts, LoaderJob } from './job.ts'
import { createNumberReader, explainInstant, explainNumber, type NumberReader } from './reading-fields.ts'
import { createSignalCheck, type SignalFault } from './reading-values.ts'
import type { FileRecord } from './record.ts'
import type { Refusal } from './refusals.ts'
import { createMappedInstant } from './text-instant.ts'

/** Where the readings of a file go. */
export interface ReadingSink {
  counts: LoaderCounts
  /** `place` is that of the signal among those of the file. */
  add: (place: number, instant: Instant, value: number, line: number) => void
  /** Counts the row as refused. */
  refuse: (record: FileRecord, refusal: Refusal) => void
  /** Called after each chunk of the file, with how much of it has been read. */
  turn: (fraction: number) => Promise<void>
}

export type RowReader = (record: FileRecord) => void

/** How far ahead times may lie where no rule says it. */
const MAX_AHEAD = '366d'

export interface ReadingParts {
  job: LoaderJob
  signals: FileSignals
  sink: ReadingSink
  readInstant: InstantReader
  /** Times beyond it are in the future. */
  latest: Instant
  readNumber: NumberReader
  /** Of the rules about signals; undefined where there are none. */
  faultOfSignal: ((place: number) => SignalFault | undefined) | undefined
  /** Why a time was not taken; NaN for one that could not be read. */
  explainTime: (field: FieldBytes, instant: Instant) => Refusal
  explainValue: (field: FieldBytes) => Refusal
}

export function createReadingParts(job: LoaderJob, signals: FileSignals, sink: ReadingSink): ReadingParts {
  const { mapping } = job
  const faultOfSignal = createSignalCheck(mapping.rules, signals)
  const ahead = mapping.rules?.measured_at?.max_ahead ?? MAX_AHEAD
  const format = mapping.time_format ?? 'iso'
  return {
    job,
    signals,
    sink,
    readInstant: createMappedInstant(job, sink.counts),
    latest: latestOf(ahead, job.now),
    readNumber: createNumberReader(mapping),
    faultOfSignal,
    explainTime(field, instant) {
      const value = textOfField(field)
      const broken = Number.isNaN(instant) ? explainInstant(value, format) : tooFarAhead(ahead)
      return { column: field.column, value, ...broken }
    },
    explainValue(field) {
      const value = textOfField(field)
      return { column: field.column, value, ...explainNumber(value, mapping) }
    },
  }
}
