// Every address of the server is here and nowhere else. Knows the contract; knows nothing of pages or caches.

import type { Session } from '../contract/accounts.ts'
import type { PageOf, Problem } from '../contract/basics.ts'
import type { Dashboard } from '../contract/dashboards.ts'
import type { Load, Mapping, Reject } from '../contract/loads.ts'
import type { SeriesAnswer } from '../contract/measurements.ts'
import type { Metric, MetricData } from '../contract/metrics.ts'
import type { Signal } from '../contract/signals.ts'

const BASE = '/api/v1'
const CONTENT_TYPES: Record<string, string> = {
  csv: 'text/csv',
  tsv: 'text/csv',
  txt: 'text/csv',
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  jsonl: 'application/x-ndjson',
  gz: 'application/gzip',
}

type Query = Record<string, string | number | readonly string[] | undefined>

/** Instants as RFC 3339 text; half-open. */
export interface RangeText {
  from: string
  to: string
}

/** A refusal or failure that the server explained, or `status` 0 when it could not be reached. */
export class ApiError extends Error {
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.detail || problem.title)
    this.problem = problem
  }
}

export interface Upload {
  file: File
  target: string
  mapping: Mapping
  /** Called with the part that was sent, 0 to 1. */
  onProgress: (part: number) => void
}

/** The server as functions. Keeps the token that unsafe requests by cookie must carry. */
export function createApi() {
  let csrfToken = ''

  // The answers are trusted to have the shape of the contract, since both sides are built from it.
  async function request<T>(method: string, url: string, body?: unknown): Promise<T> {
    const headers: Record<string, string> = { accept: 'application/json' }
    if (method !== 'GET') headers['x-csrf-token'] = csrfToken
    if (body !== undefined) headers['content-type'] = 'application/json'
    const init: RequestInit = { method, headers, credentials: 'same-origin' }
    if (body !== undefined) init.body = JSON.stringify(body)
    const response = await fetch(url, init).catch((cause: unknown) => {
      throw unreachable(url, cause)
    })
    const text = await response.text()
    if (!response.ok) throw new ApiError(readProblem(response.status, text, url))
    return (text ? JSON.parse(text) : undefined) as T
  }

  const get = <T>(path: string, query: Query = {}) => request<T>('GET', address(path, query))

  async function keepToken(session: Promise<Session>): Promise<Session> {
    csrfToken = (await session).csrf_token
    return session
  }

  return {
    getSession: () => keepToken(get<Session>('/session')),
    signIn: (username: string, password: string) =>
      keepToken(request<Session>('POST', address('/session'), { username, password })),
    signOut: () => request<void>('DELETE', address('/session')),

    loadDemo: () => request<Load>('POST', address('/demo')),
    listDashboards: () => get<PageOf<Dashboard>>('/dashboards'),
    getDashboard: (id: string) => get<Dashboard>(`/dashboards/${encodeURIComponent(id)}`),

    listSignals: (limit: number) => get<PageOf<Signal>>('/signals', { limit }),
    getSignal: (id: string) => get<Signal>(`/signals/${encodeURIComponent(id)}`),
    getSeries: (signalIds: readonly string[], { from, to }: RangeText, points: number) =>
      get<SeriesAnswer>('/series', { signal_id: signalIds, from, to, points }),

    getMetric: (id: string) => get<Metric>(`/metrics/${encodeURIComponent(id)}`),
    getMetricData: (id: string, query: RangeText & { bucket?: string; tz: string }) =>
      get<MetricData>(`/metrics/${encodeURIComponent(id)}/data`, { ...query }),

    listLoads: (limit: number) => get<PageOf<Load>>('/loads', { limit }),
    getLoad: (id: string) => get<Load>(`/loads/${encodeURIComponent(id)}`),
    cancelLoad: (id: string) => request<void>('DELETE', address(`/loads/${encodeURIComponent(id)}`)),
    listRejects: (id: string, limit: number, cursor?: string) =>
      get<PageOf<Reject>>(`/loads/${encodeURIComponent(id)}/rejects`, { limit, cursor }),
    createLoad: (upload: Upload) => send(upload, csrfToken),
  }
}

export type Api = ReturnType<typeof createApi>

/** Where the raw readings of these signals can be fetched as CSV. */
export function measurementsCsvUrl(signalIds: readonly string[], { from, to }: RangeText): string {
  return address('/measurements', { signal_id: signalIds, from, to, format: 'csv' })
}

export function metricCsvUrl(id: string, query: RangeText & { bucket?: string; tz: string }): string {
  return address(`/metrics/${encodeURIComponent(id)}/data`, { ...query, format: 'csv' })
}

export function rejectsCsvUrl(loadId: string): string {
  return address(`/loads/${encodeURIComponent(loadId)}/rejects`, { format: 'csv' })
}

/** By XMLHttpRequest, since `fetch` does not tell how much of a body was sent. */
function send({ file, target, mapping, onProgress }: Upload, csrfToken: string): Promise<Load> {
  const given = Object.keys(mapping).length > 0 ? JSON.stringify(mapping) : undefined
  const url = address('/loads', { target, mapping: given, file_name: file.name })
  const { promise, resolve, reject } = Promise.withResolvers<Load>()
  const sender = new XMLHttpRequest()
  sender.open('POST', url)
  sender.setRequestHeader('x-csrf-token', csrfToken)
  sender.setRequestHeader('content-type', contentType(file.name))
  sender.upload.onprogress = (event) => onProgress(event.total > 0 ? event.loaded / event.total : 0)
  sender.onerror = () => reject(unreachable(url, undefined))
  sender.onload = () => {
    // As in `request`: the shape is the contract's.
    if (sender.status < 300) resolve(JSON.parse(sender.responseText) as Load)
    else reject(new ApiError(readProblem(sender.status, sender.responseText, url)))
  }
  sender.send(file)
  return promise
}

function contentType(fileName: string): string {
  return CONTENT_TYPES[fileName.toLowerCase().split('.').at(-1) ?? ''] ?? 'text/csv'
}

function address(path: string, query: Query = {}): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue
    if (typeof value === 'string' || typeof value === 'number') parameters.set(name, String(value))
    else for (const item of value) parameters.append(name, item)
  }
  const text = parameters.toString()
  return BASE + path + (text ? `?${text}` : '')
}

function readProblem(status: number, text: string, instance: string): Problem {
  const plain = {
    type: 'about:blank',
    title: `The server answered ${status}`,
    status,
    detail: '',
    instance,
    request_id: '',
  }
  try {
    const parsed: unknown = JSON.parse(text)
    return typeof parsed === 'object' ? { ...plain, ...parsed, status } : plain
  } catch {
    // Not from this server but from something in front of it: there is only the status to show.
    return plain
  }
}

function unreachable(instance: string, cause: unknown): ApiError {
  const problem = {
    type: 'about:blank',
    title: 'The server cannot be reached',
    status: 0,
    detail: 'The server cannot be reached. Is it running, and is this machine connected?',
    instance,
    request_id: '',
  }
  return Object.assign(new ApiError(problem), { cause })
}
