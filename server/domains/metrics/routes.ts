// Metrics over HTTP: definitions, and their rows over a range as JSON or CSV.

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import {
  DataQuery,
  ManyAnswer,
  ManyQuery,
  Metric,
  MetricData,
  MetricPage,
  MetricQuery,
  MetricReplacement,
  NewMetric,
  Preview,
} from '../../../contract/metrics.ts'
import { writeCsv } from './csv.ts'
import type { MetricService } from './service.ts'

const MetricId = Type.Object({ id: Type.String({ maxLength: 200 }) })
const tags = ['metrics']

/** Users read, ask and preview; managers define. */
export function metricRoutes(metrics: MetricService): FastifyPluginAsyncTypebox {
  return async (http) => {
    http.get(
      '/metrics',
      {
        schema: { tags, summary: 'Metrics by age', querystring: MetricQuery, response: { 200: MetricPage } },
        config: { needs: 'user' },
      },
      async (request) => metrics.list(request.query),
    )
    http.post(
      '/metrics',
      {
        schema: { tags, summary: 'Define a metric', body: NewMetric, response: { 201: Metric } },
        config: { needs: 'manager' },
      },
      async (request, reply) => {
        const metric = await metrics.create(request.body)
        return reply
          .code(201)
          .header('location', `/api/v1/metrics/${encodeURIComponent(metric.id)}`)
          .send(metric)
      },
    )
    http.get(
      '/metrics/:id',
      {
        schema: { tags, summary: 'One metric', params: MetricId, response: { 200: Metric } },
        config: { needs: 'user' },
      },
      async (request) => metrics.get(request.params.id),
    )
    http.put(
      '/metrics/:id',
      {
        schema: {
          tags,
          summary: 'Replace a metric by its next version',
          params: MetricId,
          body: MetricReplacement,
          response: { 200: Metric },
        },
        config: { needs: 'manager' },
      },
      async (request) => metrics.replace(request.params.id, request.body),
    )
    http.delete(
      '/metrics/:id',
      {
        schema: { tags, summary: 'Remove a metric', params: MetricId, response: { 204: Type.Null() } },
        config: { needs: 'manager' },
      },
      async (request, reply) => reply.code(204).send(await metrics.remove(request.params.id)),
    )
    await http.register(answerRoutes(metrics))
  }
}

/** What is no word of the address is a parameter of the metric. */
function readAsked({ from, to, tz, bucket, limit, cursor, ...parameters }: Omit<DataQuery, 'format'>) {
  const words = { from, to, tz, bucket, limit, cursor }
  const given = Object.entries(words).filter(([, value]) => value !== undefined)
  return { ...(Object.fromEntries(given) as Partial<DataQuery>), parameters } // members of the query as they were
}

function answerRoutes(metrics: MetricService): FastifyPluginAsyncTypebox {
  return async (http) => {
    http.get(
      '/metrics/:id/data',
      {
        schema: {
          tags,
          summary: "A metric's rows over a range",
          params: MetricId,
          querystring: DataQuery,
          response: { 200: Type.Unsafe<MetricData | string>(MetricData) },
        },
        config: { needs: 'user', costs: 'query' },
      },
      async (request, reply) => {
        const { format, ...given } = request.query
        const asked = readAsked(given)
        if (format === 'json') return metrics.data(request.params.id, asked)
        const { columns, rows } = await metrics.dataForCsv(request.params.id, asked)
        const csv = writeCsv(
          columns.map(({ name }) => name),
          rows,
        )
        return reply.type('text/csv; charset=utf-8').send(csv)
      },
    )
    http.post(
      '/metrics/query',
      {
        schema: {
          tags,
          summary: 'Many metrics over one range',
          body: ManyQuery,
          response: { 200: ManyAnswer },
        },
        config: { needs: 'user', costs: 'query', changesNothing: true },
      },
      async (request) => metrics.query(request.body),
    )
    http.post(
      '/metrics/preview',
      {
        schema: {
          tags,
          summary: 'A definition, not stored, over a range',
          body: Preview,
          response: { 200: MetricData },
        },
        config: { needs: 'user', costs: 'query', changesNothing: true },
      },
      async (request) => metrics.preview(request.body),
    )
  }
}
