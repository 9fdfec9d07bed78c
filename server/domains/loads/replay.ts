// Refused rows sent again, mended: written as a file in the form of the first, which is kept and loaded like any other.
// Which refused row stands where in it is noted before the load is queued, and settled in the load's own write.

import { randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { Load } from '../../../contract/loads.ts'
import type { Mapping } from '../../../contract/mapping.ts'
import type { Reject, RejectReplay } from '../../../contract/rejects.ts'
import type { Warehouse } from '../../engine/db.ts'
import { AppError } from '../../errors.ts'
import { createStagedWriter } from '../../loader/staged-csv.ts'
import type { MappingService } from '../mappings/service.ts'
import { createMender, type Mender } from './mend-row.ts'
import {
  insertReplayed,
  REPLAYED_COLUMNS,
  type RefusedLoad,
  type RejectChoice,
  readRefusedLines,
} from './reject-store.ts'
import type { NewFile } from './service.ts'
import type { StoredLoad } from './store.ts'

export interface ReplayDeps {
  warehouse: Warehouse
  mappings: Pick<MappingService, 'resolve'>
  /** Where the engine may read. */
  stagingDir: string
  /** Keeps the file and queues its load. */
  accept(file: NewFile): Promise<Load>
}

const FLUSH_LENGTH = 64 * 1024

/** What the refusals of a load need to know of it. */
export function refusedLoad({ id, load_key, mapping }: StoredLoad): RefusedLoad & { time: string } {
  const { wide, time = '' } = JSON.parse(mapping) as Mapping // checked when the load was accepted
  return { id, load_key, isWide: wide !== undefined, time }
}

/**
 * Queues a load of the open refused rows that are meant: those of `lines`, or without `lines` and filter those of
 * `rows`, or without all three every open one. Rows set aside are meant only by their lines. AppError `conflict` for a
 * load that is not done, `invalid` when nothing is left to send or a row is named that cannot be sent.
 */
export async function replayRejects(
  deps: ReplayDeps,
  load: StoredLoad,
  { account_id, ...request }: RejectReplay & { account_id: string },
): Promise<Load> {
  if (load.status !== 'done') {
    const sentence = `the load is ${load.status}; refused rows can be sent again once it is done`
    throw new AppError('conflict', sentence)
  }
  const mapping = JSON.parse(load.mapping) as Mapping // checked when the load was accepted
  const mender = createMender({ ...load, mapping }, request)
  const change = await deps.mappings.resolve(request.mapping ?? {})
  const id = randomUUID()
  const path = join(deps.stagingDir, `replay-${id}.csv`)
  await mkdir(deps.stagingDir, { recursive: true })
  const lines = readRefusedLines(deps.warehouse, load.load_key, choiceOf(request))
  try {
    return await deps.accept({
      stream: Readable.from(writeRows({ load, mender, lines, path, request }), { objectMode: false }),
      target: load.target,
      mapping: mender.mapping(change.mapping),
      file_name: `mended rows of ${load.file_name}`,
      content_type: mender.format === 'csv' ? 'text/csv' : 'application/x-ndjson',
      account_id,
      replay: {
        id,
        of: load.replays ?? load.id,
        note: () => notePlaces(deps.warehouse, { load: refusedLoad(load), id, path }),
      },
    })
  } finally {
    await rm(path, { force: true })
  }
}

function choiceOf({ lines, rule, column, reason, rows }: RejectReplay): RejectChoice {
  const isFiltered = rule !== undefined || column !== undefined || reason !== undefined
  const named = lines ?? (isFiltered ? undefined : rows?.map(({ line }) => line))
  return { rule, column, reason, lines: named, states: named ? ['open', 'dismissed'] : ['open'] }
}

interface Writing {
  load: StoredLoad
  mender: Mender
  lines: AsyncIterable<Reject[]>
  path: string
  request: RejectReplay
}

/** The file that is sent; notes at `path` where in it each refused row stands. */
async function* writeRows({ path, ...writing }: Writing): AsyncGenerator<string> {
  const places = createStagedWriter(path)
  try {
    yield* rowsToSend({ ...writing, places })
  } finally {
    await places.close()
  }
}

async function* rowsToSend({
  load,
  mender,
  lines,
  places,
  request,
}: Omit<Writing, 'path'> & { places: ReturnType<typeof createStagedWriter> }): AsyncGenerator<string> {
  const missing = new Set(request.rows?.map(({ line }) => line))
  const sent = { rows: 0, line: 1 }
  let text = ''
  const write = (row: string) => {
    text += `${row}\n`
    sent.line += row.split('\n').length
  }
  for await (const refusals of lines) {
    const mended = mender.mend(refusals)
    if (!mended) continue
    const header = sent.rows++ === 0 ? mender.header() : null
    if (header !== null) write(header)
    for (const { line, column, raw } of refusals) {
      // In a replay, what a row was first is known to its first load only.
      places.write([sent.line, line, column, load.replays === null ? mended.raw : (mended.raw ?? raw)])
      missing.delete(line)
    }
    write(mended.sent)
    if (text.length < FLUSH_LENGTH) continue
    yield text
    text = ''
    await places.drain()
  }
  if (missing.size > 0) throw notMeant(request, missing)
  if (sent.rows === 0) throw nothingToSend(load)
  yield text
}

function notMeant({ rows = [] }: RejectReplay, missing: Set<number>): AppError {
  const faults = rows.flatMap(({ line }, index) =>
    missing.has(line)
      ? [{ path: `/rows/${index}/line`, message: 'must be the line of a row that is open and meant' }]
      : [],
  )
  return new AppError('invalid', 'some rows are not among those that can be sent again', { faults })
}

function nothingToSend(load: StoredLoad): AppError {
  const why =
    load.replays === null
      ? 'no row that is open is meant, or what is meant has to be written anew first'
      : `the rows that a replay refused stay open in the load that they came from, ${load.replays}; send them from there, or name their lines here`
  return new AppError('invalid', `there is nothing to send again: ${why}`)
}

async function notePlaces(
  warehouse: Warehouse,
  { load, id, path }: { load: RefusedLoad; id: string; path: string },
): Promise<void> {
  await warehouse.write(`replay:${id}`, (tx) => insertReplayed(tx, load, id), {
    stage: (staging) => staging.stageCsv({ table: 'staged_row', path, columns: REPLAYED_COLUMNS }),
    keep: 'brief',
  })
}
