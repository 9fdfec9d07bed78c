// What pages ask the server: under which key an answer is kept, and for how long it counts as fresh.

import { keepPreviousData, QueryClient, queryOptions } from '@tanstack/react-query'
import {
  type Api,
  ApiError,
  type LoadFilter,
  type PreviewQuestion,
  type RangeText,
  type RejectFilter,
} from './api.ts'

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
export function loadsQuery(api: Api, limit = 12, filter: LoadFilter = {}) {
  return queryOptions({
    queryKey: ['loads', limit, filter],
    queryFn: () => api.listLoads(limit, filter),
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
    queryFn: () => api.listRejects(load.id, limit, {}),
    staleTime: Number.POSITIVE_INFINITY,
  })
}

export function rejectGroupsQuery(api: Api, loadId: string) {
  return queryOptions({ queryKey: ['reject-groups', loadId], queryFn: () => api.getRejectGroups(loadId) })
}

/** One page of the refused rows that the filter names. */
export function rejectPageQuery(
  api: Api,
  loadId: string,
  filter: RejectFilter & { cursor?: string | undefined },
) {
  return queryOptions({
    queryKey: ['reject-page', loadId, filter],
    queryFn: () => api.listRejects(loadId, 50, filter),
    placeholderData: keepPreviousData,
  })
}

/** What the server understands of a file. The answer before stays while the next is on its way. */
export function previewQuery(api: Api, fileKey: string, question: PreviewQuestion) {
  const { target, mapping } = question
  return queryOptions({
    queryKey: ['preview', fileKey, target, mapping],
    queryFn: ({ signal }) => api.previewLoad(question, signal),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  })
}

export function mappingsQuery(api: Api) {
  return queryOptions({ queryKey: ['mappings'], queryFn: () => api.listMappings() })
}

export function datasetsQuery(api: Api, limit = 100, cursor?: string) {
  return queryOptions({
    queryKey: ['datasets', limit, cursor],
    queryFn: () => api.listDatasets(limit, cursor),
  })
}

export function datasetQuery(api: Api, name: string) {
  return queryOptions({ queryKey: ['dataset', name], queryFn: () => api.getDataset(name) })
}

export function datasetRowsQuery(api: Api, name: string, limit: number, cursor?: string) {
  return queryOptions({
    queryKey: ['dataset-rows', name, limit, cursor],
    queryFn: () => api.listDatasetRows(name, limit, cursor),
    placeholderData: keepPreviousData,
  })
}

export function isUnderWay(load: { status: string }): boolean {
  return load.status === 'queued' || load.status === 'running'
}
