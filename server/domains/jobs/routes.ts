// What runs in the background, over HTTP: look at it, and cancel it.

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Job, JobPage, JobPath, JobQuery } from '../../../contract/jobs.ts'
import type { JobService } from './service.ts'

export function jobRoutes(jobs: JobService): FastifyPluginAsyncTypebox {
  return async (http) => {
    http.get(
      '/jobs',
      {
        schema: {
          tags: ['jobs'],
          summary: 'List jobs, newest first',
          querystring: JobQuery,
          response: { 200: JobPage },
        },
        config: { needs: 'user' },
      },
      async (request) => jobs.list(request.query),
    )

    http.get(
      '/jobs/:id',
      {
        schema: { tags: ['jobs'], summary: 'Look at a job', params: JobPath, response: { 200: Job } },
        config: { needs: 'user' },
      },
      async (request) => jobs.get(request.params.id),
    )

    http.delete(
      '/jobs/:id',
      {
        schema: {
          tags: ['jobs'],
          summary: 'Cancel a job; a running one stops within seconds',
          params: JobPath,
          response: { 200: Job },
        },
        config: { needs: 'manager' },
      },
      async (request) => jobs.cancel(request.params.id),
    )
  }
}
