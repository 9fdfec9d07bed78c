// The real service, started as its users start it: its own process and data folder, a free port, signed in with a
// token, reached through HTTP.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, createReadStream, existsSync, rmSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'
import type { Load } from '../contract/loads.ts'
import type { Grid } from './grid-model.ts'
import { createHttpClient, type HttpClient } from './http-client.ts'
import { type Workspace, writeCatalogue } from './workspace.ts'

export interface Service extends HttpClient {
  origin: string
  /** What authorizes a request. */
  headers: Record<string, string>
  pid: number
  folder: string
  /** Answers the body of a read, as JSON. */
  ask<T>(path: string, body?: object): Promise<T>
  /** Sends a file and waits until it is in; `ms` is from the first byte sent to the end that a client sees. */
  load(file: string, target: string): Promise<{ ms: number; load: Load }>
  /** Ends it as an operator does; what is in memory is then in the files. */
  stop(): Promise<void>
}

const MAIN = join(import.meta.dirname, '../server/main.ts')
const START_MS = 30_000
const POLL_MS = 5
const LOAD_MS = 1_800_000

export async function startService(folder: string): Promise<Service> {
  const child = spawn(process.execPath, [MAIN, 'serve'], {
    env: { PATH: process.env.PATH, TIDEMARK_ENV: 'test', DATA_DIR: folder, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const kill = () => child.kill('SIGKILL')
  process.prependOnceListener('exit', kill) // before its folder is removed
  const ended = once(child, 'exit')
  const origin = await Promise.race([
    addressOf(createInterface(child.stdout)),
    delay(START_MS, undefined, { ref: false }).then(() => undefined),
    ended.then(() => undefined),
  ])
  if (origin === undefined || child.pid === undefined) throw new Error('the service did not start')
  const token = await signIn(origin)
  const headers = { authorization: `Bearer ${token}` }
  const client = createHttpClient(origin, headers)
  return {
    ...client,
    origin,
    headers,
    pid: child.pid,
    folder,
    ask: (path, body) => ask(client, path, body),
    load: (file, target) => load(client, file, target),
    async stop() {
      client.close()
      child.kill('SIGTERM')
      await ended
      process.removeListener('exit', kill)
    },
  }
}

async function addressOf(output: AsyncIterable<string>): Promise<string | undefined> {
  for await (const line of output) {
    const [origin] = stripVTControlCharacters(line).match(/http:\/\/[\d.]+:\d+/) ?? []
    if (origin !== undefined) return origin
  }
  return undefined
}

async function signIn(origin: string): Promise<string> {
  const body = new URLSearchParams({ grant_type: 'password', username: 'manager', password: 'manager' })
  const response = await fetch(`${origin}/api/v1/token`, { method: 'POST', body })
  return ((await response.json()) as { access_token: string }).access_token // by the contract
}

async function ask<T>(client: HttpClient, path: string, body?: object): Promise<T> {
  const call =
    body === undefined
      ? {}
      : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const answer = await client.call(`/api/v1${path}`, call)
  return JSON.parse(answer.body.toString()) as T // by the contract
}

async function load(client: HttpClient, file: string, target: string): Promise<{ ms: number; load: Load }> {
  const start = performance.now()
  const query = new URLSearchParams({ target, file_name: basename(file) })
  const sent = await client.call(`/api/v1/loads?${query.toString()}`, {
    method: 'POST',
    headers: {
      'content-type': file.endsWith('.csv') ? 'text/csv' : 'application/json',
      'content-length': statSync(file).size,
    },
    body: createReadStream(file, { highWaterMark: 1 << 20 }),
  })
  const { id } = JSON.parse(sent.body.toString()) as Load // by the contract
  while (performance.now() - start < LOAD_MS) {
    const state = await ask<Load>(client, `/loads/${id}`)
    if (state.status === 'done') return { ms: performance.now() - start, load: state }
    if (state.status !== 'queued' && state.status !== 'running') {
      throw new Error(`the load of ${file} ${state.status}: ${state.error}`)
    }
    await delay(POLL_MS)
  }
  throw new Error(`the load of ${file} did not end in time`)
}

/** Assets and signals of a grid, before its measurements. */
export async function loadCatalogue(service: Service, workspace: Workspace, grid: Grid): Promise<void> {
  const { assets, signals } = writeCatalogue(workspace, grid)
  await service.load(assets, 'assets')
  await service.load(signals, 'signals')
}

/** Data folders that hold the catalogue of a grid and no measurement; each start gets a copy of its own. */
export async function prepareEmpty(workspace: Workspace, grid: Grid) {
  const template = join(workspace.folder, `empty-${grid.components}`)
  if (!existsSync(template)) {
    const service = await startService(template)
    await loadCatalogue(service, workspace, grid)
    await service.stop()
  }
  const counter = { next: 1 }
  return {
    /** Starts a service on a fresh copy, hands it over, and ends and removes it. */
    async use<T>(work: (service: Service) => Promise<T>): Promise<T> {
      const folder = join(workspace.folder, `data-${grid.components}-${counter.next++}`)
      cpSync(template, folder, { recursive: true })
      const fresh = await startService(folder)
      try {
        return await work(fresh)
      } finally {
        await fresh.stop()
        rmSync(folder, { recursive: true, force: true })
      }
    },
  }
}

export type Empty = Awaited<ReturnType<typeof prepareEmpty>>

/** The files of the warehouse: what is not yet folded into the first is in the second. */
export function warehouseFiles(folder: string): string[] {
  return ['warehouse.duckdb', 'warehouse.duckdb.wal']
    .map((name) => join(folder, name))
    .filter((path) => existsSync(path))
}
