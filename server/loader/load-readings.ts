// A file of measurements: each reading checked for its signal, time and value, and handed on; here into runs.

import { readRecords } from './file-records.ts'
import { createFileSignals, type FileSignals } from './file-signals.ts'
import { jsonKeysOf } from './infer-columns.ts'
import {
  FileRefused,
  type LoaderCounts,
  type LoaderJob,
  type LoaderMessage,
  type LoaderResult,
  type ReadingsTarget,
} from './job.ts'
import { createLongReader, READING_FIELDS } from './long-readings.ts'
import { createReadingParts, type ReadingSink, type RowReader } from './reading-parts.ts'
import { createRunWriter, RUN_ROWS } from './reading-runs.ts'
import { createRefusals, type Refusal } from './refusals.ts'
import { createWideReader } from './wide-readings.ts'

/** Writes the file's readings as runs, told of one by one, and its refused rows. */
export async function loadReadings(
  job: LoaderJob,
  target: ReadingsTarget,
  { counts, tell }: { counts: LoaderCounts; tell: (message: LoaderMessage) => void },
): Promise<LoaderResult> {
  const signals = createFileSignals(target)
  const refusals = createRefusals(job.folder, counts)
  const runs = createRunWriter({
    folder: job.folder,
    keys: signals.keys,
    counts,
    wrote: (path, layer) => tell({ type: 'run', path, layer }),
    capacity: RUN_ROWS,
  })
  const header = await checkReadings(job, signals, {
    counts,
    add: runs.add,
    refuse: refusals.refuse,
    async turn(fraction) {
      await runs.drain()
      tell({ type: 'progress', fraction, rows_read: counts.rows_read })
    },
  })
  runs.flush()
  await runs.finish()
  refusals.close()
  return {
    counts,
    layers: runs.layers(),
    first_layers: runs.firstLayers(),
    header,
    made: signals.made(runs.has),
  }
}

/**
 * Reads the file and gives each reading that keeps all rules to the sink, and each row that does not; writes nothing.
 * Answers the header line of a CSV file. FileRefused or AppError `invalid` when the file as a whole cannot be read so.
 */
export async function checkReadings(
  job: LoaderJob,
  signals: FileSignals,
  sink: ReadingSink,
): Promise<string | null> {
  const { mapping } = job
  const isWide = mapping.wide !== undefined
  if (!isWide && mapping.time !== undefined) {
    throw new FileRefused('`time` is for wide files: name their columns in `wide`, or this one in `columns`')
  }
  const parts = createReadingParts(job, signals, sink)
  const state: { read: RowReader | undefined; header: string | null } = { read: undefined, header: null }
  const { asked, fields } = isWide ? await askWide(job) : { asked: job, fields: READING_FIELDS }
  await readRecords(asked, fields, {
    header(names, line) {
      state.header = line
      state.read = isWide ? createWideReader(parts, names) : createLongReader(parts, names)
    },
    take(record) {
      if (record.broken === '') state.read?.(record)
      else {
        sink.counts.rows_read++
        sink.refuse(record, brokenRow(record.broken))
      }
    },
    turn: sink.turn,
  })
  return state.header
}

const brokenRow = (reason: string): Refusal => ({ column: null, value: null, rule: 'structure', reason })

/** Records of JSON and XML are asked for the columns of a wide file by name; its `columns` name signals instead. */
async function askWide(job: LoaderJob): Promise<{ asked: LoaderJob; fields: string[] }> {
  const { columns: _, ...mapping } = job.mapping
  const asked = { ...job, mapping }
  const { time = '', wide = '*' } = mapping
  return { asked, fields: wide === '*' ? await jsonKeysOf(asked) : [time, ...wide] }
}
