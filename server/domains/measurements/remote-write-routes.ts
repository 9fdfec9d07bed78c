// Where Prometheus writes to: remote write 1.0, protobuf in a block of Snappy.

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { RemoteWriteResult } from '../../../contract/intake.ts'
import { AppError } from '../../errors.ts'
import { basicCredentials } from './device-credentials.ts'
import type { IntakeService } from './intake.ts'
import { decompressSnappy } from './snappy.ts'

const PROTOBUF = 'application/x-protobuf'

const WriteQuery = Type.Object({
  create_signals: Type.Boolean({
    default: true,
    description: 'Makes a signal of each series that is not known yet',
  }),
})

export function remoteWriteRoutes(intake: IntakeService): FastifyPluginAsyncTypebox {
  return async (http) => {
    http.removeAllContentTypeParsers()
    http.addContentTypeParser(
      PROTOBUF,
      { parseAs: 'buffer' },
      async (request: FastifyRequest, block: Buffer) => readRequest(request, block),
    )

    http.post('/write', {
      // The body is decompressed here: Snappy is no encoding that HTTP knows.
      decompress: false,
      schema: {
        tags: ['measurements'],
        summary: 'Write samples, as Prometheus does by remote write 1.0',
        querystring: WriteQuery,
        body: {
          content: {
            [PROTOBUF]: { schema: Type.Unsafe<Uint8Array>({ description: 'Compressed by Snappy' }) },
          },
        },
        response: { 200: RemoteWriteResult, 204: Type.Null() },
      },
      config: { needs: 'ingest', credentials: basicCredentials },
      async handler(request, reply) {
        const result = await intake.writeSamples(bytesOf(request), request.query.create_signals)
        const { samples_skipped, exemplars_ignored, histograms_ignored } = result
        if (samples_skipped + exemplars_ignored + histograms_ignored > 0) return reply.code(200).send(result)
        return reply.code(204).send(null)
      },
    })
  }
}

function readRequest(request: FastifyRequest, block: Buffer): Uint8Array {
  const { 'content-type': type = '', 'content-encoding': encoding = '' } = request.headers
  if (/proto=(?!prometheus\.WriteRequest\b)/.test(type)) {
    throw new AppError(
      'unsupported_type',
      'only remote write 1.0 is read: send proto=prometheus.WriteRequest',
    )
  }
  if (encoding.toLowerCase() !== 'snappy') {
    throw new AppError('unsupported_type', 'the body must be compressed by Snappy: content-encoding: snappy')
  }
  return decompressSnappy(block, request.routeOptions.bodyLimit)
}

const bytesOf = ({ body }: { body: unknown }): Uint8Array =>
  body instanceof Uint8Array ? body : new Uint8Array()
