// The log: lines of JSON on standard output and, when asked for, in a rotated file. Each line made within a request
// or job names it. Secrets are removed by the name of their field.

import { basename, dirname } from 'node:path'
import pino, { type Logger, type StreamEntry } from 'pino'
import { createStream } from 'rotating-file-stream'
import type { Config } from './config.ts'
import { currentContext } from './context.ts'

export type Log = Logger

const SECRET_FIELDS = [
  'password',
  'access_token',
  'refresh_token',
  'token',
  'csrf_token',
  'secret',
  'client_secret',
  'authorization',
  'cookie',
  'set-cookie',
  'x-csrf-token',
  'database_url',
]

/** A log for a process. `out` takes the lines instead of standard output. */
export function createLog(
  { logLevel, logFile }: Pick<Config, 'logLevel' | 'logFile'>,
  out: { write(line: string): void } = process.stdout,
): Log {
  const streams: StreamEntry[] = [{ level: 'trace', stream: out }]
  if (logFile !== '') streams.push({ level: 'trace', stream: rotatedFile(logFile) })
  return pino(
    {
      level: logLevel,
      base: { pid: process.pid },
      messageKey: 'message',
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      mixin: fieldsOfContext,
      redact: {
        paths: SECRET_FIELDS.flatMap((field) => [`["${field}"]`, `*["${field}"]`, `*.*["${field}"]`]),
        censor: '[removed]',
      },
    },
    pino.multistream(streams),
  )
}

function fieldsOfContext(): Record<string, unknown> {
  const context = currentContext()
  if (context === undefined) return {}
  const { request_id, trace_id, account } = context
  return { request_id, trace_id, ...(account && { account: account.name }) }
}

/** Ten files of 20 MB, the older ones compressed. Its folder is made when missing. */
function rotatedFile(path: string): NodeJS.WritableStream {
  return createStream(basename(path), {
    path: dirname(path),
    size: '20M',
    maxFiles: 10,
    compress: 'gzip',
    history: `${basename(path)}.history`,
  })
}
