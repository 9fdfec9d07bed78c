// What pages ask the server: under which key an answer is kept, and for how long it counts as fresh.

import { QueryClient, queryOptions } from '@tanstack/react-query'
import { type Api, ApiError, type RangeText } from './api.ts'

const POLL_MS = 700

/** Signed out anywhere is signed out everywhere: the session's answer is forgotten at the first 401. */
export function createQueryClient(): QueryClient {
  const client = new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 15_000,
        refetchOnWindowFocus: false,
        retry: (failures, error) => failures < 2 && isPassing(error),
      },
    },
  })
  client.getQueryCache().subscribe(({ query, type }) => {
    if (type !== 'updated' || query.queryKey[0] === 'session') return
    if (query.state.error instanceof ApiError && query.state.error.problem.status === 401) {
      client.setQueryData(['session'], null)
    }
  })
  return client
}

function isPassing(error: Error): boolean {
  return error instanceof ApiError && [0, 502, 503, 504].includes(error.problem.status)
}

/** Null when nobody is signed in. */
export function sessionQuery(api: Api) {
  return queryOptions({
    queryKey: ['session'],
    queryFn: () =>
      api.getSession().catch((error: unknown) => {
        if (error instanceof ApiError && error.problem.status === 401) return null
        throw error
      }),
    staleTime: 300_000,
  })
}

export function dashboardsQuery(api: Api) {
  return queryOptions({ queryKey: ['dashboards'], queryFn: () => api.listDashboards() })
}

export function dashboardQuery(api: Api, id: string) {
  return queryOptions({ queryKey: ['dashboard', id], queryFn: () => api.getDashboard(id) })
}

export function signalsQuery(api: Api) {
  return queryOptions({ queryKey: ['signals'], queryFn: () => api.listSignals(1000) })
}

export function signalQuery(api: Api, id: string) {
  return queryOptions({
    queryKey: ['signal', id],
    queryFn: () => api.getSignal(id),
    staleTime: Number.POSITIVE_INFINITY,
  })
}

export function metricQuery(api: Api, id: string) {
  return queryOptions({ queryKey: ['metric', id], queryFn: () => api.getMetric(id), staleTime: 300_000 })
}

export function seriesQuery(api: Api, signalIds: readonly string[], range: RangeText, points: number) {
  return queryOptions({
    queryKey: ['data', 'series', signalIds, range, points],
    queryFn: () => api.getSeries(signalIds, range, points),
  })
}

export function metricDataQuery(api: Api, id: string, query: RangeText & { bucket?: string; tz: string }) {
  return queryOptions({
    queryKey: ['data', 'metric', id, query],
    queryFn: () => api.getMetricData(id, query),
  })
}

/** Asked again and again while a load is under way. */
export function loadsQuery(api: Api, limit = 12) {
  return queryOptions({
    queryKey: ['loads', limit],
    queryFn: () => api.listLoads(limit),
    staleTime: 0,
    refetchInterval: ({ state }) => (state.data?.items.some(isUnderWay) ? POLL_MS : 30_000),
  })
}

export function loadQuery(api: Api, id: string) {
  return queryOptions({
    queryKey: ['load', id],
    queryFn: () => api.getLoad(id),
    staleTime: 0,
    refetchInterval: ({ state }) => (state.data && !isUnderWay(state.data) ? false : POLL_MS),
  })
}

/** Asked anew whenever the load has refused more rows. */
export function rejectsQuery(api: Api, load: { id: string; rows_rejected: number }, limit: number) {
  return queryOptions({
    queryKey: ['rejects', load.id, load.rows_rejected, limit],
    queryFn: () => api.listRejects(load.id, limit),
    staleTime: Number.POSITIVE_INFINITY,
  })
}

export function isUnderWay(load: { status: string }): boolean {
  return load.status === 'queued' || load.status === 'running'
}
