// The loader process, as the service sees it: a job goes in, runs come out as they are ready, counts at the end.

import { type ChildProcess, fork } from 'node:child_process'
import { getCompileCacheDir } from 'node:module'
import { join } from 'node:path'
import type { Column } from '../../../contract/datasets.ts'
import type { FilePreview, LoaderJob, LoaderMessage, LoaderResult } from '../../loader/job.ts'

const ENTRY = join(import.meta.dirname, '../../loader/loader-process.ts')
/** A loader holds a few runs of a million readings and a megabyte of the file; more is a fault. */
const HEAP_MB = 512

export interface LoaderEvents {
  progress(fraction: number, rowsRead: number): void
  /** A run file is ready; the next may come before the answer does. */
  run(path: string, layer: number): void
  signal: AbortSignal
  /** Resolves when the file has come in whole, where it is read while it grows. */
  whole?: Promise<void>
}

export type LoaderOutcome =
  | ({ ended: 'done' } & LoaderResult)
  | { ended: 'columns'; columns: Column[] }
  | { ended: 'preview'; preview: FilePreview }
  | { ended: 'refused'; reason: string }
  /** It died: by a signal, by its own fault, or because it was told to stop. */
  | { ended: 'died'; how: string }

/** A loader that was started and not given a job ends after this long. */
const SPARE_MS = 30_000

export interface Loaders {
  /** Starts a loader for a job that is about to come, so that it is ready by then. */
  prepare(): void
  run(job: LoaderJob, events: LoaderEvents): Promise<LoaderOutcome>
  /** Ends a loader that waits for a job. */
  close(): void
}

export function createLoaders(): Loaders {
  const state: { spare: ChildProcess | undefined; timer: NodeJS.Timeout | undefined } = {
    spare: undefined,
    timer: undefined,
  }

  function takeSpare(): ChildProcess | undefined {
    const { spare } = state
    clearTimeout(state.timer)
    state.spare = undefined
    return spare?.connected ? spare : undefined
  }

  const close = () => void takeSpare()?.kill('SIGKILL')

  return {
    prepare() {
      if (state.spare) return
      state.spare = startLoader()
      state.timer = setTimeout(close, SPARE_MS).unref()
    },
    run: (job, events) => runJob(takeSpare() ?? startLoader(), job, events),
    close,
  }
}

function startLoader(): ChildProcess {
  // What was compiled before is not compiled again: that is most of a loader's start.
  const compiled = getCompileCacheDir()
  return fork(ENTRY, {
    execArgv: [`--max-old-space-size=${HEAP_MB}`],
    env: { TZ: 'UTC', ...(compiled !== undefined && { NODE_COMPILE_CACHE: compiled }) },
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
}

function runJob(child: ChildProcess, job: LoaderJob, events: LoaderEvents): Promise<LoaderOutcome> {
  return new Promise((resolve) => {
    const state: { outcome: LoaderOutcome | undefined; complaint: string } = {
      outcome: undefined,
      complaint: '',
    }
    const stop = () => child.kill('SIGKILL')
    events.signal.addEventListener('abort', stop, { once: true })
    child.stderr?.on('data', (data: Buffer) => {
      state.complaint = (state.complaint + data.toString()).slice(-2000)
    })
    child.on('message', (message: LoaderMessage) => {
      if (message.type === 'progress') events.progress(message.fraction, message.rows_read)
      else if (message.type === 'run') events.run(message.path, message.layer)
      else if (message.type === 'columns') state.outcome = { ended: 'columns', columns: message.columns }
      else if (message.type === 'preview') state.outcome = { ended: 'preview', preview: message.preview }
      else if (message.type === 'failed') state.outcome = { ended: 'refused', reason: message.reason }
      else if (message.type === 'done') {
        const { type: _, ...result } = message
        state.outcome = { ended: 'done', ...result }
      }
    })
    child.on('error', (error) => {
      state.complaint += String(error)
    })
    child.on('close', (code, signal) => {
      events.signal.removeEventListener('abort', stop)
      resolve(
        state.outcome ?? { ended: 'died', how: `${signal ?? `exit code ${code}`} ${state.complaint}`.trim() },
      )
    })
    child.send({ ...job, grows: events.whole !== undefined }, (error) => {
      if (error) stop()
    })
    void events.whole?.then(() => child.connected && child.send('whole'))
    if (events.signal.aborted) stop()
  })
}
