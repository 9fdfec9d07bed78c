// Keeps one engine process running: starts it, starts it again when it dies, kills it when it does not answer,
// and gives the rest of the service a connection that is always the current one.

import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { getCompileCacheDir } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { connectEngine, type EngineConnection, engineClosed, engineLost } from './engine-connection.ts'
import type { EngineOptions } from './engine-process.ts'

/** Where a log line of the supervisor goes. */
export interface EngineLog {
  info(fields: object, message: string): void
  error(fields: object, message: string): void
}

export interface Supervisor {
  /** The current connection; waits for a restart, at most `waitMs`, then throws `engine_lost`; `busy` once stopped. */
  connection(waitMs?: number): Promise<EngineConnection>
  /** The process id of the engine that runs now. */
  pid(): number | undefined
  /** Ends the engine, with all that was committed in its file. */
  stop(): Promise<void>
}

const ENTRY = join(import.meta.dirname, 'engine-process.ts')
const FIRST_START_MS = 15_000
const HEARTBEAT_MS = 2000
/** Statements run beside the engine's event loop, so that only a stuck process fails to answer this long. */
const SILENCE_MS = 15_000
/** How long the last checkpoint may take. */
const STOP_MS = 10_000
const RESTART_PAUSE_MS = { first: 10, most: 2000 }
/** A socket's path may have 108 bytes; a longer one goes to the temporary folder. */
const SOCKET_PATH_BYTES = 100

export interface SupervisorOptions {
  dataDir: string
  memoryMb: number
  log: EngineLog
}

export function engineOptions({ dataDir, memoryMb }: SupervisorOptions): EngineOptions {
  const folder = resolve(dataDir)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const beside = join(folder, 'engine.sock')
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 16)
  const short = join(tmpdir(), `tidemark-${process.getuid?.() ?? 0}-${name}`, 'engine.sock')
  return {
    path: join(folder, 'warehouse.duckdb'),
    memoryMb,
    stagingFolder: join(folder, 'staging'),
    temporaryFolder: join(folder, 'engine-temporary'),
    socketPath: Buffer.byteLength(beside) <= SOCKET_PATH_BYTES ? beside : short,
  }
}

export async function startSupervisor(options: SupervisorOptions): Promise<Supervisor> {
  const engine = engineOptions(options)
  const { log } = options
  const state: State = {
    child: undefined,
    current: undefined,
    stopping: false,
    opened: false,
    lastAnswerAt: 0,
    complaint: '',
    waiting: [],
  }

  async function runForever(): Promise<void> {
    let pauseMs = RESTART_PAUSE_MS.first
    while (!state.stopping) {
      const startedAt = Date.now()
      await runOnce(engine, state, log)
      if (state.stopping) return
      pauseMs =
        Date.now() - startedAt > 5000 ? RESTART_PAUSE_MS.first : Math.min(pauseMs * 2, RESTART_PAUSE_MS.most)
      await delay(pauseMs)
    }
  }

  const running = runForever()
  const heartbeat = setInterval(() => checkHeartbeat(state, log), HEARTBEAT_MS)
  heartbeat.unref()

  const supervisor: Supervisor = {
    async connection(waitMs = 10_000) {
      if (state.current) return state.current
      if (state.stopping) throw engineClosed()
      return await new Promise<EngineConnection>((resolve, reject) => {
        const timer = setTimeout(() => reject(engineLost()), waitMs)
        state.waiting.push((connection) => {
          clearTimeout(timer)
          if (connection) resolve(connection)
          else reject(engineClosed())
        })
      })
    },
    pid: () => state.child?.pid,
    async stop() {
      state.stopping = true
      clearInterval(heartbeat)
      for (const give of state.waiting.splice(0)) give(undefined)
      const { child, current } = state
      // One that hangs is not waited for: what was committed is safe without a checkpoint.
      const forced = setTimeout(() => child?.kill('SIGKILL'), STOP_MS)
      await current?.ask({ op: 'checkpoint' }).catch(() => undefined)
      current?.end()
      child?.stdin?.end()
      await running
      clearTimeout(forced)
    },
  }
  try {
    await supervisor.connection(FIRST_START_MS)
  } catch (cause) {
    await supervisor.stop()
    throw new Error(
      `the warehouse ${engine.path} cannot be opened: ${reasonIn(state.complaint) || 'no answer in time'}`,
      { cause },
    )
  }
  return supervisor
}

interface State {
  child: ChildProcess | undefined
  current: EngineConnection | undefined
  stopping: boolean
  /** Whether any engine has been ready: then the next one will be, too. */
  opened: boolean
  lastAnswerAt: number
  /** The end of what the last engine that died wrote to standard error. */
  complaint: string
  waiting: ((connection: EngineConnection | undefined) => void)[]
}

/** The sentence in what Node writes of an error that nobody caught. */
function reasonIn(complaint: string): string {
  return /^(?:\w*Error): (.*)$/m.exec(complaint)?.[1] ?? complaint
}

/** One life of the engine process, from its start to its end. */
async function runOnce(engine: EngineOptions, state: State, log: EngineLog): Promise<void> {
  // What was compiled before is not compiled again.
  const compiled = getCompileCacheDir()
  const child = spawn(process.execPath, [ENTRY, JSON.stringify(engine)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    // Four long statements would starve libuv's usual four threads.
    env: {
      TZ: 'UTC',
      UV_THREADPOOL_SIZE: '16',
      ...(compiled !== undefined && { NODE_COMPILE_CACHE: compiled }),
    },
  })
  state.child = child
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => resolve())
    child.once('exit', () => resolve())
  })
  child.stdin?.on('error', () => undefined)
  state.complaint = ''
  child.stderr?.on('data', (data: Buffer) => {
    state.complaint = (state.complaint + data.toString()).slice(-2000)
  })
  child.stdout?.once('data', () => {
    void attach(engine, state, child)
  })
  await ended
  state.current?.end()
  state.current = undefined
  // What keeps the first engine from opening its file would keep the next one from it.
  if (!state.opened && child.exitCode !== null) for (const give of state.waiting.splice(0)) give(undefined)
  if (!state.stopping) {
    log.error(
      { exit_code: child.exitCode, signal: child.signalCode, complaint: state.complaint },
      'the engine process ended; starting it again',
    )
  }
}

/** Connects to an engine that is ready, and again when the connection breaks; one that cannot be reached is ended. */
async function attach(engine: EngineOptions, state: State, child: ChildProcess): Promise<void> {
  if (state.stopping) return
  const connection = await connectEngine(engine.socketPath, () => {
    if (state.current === connection) state.current = undefined
    void attach(engine, state, child)
  }).catch(() => undefined)
  if (!connection || state.stopping) {
    connection?.end()
    if (!state.stopping) child.kill('SIGKILL')
    return
  }
  state.current = connection
  state.opened = true
  state.lastAnswerAt = Date.now()
  for (const give of state.waiting.splice(0)) give(connection)
}

function checkHeartbeat(state: State, log: EngineLog): void {
  const { current, child } = state
  if (!current || !child) return
  if (Date.now() - state.lastAnswerAt > SILENCE_MS) {
    log.error(
      { silence_ms: Date.now() - state.lastAnswerAt },
      'the engine process does not answer; killing it',
    )
    child.kill('SIGKILL')
    return
  }
  current.ask({ op: 'ping' }).then(
    () => {
      state.lastAnswerAt = Date.now()
    },
    () => undefined,
  )
}
