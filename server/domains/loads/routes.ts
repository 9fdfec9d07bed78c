/** Loads over HTTP: send a file, watch it come in, see what was refused. */

import { Readable } from 'node:stream'
import multipart from '@fastify/multipart'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { CLOSED, Id } from '../../../contract/basics.ts'
import {
  Load,
  LoadPage,
  LoadParameters,
  LoadQuery,
  RejectPage,
  RejectQuery,
} from '../../../contract/loads.ts'
import { currentContext } from '../../context.ts'
import type { LoadService } from './service.ts'
import { readUpload } from './upload.ts'

const LoadPath = Type.Object({ id: Id }, CLOSED)

const accountOf = () => currentContext()?.account?.id ?? 'nobody'

export function loadRoutes(
  loads: LoadService,
  { uploadLimitBytes }: { uploadLimitBytes: number },
): FastifyPluginAsyncTypebox {
  return async (http) => {
    await http.register(async (files) => {
      // A file is never read into memory, whatever its type.
      files.removeAllContentTypeParsers()
      await files.register(multipart, {
        limits: { fileSize: uploadLimitBytes, files: 1, fields: 10, fieldSize: 200_000, headerPairs: 100 },
        throwFileSizeLimit: false,
      })
      files.addContentTypeParser(
        '*',
        (_request: FastifyRequest, payload: Readable, done: (error: null, body: Readable) => void) =>
          done(null, payload),
      )
      files.route({
        method: 'POST',
        url: '/loads',
        bodyLimit: uploadLimitBytes,
        schema: { summary: 'Send a file to be loaded', querystring: LoadParameters, response: { 202: Load } },
        config: { needs: 'manager', idempotent: false },
        async handler(request, reply) {
          const file = await readUpload(request, parametersOf(request))
          const load = await loads.accept({ ...file, account_id: accountOf() })
          return reply.code(202).header('location', `/api/v1/loads/${load.id}`).send(load)
        },
      })
    })

    http.get('/loads', {
      schema: { summary: 'Loads, newest first', querystring: LoadQuery, response: { 200: LoadPage } },
      config: { needs: 'user' },
      handler: (request) => loads.list(request.query),
    })

    http.get('/loads/:id', {
      schema: {
        summary: 'One load, with what became of its rows',
        params: LoadPath,
        response: { 200: Load },
      },
      config: { needs: 'user' },
      handler: (request) => loads.get(request.params.id),
    })

    http.delete('/loads/:id', {
      schema: { summary: 'Cancel a load that waits or runs', params: LoadPath, response: { 200: Load } },
      config: { needs: 'manager' },
      handler: (request) => loads.cancel(request.params.id),
    })

    http.get('/loads/:id/rejects', {
      schema: {
        summary: 'Refused rows of a load; as CSV they can be mended and loaded again',
        params: LoadPath,
        querystring: RejectQuery,
        response: { 200: Type.Unsafe<object>(RejectPage) },
      },
      config: { needs: 'user' },
      async handler(request, reply) {
        const { format, ...page } = request.query
        if (format === 'json') return loads.rejects(request.params.id, page)
        return reply
          .type('text/csv; charset=utf-8')
          .header('content-disposition', `attachment; filename="rejects-${request.params.id}.csv"`)
          .send(Readable.from(await loads.rejectsCsv(request.params.id), { objectMode: false }))
      },
    })
  }
}

const parametersOf = (request: FastifyRequest) => request.query as LoadParameters // checked by the route's schema
