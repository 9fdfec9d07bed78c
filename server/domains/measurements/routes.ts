/** Measurements over HTTP: append values, read them raw or for drawing, remove a range. */

import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import {
  AppendQuery,
  AppendResult,
  MEASUREMENTS_PER_REQUEST,
  MeasurementDeletion,
  MeasurementDeletionResult,
  MeasurementPage,
  MeasurementQuery,
  NewMeasurement,
  SeriesAnswer,
  SeriesQuery,
} from '../../../contract/measurements.ts'
import { AppError } from '../../errors.ts'
import type { IntakeService } from './intake.ts'
import { parseCsv, parseNdjson, readText } from './row-formats.ts'
import type { MeasurementService } from './service.ts'

const CONTENT_TYPES = {
  json: 'application/json; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  ndjson: 'application/x-ndjson',
}

const Rows = Type.Array(NewMeasurement, { minItems: 1, maxItems: MEASUREMENTS_PER_REQUEST })
const LineProtocol = Type.String({ minLength: 1, examples: ['cpu,host=a usage_idle=93.5'] })
const READERS: Record<string, (text: string) => unknown> = {
  'application/x-ndjson': parseNdjson,
  'text/csv': parseCsv,
  'text/plain': (text) => text,
}

export function measurementRoutes(
  measurements: MeasurementService,
  intake: IntakeService,
): FastifyPluginAsyncTypebox {
  return async (http) => {
    for (const [type, read] of Object.entries(READERS)) {
      http.addContentTypeParser(
        type,
        { parseAs: 'buffer' },
        async (_request: FastifyRequest, bytes: Buffer) => read(readText(bytes)),
      )
    }

    http.post('/measurements', {
      schema: {
        summary: 'Store readings, as JSON, NDJSON, CSV or line protocol',
        querystring: AppendQuery,
        body: Type.Unsafe<NewMeasurement[] | string>({
          content: {
            'application/json': { schema: Rows },
            'application/x-ndjson': { schema: Rows },
            'text/csv': { schema: Rows },
            'text/plain': { schema: LineProtocol },
          },
        }),
        response: { 200: AppendResult },
      },
      config: { needs: 'ingest', idempotent: true },
      handler({ body, query, writeKey }) {
        if (typeof body === 'string') {
          return intake.appendLines({ text: body, precision: query.precision }, query, writeKey)
        }
        return measurements.append(checkRows(body, query), query, writeKey)
      },
    })

    http.get('/measurements', {
      schema: {
        summary: 'Raw readings by signal and time, as JSON, CSV or NDJSON',
        querystring: MeasurementQuery,
        response: { 200: Type.Unsafe<Readable>(MeasurementPage) },
      },
      config: { needs: 'user', costs: 'query' },
      async handler(request, reply) {
        const { text, format } = await measurements.read(request.query)
        return reply.type(CONTENT_TYPES[format]).send(Readable.from(text, { objectMode: false }))
      },
    })

    http.delete('/measurements', {
      schema: {
        summary: 'Remove the readings of a signal over a range',
        querystring: MeasurementDeletion,
        response: { 200: MeasurementDeletionResult },
      },
      config: { needs: 'manager' },
      handler: (request) => measurements.remove(request.query),
    })

    http.get('/series', {
      schema: {
        summary: 'Readings for drawing: no peak is lost',
        querystring: SeriesQuery,
        response: { 200: SeriesAnswer },
      },
      config: { needs: 'user', costs: 'query' },
      handler: (request) => measurements.series(request.query),
    })
  }
}

/** What the schema cannot say: a body must be there, and some parameters belong to another kind of it. */
function checkRows(rows: NewMeasurement[] | undefined, query: AppendQuery): NewMeasurement[] {
  if (rows === undefined)
    throw new AppError('invalid', 'the request has no body: it must be a list of readings')
  const name = (['precision', 'create_signals'] as const).find((one) => query[one] !== undefined)
  if (name === undefined) return rows
  const message = 'is for line protocol (text/plain) only'
  throw new AppError('invalid', `in the query string, ${name} ${message}`, {
    faults: [{ path: `/${name}`, message }],
  })
}
