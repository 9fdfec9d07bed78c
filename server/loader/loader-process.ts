// The loader: a short-lived process that reads one file nobody has vouched for, checks every row, and leaves sorted
// runs and refused rows in its own folder. It knows no store; a file that breaks it breaks nothing else.

import { AppError } from '../errors.ts'
import { inferColumns } from './infer-columns.ts'
import { FileRefused, type LoaderCounts, type LoaderJob, type LoaderMessage, NO_COUNTS } from './job.ts'
import { loadReadings } from './load-readings.ts'
import { loadDatasetRows, loadRecords } from './load-rows.ts'

/** Progress is told at most this often. */
const PROGRESS_MS = 100

const told = { progressAt: 0 }

function tell(message: LoaderMessage): void {
  if (message.type === 'progress') {
    if (performance.now() - told.progressAt < PROGRESS_MS) return
    told.progressAt = performance.now()
  }
  process.send?.(message)
}

async function load(job: LoaderJob): Promise<void> {
  const counts: LoaderCounts = { ...NO_COUNTS }
  const { target } = job
  if (target.kind === 'measurements') {
    tell({ type: 'done', ...(await loadReadings(job, target, { counts, tell })) })
    return
  }
  if (target.kind === 'preview') {
    // Most jobs are loads, which need none of what guesses.
    const { previewFile } = await import('./preview-file.ts')
    tell({ type: 'preview', preview: await previewFile(job, target) })
    return
  }
  if (target.kind === 'infer') {
    tell({ type: 'columns', columns: await inferColumns(job) })
    return
  }
  const header =
    target.kind === 'dataset'
      ? await loadDatasetRows(job, target, { counts, tell })
      : await loadRecords(job, target.fields, { counts, tell })
  tell({ type: 'done', counts, layers: 0, first_layers: [], header, made: [] })
}

process.once('message', (sent: LoaderJob) => {
  const whole = new Promise<void>((resolve) => process.once('message', () => resolve()))
  const job = sent.grows ? { ...sent, whole } : sent
  load(job)
    .catch((error: unknown) => {
      if (!(error instanceof FileRefused || error instanceof AppError)) throw error
      tell({ type: 'failed', reason: error.message })
    })
    .then(
      () => process.disconnect(),
      (error: unknown) => {
        process.stderr.write(String(error instanceof Error ? error.stack : error))
        process.exit(1)
      },
    )
})
process.once('disconnect', () => process.exit(0))
