/** Loads over HTTP: send a file, watch it come in, see what was refused. */

import { Readable } from 'node:stream'
import multipart from '@fastify/multipart'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { CLOSED, Id } from '../../../contract/basics.ts'
import {
  Load,
  LoadDeletion,
  LoadPage,
  LoadParameters,
  LoadPreview,
  LoadQuery,
  PreviewParameters,
} from '../../../contract/loads.ts'
import { HistoryAnswer, HistoryQuery } from '../../../contract/measurements.ts'
import {
  RejectDismissal,
  RejectDismissalResult,
  RejectGroups,
  RejectPage,
  RejectQuery,
  RejectReplay,
} from '../../../contract/rejects.ts'
import { currentContext } from '../../context.ts'
import type { LoadService } from './service.ts'
import { readPreview, readUpload } from './upload.ts'

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
        config: { needs: 'manager', idempotent: false, costs: 'upload', action: 'accept' },
        async handler(request, reply) {
          const file = await readUpload(request, parametersOf(request))
          const load = await loads.accept({ ...file, account_id: accountOf() })
          return reply.code(202).header('location', `/api/v1/loads/${load.id}`).send(load)
        },
      })
      files.route({
        method: 'POST',
        url: '/loads/preview',
        bodyLimit: uploadLimitBytes,
        schema: {
          summary: 'See what a file would become, with nothing stored',
          querystring: PreviewParameters,
          response: { 200: LoadPreview },
        },
        config: { needs: 'manager', idempotent: false, costs: 'upload', changesNothing: true },
        handler: async (request) =>
          loads.preview(await readPreview(request, request.query as PreviewParameters)), // checked by the schema
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
      schema: {
        summary: 'Cancel a load that waits or runs; with undo, take back one that is done',
        params: LoadPath,
        querystring: LoadDeletion,
        response: { 200: Load },
      },
      config: { needs: 'manager', action: (query) => ((query as LoadDeletion).undo ? 'undo' : 'cancel') },
      handler: ({ params, query }) => (query.undo ? loads.undo(params.id) : loads.cancel(params.id)),
    })

    http.get('/measurements/history', {
      schema: {
        summary: 'Every value that a reading had, and what brought it',
        querystring: HistoryQuery,
        response: { 200: HistoryAnswer },
      },
      config: { needs: 'user' },
      handler: (request) => loads.readingHistory(request.query),
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
        const { format, limit, cursor, ...filter } = request.query
        if (format === 'json')
          return loads.rejects(request.params.id, {
            limit,
            ...(cursor !== undefined && { cursor }),
            ...filter,
          })
        return reply
          .type('text/csv; charset=utf-8')
          .header('content-disposition', `attachment; filename="rejects-${request.params.id}.csv"`)
          .send(Readable.from(await loads.rejectsCsv(request.params.id, filter), { objectMode: false }))
      },
    })

    http.get('/loads/:id/rejects/groups', {
      schema: {
        summary: 'Refused rows of a load by what was wrong with them',
        params: LoadPath,
        response: { 200: RejectGroups },
      },
      config: { needs: 'user' },
      handler: (request) => loads.rejectGroups(request.params.id),
    })

    http.post('/loads/:id/rejects/replay', {
      schema: {
        summary: 'Send refused rows again, mended',
        params: LoadPath,
        body: RejectReplay,
        response: { 202: Load },
      },
      config: { needs: 'manager' },
      async handler({ params, body }, reply) {
        const load = await loads.replayRejects(params.id, { ...body, account_id: accountOf() })
        return reply.code(202).header('location', `/api/v1/loads/${load.id}`).send(load)
      },
    })

    http.post('/loads/:id/rejects/dismiss', {
      schema: {
        summary: 'Set refused rows aside',
        params: LoadPath,
        body: RejectDismissal,
        response: { 200: RejectDismissalResult },
      },
      config: { needs: 'manager' },
      handler: ({ params, body }) => loads.dismissRejects(params.id, body),
    })
  }
}

const parametersOf = (request: FastifyRequest) => request.query as LoadParameters // checked by the route's schema
