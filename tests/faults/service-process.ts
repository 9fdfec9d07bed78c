/**
 * The service as people run it: `serve` in a process of its own, over one data folder, to be killed and started again.
 * Knows processes and HTTP, not what is stored.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const MAIN = join(import.meta.dirname, '../../server/main.ts')
const START_TIMEOUT_MS = 30_000
const POLL_MS = 5
/** Processes are found by their parent in /proc. */
export const CAN_FIND_PROCESSES = process.platform === 'linux'

/** The processes of the service that can be killed one by one. */
export type Part = 'server' | 'engine' | 'loader'
const ENTRIES = { engine: 'engine-process.ts', loader: 'loader-process.ts' }

export interface ServiceOptions {
  /** Settings by their names in the environment. */
  settings?: Record<string, string>
  /** A folder that is there already; a fresh one, removed at the end, when left out. */
  dataDir?: string
}

export type ServiceProcess = Awaited<ReturnType<typeof startService>>

/** Starts the service; `end` kills whatever is left of it and removes its folder. */
export async function startService({ settings = {}, dataDir }: ServiceOptions = {}) {
  const folder = dataDir ?? (await mkdtemp(join(tmpdir(), 'tidemark-faults-')))
  const state: { child: ChildProcess | undefined; url: string; log: string; token: string } = {
    child: undefined,
    url: '',
    log: '',
    token: '',
  }

  async function start(): Promise<void> {
    const child = spawn(process.execPath, [MAIN, 'serve'], {
      env: {
        PATH: process.env.PATH,
        TIDEMARK_ENV: 'test',
        LOG_LEVEL: 'warn',
        DATA_DIR: folder,
        ...settings,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, so that a signal can go to all of it as from a terminal.
      detached: true,
    })
    state.child = child
    const keep = (data: Buffer) => {
      state.log += data.toString()
    }
    const from = state.log.length
    child.stdout?.on('data', keep)
    child.stderr?.on('data', keep)
    const address = () => /Tidemark is at \S*?(http:\/\/[\d.]+:\d+)/.exec(state.log.slice(from))?.[1]
    await until(() => address() !== undefined || hasEnded(child), START_TIMEOUT_MS)
    const url = address()
    if (url === undefined) throw new Error(`the service did not start: ${state.log.slice(from)}`)
    state.url = url
  }

  /** The process id of a part that runs now. */
  function pid(part: Part): number | undefined {
    const server = state.child?.pid
    if (part === 'server' || server === undefined) return server
    return childrenOf(server).find((child) => commandOf(child).includes(ENTRIES[part]))
  }

  async function request(method: string, path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    if (state.token !== '') headers.set('authorization', `Bearer ${state.token}`)
    const below = path.startsWith('//') ? path.slice(1) : `/api/v1${path}`
    const signal = AbortSignal.timeout(START_TIMEOUT_MS)
    return await fetch(state.url + below, { signal, ...init, method, headers })
  }

  async function signIn(): Promise<void> {
    const body = new URLSearchParams({ grant_type: 'password', username: 'manager', password: 'manager' })
    const answer = await request('POST', '/token', { body })
    const { access_token } = (await answer.json()) as { access_token: string } // as POST /token answers
    state.token = access_token
  }

  const service = {
    folder,
    /** Everything that it wrote to standard output and standard error, over all its lives. */
    log: () => state.log,
    url: () => state.url,
    pid,
    request,
    start,

    json: async (path: string) => {
      const answer = await request('GET', path)
      if (!answer.ok) throw new Error(`${path} answered ${answer.status} ${await answer.text()}`)
      return (await answer.json()) as ReturnType<typeof JSON.parse> // whatever the path answers
    },

    send: (method: string, path: string, body: unknown, headers: Record<string, string> = {}) =>
      request(method, path, {
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...headers },
      }),

    /** Resolves when /readyz answers 200. */
    async ready(): Promise<void> {
      const isReady = () =>
        request('GET', '//readyz').then(
          (answer) => answer.ok,
          () => false,
        )
      await until(isReady, START_TIMEOUT_MS)
    },

    /** Kills a part with SIGKILL; answers whether there was one. A server that was killed is to be started again. */
    async kill(part: Part): Promise<boolean> {
      const target = pid(part)
      if (target === undefined || !signalTo(target, 'SIGKILL')) return false
      if (part === 'server' && state.child && !hasEnded(state.child)) await once(state.child, 'exit')
      return true
    },

    /** Ends the server with a signal, to it alone or to all its processes; answers its exit code. */
    async stop(signal: 'SIGTERM' | 'SIGINT' = 'SIGTERM', to: 'server' | 'group' = 'server') {
      const { child } = state
      if (child?.pid === undefined) return undefined
      const exited = hasEnded(child) ? undefined : once(child, 'exit')
      signalTo(to === 'group' ? -child.pid : child.pid, signal)
      await exited
      return child.exitCode
    },

    /** Leaves nothing behind, whatever happened before. */
    async end(): Promise<void> {
      const { child } = state
      if (child?.pid !== undefined) {
        signalTo(-child.pid, 'SIGKILL')
        if (!hasEnded(child)) await once(child, 'exit')
      }
      if (dataDir === undefined) await rm(folder, { recursive: true, force: true, maxRetries: 20 })
    },
  }
  try {
    await start()
    await signIn()
  } catch (error) {
    await service.end()
    throw error
  }
  return service
}

/** Asks again until it is so; fails after `timeoutMs`. */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  timeoutMs: number,
  pollMs = POLL_MS,
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!(await isSo())) {
    if (performance.now() > deadline)
      throw new Error(`not so after ${timeoutMs / 1000} seconds: ${isSo.toString()}`)
    await delay(pollMs)
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

/** Answers whether there was a process to get the signal. */
export function signalTo(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => parentOf(pid) === parent)
}

/** The fourth field of /proc/PID/stat; the second is a name in parentheses that may hold spaces. */
function parentOf(pid: number): number | undefined {
  const fields = textOf(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ')
  return fields?.[1] === undefined ? undefined : Number(fields[1])
}

const commandOf = (pid: number) => textOf(`/proc/${pid}/cmdline`)

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
