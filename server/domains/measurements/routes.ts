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
import { parseCsv, parseNdjson } from './row-formats.ts'
import type { MeasurementService } from './service.ts'

const CONTENT_TYPES = {
  json: 'application/json; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  ndjson: 'application/x-ndjson',
}

export function measurementRoutes(measurements: MeasurementService): FastifyPluginAsyncTypebox {
  return async (http) => {
    http.addContentTypeParser(
      'application/x-ndjson',
      { parseAs: 'string' },
      async (_request: FastifyRequest, text: string) => parseNdjson(text),
    )
    http.addContentTypeParser(
      'text/csv',
      { parseAs: 'string' },
      async (_request: FastifyRequest, text: string) => parseCsv(text),
    )

    http.post('/measurements', {
      schema: {
        summary: 'Store readings, as JSON, NDJSON or CSV',
        querystring: AppendQuery,
        body: Type.Array(NewMeasurement, { minItems: 1, maxItems: MEASUREMENTS_PER_REQUEST }),
        response: { 200: AppendResult },
      },
      config: { needs: 'ingest', idempotent: true },
      handler: (request) => measurements.append(request.body, request.query),
    })

    http.get('/measurements', {
      schema: {
        summary: 'Raw readings by signal and time, as JSON, CSV or NDJSON',
        querystring: MeasurementQuery,
        response: { 200: Type.Unsafe<Readable>(MeasurementPage) },
      },
      config: { needs: 'user' },
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
      config: { needs: 'user' },
      handler: (request) => measurements.series(request.query),
    })
  }
}
