/**
 * The whole service for one test, on each engine: started empty, asked through its HTTP door, closed afterwards.
 * Every answer is held against the contract that its route declares.
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { InjectOptions } from 'fastify'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Role } from '../contract/accounts.ts'
import type { Asset, NewAsset } from '../contract/assets.ts'
import { Problem } from '../contract/basics.ts'
import type { Load } from '../contract/loads.ts'
import type { NewSignal, Signal } from '../contract/signals.ts'
import { type App, type AppOptions, createApp } from '../server/app.ts'
import { readConfig } from '../server/config.ts'
import { postgresUrl } from './postgres.ts'

/** Gives the settings of a fresh, empty place for the stores. */
export type Open = (t: TestContext) => Promise<Record<string, string>>

export const ENGINES: Record<'embedded' | 'postgres', Open> = {
  embedded: async () => ({}),
  postgres: async (t) => ({ DATABASE_URL: await postgresUrl(t) }),
}

export interface Answer {
  status: number
  headers: Record<string, string | string[] | number | undefined>
  /** The answer's JSON; undefined when it is something else. */
  body: ReturnType<typeof JSON.parse>
  text: string
  bytes: Buffer
}

type Ask = (path: string, headers?: Record<string, string>) => Promise<Answer>
type Send = (path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>

/** Paths are below /api/v1 unless they begin with `//`, which stands for the root: `//healthz`. */
export interface Client {
  get: Ask
  delete: Ask
  post: Send
  put: Send
  patch: Send
  request(
    method: string,
    path: string,
    options?: { body?: unknown; headers?: Record<string, string> },
  ): Promise<Answer>
}

export interface StartOptions extends Pick<AppOptions, 'clock' | 'log'> {
  /** Settings by their names in the environment. */
  settings?: Record<string, string>
}

const LOAD_TIMEOUT_MS = 60_000
const ROLE_ACCOUNTS: Record<Role, string> = { user: 'user', manager: 'manager' }

/** Starts the service on an engine; everything is closed and removed after the test. */
export async function startApp(t: TestContext, open: Open, options: StartOptions = {}) {
  const { settings = {}, ...given } = options
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-'))
  const stores = await open(t)
  const config = readConfig({ TIDEMARK_ENV: 'test', DATA_DIR: folder, ...stores, ...settings })
  const app = await createApp({ config, ...given })
  t.after(async () => {
    await app.close()
    await rm(folder, { recursive: true, force: true })
  })
  const url = await app.start()

  const tokens = new Map<Role, Promise<string>>()
  const tokenOf = (role: Role): Promise<string> => {
    const known = tokens.get(role) ?? signIn(app, ROLE_ACCOUNTS[role])
    tokens.set(role, known)
    return known
  }
  const as = (role: Role | 'anyone'): Client =>
    createClient(app, async () =>
      role === 'anyone' ? {} : { authorization: `Bearer ${await tokenOf(role)}` },
    )
  const manager = as('manager')

  return {
    ...manager,
    app,
    url,
    /** The folder of the embedded stores. */
    folder,
    tokenOf,
    as,
    givenAsset: (asset: Partial<NewAsset> = {}) =>
      given201<Asset>(manager, '/assets', { type: 'site', name: 'Site', ...asset }),
    /** A signal, on an asset of its own unless one is named. */
    async givenSignal(signal: Partial<NewSignal> = {}): Promise<Signal> {
      const name = `Site of ${signal.id ?? 'a signal'}`
      const asset_id =
        signal.asset_id ?? (await given201<Asset>(manager, '/assets', { type: 'site', name })).id
      return given201<Signal>(manager, '/signals', { quantity: 'voltage', unit: 'kV', ...signal, asset_id })
    },
    /** A load when it has ended, well or badly. */
    async loaded(id: string): Promise<Load> {
      const deadline = performance.now() + LOAD_TIMEOUT_MS
      while (performance.now() < deadline) {
        const { body } = await manager.get(`/loads/${id}`)
        if (['done', 'failed', 'cancelled'].includes(body.status)) return body
        await delay(10)
      }
      throw new Error(`the load ${id} has not ended after ${LOAD_TIMEOUT_MS / 1000} seconds`)
    },
  }
}

export type Running = Awaited<ReturnType<typeof startApp>>

async function given201<T>(client: Client, path: string, body: unknown): Promise<T> {
  const answer = await client.post(path, body)
  assert.equal(answer.status, 201, answer.text)
  return answer.body
}

async function signIn(app: App, name: string): Promise<string> {
  const answer = await app.http.inject({
    method: 'POST',
    url: '/api/v1/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: `grant_type=password&username=${name}&password=${name}`,
  })
  assert.equal(answer.statusCode, 200, answer.body)
  return answer.json().access_token
}

function createClient(app: App, credentials: () => Promise<Record<string, string>>): Client {
  const request: Client['request'] = async (method, path, { body, headers = {} } = {}) => {
    const url = path.startsWith('//') ? path.slice(1) : `/api/v1${path}`
    const response = await app.http.inject({
      method,
      url,
      headers: { ...(await credentials()), ...headers },
      ...(body !== undefined && { payload: payloadOf(body) }),
    })
    const answer = {
      status: response.statusCode,
      headers: response.headers,
      body: bodyOf(response.headers, response.body),
      text: response.body,
      bytes: response.rawPayload,
    }
    assertContract(app, method, url.split('?')[0] ?? url, answer)
    return answer
  }
  const send =
    (method: string): Send =>
    (path, body, headers) =>
      request(method, path, { body, ...(headers && { headers }) })
  const ask =
    (method: string): Ask =>
    (path, headers) =>
      request(method, path, headers && { headers })
  return {
    request,
    get: ask('GET'),
    delete: ask('DELETE'),
    post: send('POST'),
    put: send('PUT'),
    patch: send('PATCH'),
  }
}

/** Objects and lists are sent as JSON; texts, bytes and streams as they are. */
function payloadOf(body: unknown): NonNullable<InjectOptions['payload']> {
  if (typeof body === 'object' && body !== null) return body
  return typeof body === 'string' ? body : JSON.stringify(body)
}

function bodyOf(headers: Answer['headers'], text: string): Answer['body'] {
  const isJson = /^application\/(problem\+)?json/.test(String(headers['content-type']))
  return isJson && headers['content-encoding'] === undefined && text !== '' ? JSON.parse(text) : undefined
}

/** An error is a problem document with the status of the answer, unless its route declares another shape for errors. */
function assertContract(app: App, method: string, path: string, answer: Answer): void {
  const route = app.routes.find(method, path)
  const responses = (route?.schema?.response ?? {}) as Record<string, TSchema> // as the routes declare them
  const schema =
    responses[answer.status] ?? (answer.status >= 400 ? (responses.default ?? Problem) : undefined)
  if (schema === undefined || answer.body === undefined) return
  const validator = Compile(schema)
  const faults = validator.Check(answer.body) ? [] : validator.Errors(answer.body)
  assert.deepEqual(faults, [], `${method} ${path} answered ${answer.text.slice(0, 500)}`)
  if (schema === Problem) assert.equal(answer.body.status, answer.status)
}
