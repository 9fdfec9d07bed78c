// A file of measurements is read and checked while it is still coming in, where nothing stands against it: when its load
// begins, most of the work is done. The load takes what was read only if it would read the same; otherwise, and after a
// crash, it reads the file itself.

import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { FileFormat, Mapping } from '../../../contract/mapping.ts'
import type { Clock } from '../../clock.ts'
import type { LoaderJob } from '../../loader/job.ts'
import type { MeasurementService } from '../measurements/service.ts'
import type { LoaderEvents, LoaderOutcome, Loaders } from './loader.ts'
import { keepFile, type RawFile } from './raw-file.ts'

export interface ReadAheadDeps {
  loaders: Loaders
  measurements: Pick<MeasurementService, 'knownSignals'>
  clock: Clock
  stagingDir: string
  defaultZone: string
  inflatedLimitBytes: number
}

/** What decides how a file is read. */
export interface Reading {
  target: string
  mapping: Mapping
  format: FileFormat | undefined
}

interface Ahead {
  how: Reading
  job: LoaderJob
  stop: AbortController
  whole: PromiseWithResolvers<void>
  runs: { path: string; layer: number }[]
  follower: LoaderEvents | undefined
  outcome: Promise<LoaderOutcome>
}

/** A reader that was begun before its load: `follow` hears of what it has done, and of the rest. */
export interface BegunReading {
  /** Where it leaves what it writes; the load's to remove. */
  folder: string
  follow(events: LoaderEvents): Promise<LoaderOutcome>
}

/** A file that takes longer to come in gains nothing by being read meanwhile. */
const LONGEST_MS = 60_000
const LINES: (FileFormat | undefined)[] = ['csv', 'json', 'ndjson']

export type ReadAheads = ReturnType<typeof createReadAheads>

export function createReadAheads(deps: ReadAheadDeps) {
  /** By load. One at a time: others would take each other's time. */
  const begun = new Map<string, Ahead>()

  async function forget(id: string): Promise<void> {
    const ahead = begun.get(id)
    if (!ahead) return
    begun.delete(id)
    ahead.stop.abort()
    await ahead.outcome
    await rm(ahead.job.folder, { recursive: true, force: true })
  }

  /** Begins to read the file at `path`, which grows; does nothing where that would not help. */
  function begin(id: string, path: string, how: Reading): void {
    const { target, mapping, format } = how
    if (begun.size > 0 || target !== 'measurements' || mapping.create_signals || !LINES.includes(format))
      return
    const ahead: Ahead = {
      how,
      job: {
        path,
        folder: join(deps.stagingDir, `${id}-ahead`),
        mapping,
        format: format ?? 'csv',
        tz: deps.defaultZone,
        now: deps.clock.now(),
        limits: { inflatedBytes: deps.inflatedLimitBytes },
        target: { kind: 'measurements', signals: [] },
      },
      stop: new AbortController(),
      whole: Promise.withResolvers(),
      runs: [],
      follower: undefined,
      outcome: Promise.resolve({ ended: 'died', how: 'it was not begun' }),
    }
    begun.set(id, ahead)
    setTimeout(() => ahead.follower ?? void forget(id), LONGEST_MS).unref()
    ahead.outcome = run(deps, ahead)
  }

  return {
    /** Keeps a file as `keepFile` does, and has it read meanwhile where that helps. */
    async keep(
      stream: Readable,
      { id, path, limitBytes, how }: { id: string; path: string; limitBytes: number; how: Reading },
    ): Promise<RawFile> {
      try {
        return await keepFile(stream, path, {
          limitBytes,
          onGrowing: () => begin(id, path, how),
          onWhole: () => begun.get(id)?.whole.resolve(),
        })
      } catch (error) {
        await forget(id)
        throw error
      }
    },

    /** The file became no load, or not one that is read so. */
    forget,

    /** The reading of a load, when it is what the load itself would read; otherwise it is given up. */
    async take(id: string, how: Reading): Promise<BegunReading | undefined> {
      const ahead = begun.get(id)
      if (!ahead) return undefined
      const signals = await deps.measurements.knownSignals()
      const isSame = JSON.stringify(ahead.how) === JSON.stringify(how)
      if (!isSame || ahead.job.target.kind !== 'measurements' || ahead.job.target.signals !== signals) {
        await forget(id)
        return undefined
      }
      begun.delete(id)
      return { folder: ahead.job.folder, follow: (events) => follow(ahead, events) }
    },
  }
}

async function run({ loaders, measurements }: ReadAheadDeps, ahead: Ahead): Promise<LoaderOutcome> {
  const { job, stop, whole } = ahead
  try {
    await mkdir(job.folder, { recursive: true })
    job.target = { kind: 'measurements', signals: await measurements.knownSignals() }
    return await loaders.run(job, {
      signal: stop.signal,
      whole: whole.promise,
      progress: (fraction, rowsRead) => ahead.follower?.progress(fraction, rowsRead),
      run: (path, layer) => {
        if (ahead.follower) ahead.follower.run(path, layer)
        else ahead.runs.push({ path, layer })
      },
    })
  } catch (error) {
    return { ended: 'died', how: String(error) }
  }
}

function follow(ahead: Ahead, events: LoaderEvents): Promise<LoaderOutcome> {
  const stop = () => ahead.stop.abort()
  if (events.signal.aborted) stop()
  events.signal.addEventListener('abort', stop, { once: true })
  for (const { path, layer } of ahead.runs.splice(0)) events.run(path, layer)
  ahead.follower = events
  return ahead.outcome.finally(() => events.signal.removeEventListener('abort', stop))
}
