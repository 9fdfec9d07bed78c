// What clients of InfluxDB 1 and 2 write to, at the addresses and with the answers that they know. Their errors have
// InfluxDB's shapes, not ours.

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import {
  Influx1Error,
  Influx1WriteQuery,
  InfluxError,
  InfluxQuery,
  InfluxResults,
  InfluxWriteQuery,
} from '../../../contract/intake.ts'
import { AppError } from '../../errors.ts'
import { influxCredentials } from './device-credentials.ts'
import type { IntakeService } from './intake.ts'
import { readText } from './row-formats.ts'

/** Clients ask which InfluxDB this is: one of the last that took all of these calls. */
const VERSION = '1.8.10+tidemark'
/** How many fields of a request were text, which is no reading. */
const SKIPPED = 'x-skipped-fields'

const tags = ['measurements']
const body = {
  content: { 'text/plain': { schema: Type.String({ examples: ['cpu,host=a usage_idle=93.5'] }) } },
}

export function influxRoutes(intake: IntakeService): FastifyPluginAsyncTypebox {
  return async (http) => {
    // As InfluxDB does: every body is text, whatever type it is sent as.
    http.removeAllContentTypeParsers()
    http.addContentTypeParser('*', { parseAs: 'buffer' }, async (_request: FastifyRequest, bytes: Buffer) =>
      readText(bytes),
    )

    http.post('/api/v2/write', {
      schema: {
        tags,
        summary: 'Write line protocol, as to InfluxDB 2',
        querystring: InfluxWriteQuery,
        body,
        response: { 204: Type.Null(), default: InfluxError },
      },
      config: { needs: 'ingest', credentials: influxCredentials, errorBody: influxError },
      async handler(request, reply) {
        const { bucket, precision, create_signals } = request.query
        return answer(
          reply,
          await intake.writeLines({ text: textOf(request), precision, bucket }, create_signals),
        )
      },
    })

    http.post('/write', {
      schema: {
        tags,
        summary: 'Write line protocol, as to InfluxDB 1',
        querystring: Influx1WriteQuery,
        body,
        response: { 204: Type.Null(), default: Influx1Error },
      },
      config: { needs: 'ingest', credentials: influxCredentials, errorBody: influx1Error },
      async handler(request, reply) {
        const { db: bucket, precision, create_signals } = request.query
        return answer(
          reply,
          await intake.writeLines({ text: textOf(request), precision, bucket }, create_signals),
        )
      },
    })

    http.post('/query', {
      schema: {
        tags,
        summary: 'CREATE DATABASE, as InfluxDB 1 is asked before the first write; nothing else is understood',
        querystring: InfluxQuery,
        response: { 200: InfluxResults, default: Influx1Error },
      },
      config: { needs: 'ingest', credentials: influxCredentials, errorBody: influx1Error },
      handler: (request) => makeDatabase(request.query.q ?? new URLSearchParams(textOf(request)).get('q')),
    })

    http.get('/ping', {
      schema: {
        tags,
        summary: 'Whether the process is up, as InfluxDB is asked',
        response: { 204: Type.Null() },
      },
      config: { needs: 'anyone' },
      handler: async (_request, reply) => reply.code(204).header('x-influxdb-version', VERSION).send(null),
    })
  }
}

function answer(reply: FastifyReply, skipped: number): FastifyReply {
  if (skipped > 0) reply.header(SKIPPED, skipped)
  return reply.code(204).send(null)
}

const textOf = ({ body }: { body: unknown }): string => (typeof body === 'string' ? body : '')

/** There are no databases here, so that every one of them is there already. */
function makeDatabase(statement: string | null) {
  if (!/^\s*create\s+database\s+\S[^;]*;?\s*$/i.test(statement ?? '')) {
    throw new AppError(
      'malformed',
      'only CREATE DATABASE and a name is understood here; ask at /api/v1/measurements',
    )
  }
  return { results: [{ statement_id: 0 }] }
}

const influx1Error = ({ message }: AppError) => ({ error: message })

const influxError = ({ message }: AppError, status: number) => ({
  code: INFLUX_CODES[status] ?? (status < 500 ? 'invalid' : 'internal error'),
  message,
})

/** docs.influxdata.com/influxdb/v2/api: what the code of an error may be. */
const INFLUX_CODES: Record<number, string> = {
  401: 'unauthorized',
  403: 'forbidden',
  413: 'request too large',
  415: 'unsupported media type',
  422: 'unprocessable entity',
  429: 'too many requests',
  503: 'unavailable',
  504: 'unavailable',
  507: 'unavailable',
}
