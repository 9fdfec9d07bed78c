// Every address of the server is here and nowhere else. Knows the contract; knows nothing of pages or caches.

import type { Session } from '../contract/accounts.ts'
import type { PageOf, Problem } from '../contract/basics.ts'
import type { Dashboard } from '../contract/dashboards.ts'
import type { Cell, Dataset } from '../contract/datasets.ts'
import type { Load, LoadPreview } from '../contract/loads.ts'
import type { Mapping, MappingTemplate, NewMappingTemplate } from '../contract/mapping.ts'
import type { SeriesAnswer } from '../contract/measurements.ts'
import type { Metric, MetricData } from '../contract/metrics.ts'
import type { Reject, RejectDismissal, RejectGroups, RejectReplay } from '../contract/rejects.ts'
import type { Signal } from '../contract/signals.ts'

const BASE = '/api/v1'
const CONTENT_TYPES: Record<string, string> = {
  csv: 'text/csv',
  tsv: 'text/csv',
  txt: 'text/csv',
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  jsonl: 'application/x-ndjson',
  xml: 'application/xml',
  parquet: 'application/vnd.apache.parquet',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  gz: 'application/gzip',
  zst: 'application/zstd',
}

type Query = Record<string, string | number | boolean | readonly string[] | undefined>

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

/** The beginning of a file, or the whole of it, to be looked at. */
export interface PreviewQuestion {
  head: Blob
  /** Whether `head` breaks off before the end of the file. */
  partial: boolean
  file_name: string
  /** Guessed when left out. */
  target: string | undefined
  mapping: Mapping
}

/** Which refused rows are meant. */
export interface RejectFilter {
  rule?: Reject['rule'] | undefined
  column?: string | undefined
  reason?: string | undefined
  state?: Reject['state'] | undefined
}

export interface LoadFilter {
  status?: string | undefined
  target?: string | undefined
  cursor?: string | undefined
}

/** The server as functions. Keeps the token that unsafe requests by cookie must carry. */
export function createApi() {
  let csrfToken = ''

  // The answers are trusted to have the shape of the contract, since both sides are built from it.
  async function request<T>(
    method: string,
    url: string,
    body?: unknown,
    signal: AbortSignal | null = null,
  ): Promise<T> {
    const headers: Record<string, string> = { accept: 'application/json' }
    if (method !== 'GET') headers['x-csrf-token'] = csrfToken
    const init: RequestInit = { method, headers, credentials: 'same-origin', signal }
    if (body instanceof FormData) init.body = body
    else if (body !== undefined) {
      headers['content-type'] = 'application/json'
      init.body = JSON.stringify(body)
    }
    const response = await fetch(url, init).catch((cause: unknown) => {
      throw signal?.aborted ? cause : unreachable(url, cause)
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

    listLoads: (limit: number, filter: LoadFilter = {}) => get<PageOf<Load>>('/loads', { limit, ...filter }),
    getLoad: (id: string) => get<Load>(loadPath(id)),
    cancelLoad: (id: string) => request<void>('DELETE', address(loadPath(id))),
    undoLoad: (id: string) => request<Load>('DELETE', address(loadPath(id), { undo: true })),
    createLoad: (upload: Upload) => send(upload, csrfToken),
    previewLoad: ({ head, mapping, ...query }: PreviewQuestion, signal: AbortSignal) =>
      request<LoadPreview>(
        'POST',
        address('/loads/preview', query),
        form(mapping, head, query.file_name),
        signal,
      ),

    listRejects: (id: string, limit: number, filter: RejectFilter & { cursor?: string | undefined }) =>
      get<PageOf<Reject>>(`${loadPath(id)}/rejects`, { limit, ...filter }),
    getRejectGroups: (id: string) => get<RejectGroups>(`${loadPath(id)}/rejects/groups`),
    replayRejects: (id: string, replay: RejectReplay) =>
      request<Load>('POST', address(`${loadPath(id)}/rejects/replay`), replay),
    dismissRejects: (id: string, which: RejectDismissal) =>
      request<{ dismissed: number }>('POST', address(`${loadPath(id)}/rejects/dismiss`), which),

    listMappings: () => get<PageOf<MappingTemplate>>('/mappings', { limit: 1000 }),
    createMapping: (template: NewMappingTemplate) =>
      request<MappingTemplate>('POST', address('/mappings'), template),
    replaceMapping: ({ name, ...change }: NewMappingTemplate) =>
      request<MappingTemplate>('PUT', address(`/mappings/${encodeURIComponent(name)}`), change),
    deleteMapping: (name: string) =>
      request<void>('DELETE', address(`/mappings/${encodeURIComponent(name)}`)),

    listDatasets: (limit: number, cursor?: string) => get<PageOf<Dataset>>('/datasets', { limit, cursor }),
    getDataset: (name: string) => get<Dataset>(`/datasets/${encodeURIComponent(name)}`),
    listDatasetRows: (name: string, limit: number, cursor?: string) =>
      get<PageOf<Record<string, Cell>>>(`/datasets/${encodeURIComponent(name)}/rows`, { limit, cursor }),
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

export function rejectsCsvUrl(loadId: string, filter: RejectFilter = {}): string {
  return address(`${loadPath(loadId)}/rejects`, { ...filter, format: 'csv' })
}

export function datasetCsvUrl(name: string): string {
  return address(`/datasets/${encodeURIComponent(name)}/rows`, { format: 'csv' })
}

const loadPath = (id: string) => `/loads/${encodeURIComponent(id)}`

/** The mapping stands in the form, as that of a file with many columns is too long for an address. */
function form(mapping: Mapping, file: Blob, fileName: string): FormData {
  const parts = new FormData()
  if (Object.keys(mapping).length > 0) parts.set('mapping', JSON.stringify(mapping))
  parts.set('file', new File([file], fileName, { type: contentType(fileName) }))
  return parts
}

/** By XMLHttpRequest, since `fetch` does not tell how much of a body was sent. */
function send({ file, target, mapping, onProgress }: Upload, csrfToken: string): Promise<Load> {
  const url = address('/loads', { target, file_name: file.name })
  const { promise, resolve, reject } = Promise.withResolvers<Load>()
  const sender = new XMLHttpRequest()
  sender.open('POST', url)
  sender.setRequestHeader('x-csrf-token', csrfToken)
  sender.upload.onprogress = (event) => onProgress(event.total > 0 ? event.loaded / event.total : 0)
  sender.onerror = () => reject(unreachable(url, undefined))
  sender.onload = () => {
    // As in `request`: the shape is the contract's.
    if (sender.status < 300) resolve(JSON.parse(sender.responseText) as Load)
    else reject(new ApiError(readProblem(sender.status, sender.responseText, url)))
  }
  sender.send(form(mapping, file, file.name))
  return promise
}

function contentType(fileName: string): string {
  return CONTENT_TYPES[fileName.toLowerCase().split('.').at(-1) ?? ''] ?? 'text/csv'
}

function address(path: string, query: Query = {}): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue
    if (typeof value === 'object') for (const item of value) parameters.append(name, item)
    else parameters.set(name, String(value))
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
