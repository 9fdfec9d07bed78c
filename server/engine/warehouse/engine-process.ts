// The engine process: the one process that opens the DuckDB file. It answers over a local socket that only its owner
// may use, and ends when the process that started it does. Started by engine-supervisor.ts with its options as JSON.

import { chmodSync, mkdirSync, rmSync, writeSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { AppError } from '../../errors.ts'
import { readResult } from './duckdb-columns.ts'
import { createReaders, type DuckdbOptions, endAtOnce, openDuckdb } from './duckdb-sessions.ts'
import { createAppends } from './engine-appends.ts'
import { createSessions } from './engine-sessions.ts'
import { createStreams } from './engine-streams.ts'
import { createUserReads } from './engine-user-sql.ts'
import { type Answer, type Ask, type EngineFault, readFrames, writeFrame } from './frames.ts'
import { createTurns } from './turns.ts'

export interface EngineOptions extends DuckdbOptions {
  socketPath: string
}

const STATEMENT_LIMIT_MS = 600_000

const options = JSON.parse(process.argv[2] ?? '') as EngineOptions // written by engine-supervisor.ts
const instance = await openWhenFree(options)
const readers = await createReaders(instance)
const readUntrusted = createUserReads(instance)
const turns = createTurns()
/** Only this process writes, so the version is read once and counted from there. */
const committed = { version: await lastVersion() }

const append = createAppends({ instance, turns, committed, folder: dirname(options.path) })

/** The process that ran before may still hold the file for a moment after a kill. */
async function openWhenFree(given: DuckdbOptions) {
  mkdirSync(given.stagingFolder, { recursive: true })
  const deadline = Date.now() + 10_000
  for (;;) {
    try {
      return await openDuckdb(given)
    } catch (error) {
      if (Date.now() > deadline || !/lock/i.test(String(error))) throw error
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

async function lastVersion(): Promise<number> {
  return await readers.use(async (run) => {
    const tables = "select 1 from information_schema.tables where table_name = 'batch'"
    const exists = await readResult(await run({ text: tables, values: [] }, STATEMENT_LIMIT_MS))
    if (exists.rows === 0) return 0
    const greatest = 'select coalesce(max(version), 0)::double from batch'
    const set = await readResult(await run({ text: greatest, values: [] }, STATEMENT_LIMIT_MS))
    return Number(set.columns[0]?.[0] ?? 0)
  })
}

/** Brings what is in the write-ahead log into the file, so that the next start need not. Fails while others write. */
async function checkpoint(): Promise<void> {
  await readers.use(async (run) => await run({ text: 'checkpoint', values: [] }, STATEMENT_LIMIT_MS))
}

/** Answers one client for as long as it is connected. */
function serve(socket: Socket): void {
  const send = (answer: Answer) => {
    if (!socket.destroyed) writeFrame(socket, answer)
  }
  const sessions = createSessions({ instance, turns, committed, folder: dirname(options.path) })
  const streams = createStreams(instance, (id, chunk) => send({ id, chunk }))

  async function answer(id: number, ask: Ask): Promise<unknown> {
    switch (ask.op) {
      case 'ping':
        return true
      case 'version':
        return committed.version
      case 'query':
        if (ask.session !== undefined) return await sessions.query(ask.session, ask)
        return await readers.use(async (run) => readResult(await run(ask.statement, ask.timeoutMs)))
      case 'text':
        return await streams.run(id, ask)
      case 'untrusted':
        return await readUntrusted(ask)
      case 'more':
        return streams.more(ask.stream)
      case 'cancel':
        return streams.cancel(ask.stream)
      case 'append':
        return await append(ask.readings)
      case 'open':
        return await sessions.open()
      case 'close':
        return await sessions.close(ask.session)
      case 'checkpoint':
        return await checkpoint()
      default:
        return await sessions.write(ask)
    }
  }

  readFrames(socket, (message) => {
    const { id, ask } = message as { id: number; ask: Ask } // written by engine-connection.ts
    answer(id, ask).then(
      (result) => send({ id, result }),
      (error: unknown) => {
        endWhenUnusable(error)
        send({ id, ...faultOf(error) })
      },
    )
  })
  socket.on('error', () => socket.destroy())
  socket.on('close', () => {
    streams.cancelAll()
    sessions.closeAll()
  })
}

/** After some errors, a checkpoint without space among them, the database answers nothing until it is opened again. */
function endWhenUnusable(error: unknown): void {
  if (!/^FATAL Error|database has been invalidated/.test(error instanceof Error ? error.message : '')) return
  writeSync(process.stderr.fd, String(error))
  endAtOnce()
}

function faultOf(error: unknown): { fault: EngineFault; message: string } {
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof AppError && isFault(error.code)) return { fault: error.code, message }
  if (/no space left|disk full|could not write/i.test(message)) return { fault: 'disk_full', message }
  return { fault: 'internal', message }
}

function isFault(code: string): code is EngineFault {
  return ['busy', 'query_timeout', 'disk_full', 'sql_invalid', 'range_too_large'].includes(code)
}

mkdirSync(dirname(options.socketPath), { recursive: true, mode: 0o700 })
rmSync(options.socketPath, { force: true })
const server = createServer(serve)
server.listen(options.socketPath, () => {
  chmodSync(options.socketPath, 0o600)
  process.stdout.write('ready\n')
})

/** The parent holds the other end of our standard input: when it goes, we go, and the next one may open the file. */
process.stdin.resume()
process.stdin.on('end', endAtOnce)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined)
