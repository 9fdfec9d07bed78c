// What was done and what was asked for, over HTTP; for managers.

import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { AuditPage, AuditQuery, UsagePage, UsageQuery } from '../../../contract/audit.ts'
import type { AuditService } from './service.ts'
import type { UsageService } from './usage.ts'

const tags = ['administration']

export function auditRoutes(audit: AuditService, usage: UsageService): FastifyPluginAsyncTypebox {
  return async (http) => {
    http.get('/audit', {
      schema: {
        tags,
        summary: 'Who changed what, the newest first, as JSON or CSV',
        querystring: AuditQuery,
        response: { 200: Type.Unsafe<object>(AuditPage) },
      },
      config: { needs: 'manager' },
      async handler({ query: { format, limit, cursor, ...filter } }, reply) {
        if (format === 'json')
          return audit.list({ ...filter, limit, ...(cursor !== undefined && { cursor }) })
        return reply
          .type('text/csv; charset=utf-8')
          .header('content-disposition', 'attachment; filename="audit.csv"')
          .send(Readable.from(audit.csv(filter), { objectMode: false }))
      },
    })

    http.get('/usage', {
      schema: {
        tags,
        summary: 'Requests, their rows and how long they took, by day, account and route',
        querystring: UsageQuery,
        response: { 200: UsagePage },
      },
      config: { needs: 'manager' },
      handler: (request) => usage.list(request.query),
    })
  }
}
