// The demo over HTTP: one address that fills an empty workspace.

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Load } from '../../contract/loads.ts'
import { currentContext } from '../context.ts'
import type { DemoService } from './load-demo.ts'

/** Answers with the load of the demo's readings, which goes on in the background; 409 when there is data already. */
export function demoRoutes(demo: DemoService): FastifyPluginAsyncTypebox {
  return async (http) => {
    http.post(
      '/demo',
      {
        schema: {
          tags: ['loads'],
          summary: 'Fill an empty workspace with the demo grid',
          response: { 202: Load },
        },
        config: { needs: 'manager' },
      },
      async (_request, reply) => {
        const load = await demo.load(currentContext()?.account?.id ?? 'nobody')
        return reply.code(202).header('location', `/api/v1/loads/${load.id}`).send(load)
      },
    )
  }
}
