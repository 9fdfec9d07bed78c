// The language between the service and the engine process: whole messages over a local socket, each a length and
// a body in V8's own serialization (typed arrays cross without being rewritten as text). Knows nothing of DuckDB.

import type { Socket } from 'node:net'
import { deserialize, serialize } from 'node:v8'
import type { AppendedReadings, ReadingColumns, StagedCsv, TextFormat } from '../db.ts'
import type { SqlValue } from '../sql.ts'

interface Statement {
  text: string
  values: SqlValue[]
}

/** What the service asks. `session` names a connection of its own that `open` gave. */
export type Ask =
  | { op: 'ping' }
  | { op: 'query'; statement: Statement; timeoutMs: number; session?: number }
  | { op: 'text'; statement: Statement; timeoutMs: number; format: TextFormat }
  | { op: 'untrusted'; statement: Statement; timeoutMs: number; rows: number }
  | { op: 'more'; stream: number }
  | { op: 'cancel'; stream: number }
  | { op: 'open' }
  | { op: 'stage_readings'; session: number; readings: ReadingColumns }
  | { op: 'stage_run'; session: number; path: string; layer: number }
  | { op: 'stage_csv'; session: number; csv: StagedCsv }
  | { op: 'begin'; session: number }
  | { op: 'commit'; session: number; version: number }
  | { op: 'close'; session: number }
  | { op: 'append'; readings: AppendedReadings }
  | { op: 'version' }
  | { op: 'checkpoint' }

/** How a column's values are to be read: numbers, microseconds since 1970, or as they are. */
export type ColumnKind = 'number' | 'instant' | 'plain'

export interface ResultSet {
  names: string[]
  kinds: ColumnKind[]
  columns: (Float64Array | (number | string | boolean | null)[])[]
  rows: number
  rowsChanged: number
}

export type EngineFault =
  | 'busy'
  | 'query_timeout'
  | 'disk_full'
  | 'sql_invalid'
  | 'range_too_large'
  | 'internal'

/** What the engine answers; `text` frames of a stream end with one that has `done`. */
export type Answer =
  | { id: number; result: unknown }
  | { id: number; fault: EngineFault; message: string }
  | { id: number; chunk: Uint8Array }

export function writeFrame(socket: Socket, message: unknown): boolean {
  const body = serialize(message)
  const frame = Buffer.allocUnsafe(4 + body.length)
  frame.writeUInt32LE(body.length, 0)
  body.copy(frame, 4)
  return socket.write(frame)
}

/** Calls `receive` with each whole message, however the bytes were cut. */
export function readFrames(socket: Socket, receive: (message: unknown) => void): void {
  let parts: Buffer[] = []
  let held = 0
  let wanted = -1
  socket.on('data', (data: Buffer) => {
    parts.push(data)
    held += data.length
    while (held >= (wanted < 0 ? 4 : wanted)) {
      const all = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts) // one part at least is held
      if (wanted < 0) {
        wanted = all.readUInt32LE(0)
        parts = [all.subarray(4)]
        held -= 4
      } else {
        const body = all.subarray(0, wanted)
        parts = [all.subarray(wanted)]
        held -= wanted
        wanted = -1
        receive(deserialize(body))
      }
    }
  })
}
