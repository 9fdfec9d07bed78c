// Long results as text, sent piece by piece as the reader takes them. Each stream has a connection of its own.

import type { DuckDBDataChunk, DuckDBInstance, DuckDBResult } from '@duckdb/node-api'
import { AppError } from '../../errors.ts'
import type { TextFormat } from '../db.ts'
import { kindOf, readColumn } from './duckdb-columns.ts'
import { createRunner, withinTime } from './duckdb-sessions.ts'
import type { Ask } from './frames.ts'
import { textHeader, toText } from './result-rows.ts'

const CHUNK_BYTES = 128 * 1024
/** Chunks that may be on their way before the reader asks for more. */
const CHUNKS_AHEAD = 4
/** Streams of one client at once; each holds a connection as long as its reader likes. */
const STREAMS_AT_ONCE = 32

interface Flow {
  allowed: number
  cancelled: boolean
  wake: () => void
}

/** The streams of one client. `send` takes the chunks of a stream by the number of its request. */
export function createStreams(instance: DuckDBInstance, send: (id: number, chunk: Uint8Array) => void) {
  const flows = new Map<number, Flow>()

  function change(id: number, apply: (flow: Flow) => void): void {
    const flow = flows.get(id)
    if (!flow) return
    apply(flow)
    flow.wake()
  }

  return {
    /** Resolves when the whole result was sent, or the reader wants no more. */
    async run(id: number, ask: Extract<Ask, { op: 'text' }>): Promise<void> {
      if (flows.size >= STREAMS_AT_ONCE) {
        throw new AppError(
          'busy',
          `more than ${STREAMS_AT_ONCE} long answers are under way; try again in a moment`,
        )
      }
      const flow: Flow = { allowed: CHUNKS_AHEAD, cancelled: false, wake: () => {} }
      flows.set(id, flow)
      const connection = await instance.connect()
      try {
        const result = await createRunner(connection)(ask.statement, ask.timeoutMs, true)
        const fetch = () => withinTime(connection, ask.timeoutMs, () => result.fetchChunk())
        for await (const chunk of textChunks(result, fetch, ask.format)) {
          while (flow.allowed === 0 && !flow.cancelled) await woken(flow)
          if (flow.cancelled) break
          flow.allowed--
          send(id, chunk)
        }
      } finally {
        flows.delete(id)
        connection.interrupt()
        connection.closeSync()
      }
    },

    more: (id: number) => change(id, (flow) => flow.allowed++),
    cancel: (id: number) => change(id, cancel),
    cancelAll() {
      for (const id of flows.keys()) change(id, cancel)
    },
  }
}

function cancel(flow: Flow): void {
  flow.cancelled = true
}

function woken(flow: Flow): Promise<void> {
  return new Promise((resolve) => {
    flow.wake = resolve
  })
}

/** A result as text of about 128 kB a piece. */
async function* textChunks(
  result: DuckDBResult,
  fetch: () => Promise<DuckDBDataChunk | null>,
  format: TextFormat,
): AsyncGenerator<Uint8Array> {
  const names = result.columnNames()
  const types = result.columnTypes()
  const kinds = types.map(kindOf)
  let text = textHeader(names, format)
  let first = true
  for (let chunk = await fetch(); chunk && chunk.rowCount > 0; chunk = await fetch()) {
    const current = chunk
    const columns = types.map((type, index) => readColumn(current, index, type))
    text += toText({ names, kinds, columns, rows: chunk.rowCount, rowsChanged: 0 }, format, first)
    first = false
    if (text.length >= CHUNK_BYTES) {
      yield Buffer.from(text)
      text = ''
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  if (text.length > 0) yield Buffer.from(text)
}
