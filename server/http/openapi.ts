// The interface as an OpenAPI document and as a page to try it on. Both are made from the routes themselves.

import fastifySwagger from '@fastify/swagger'
import fastifySwaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance, FastifySchema, RouteOptions } from 'fastify'
import type { TSchema } from 'typebox'
import type { Need } from '../../contract/accounts.ts'
import { Problem } from '../../contract/basics.ts'
import { PROBLEM_TYPE } from './problem.ts'

const DESCRIPTION = `Turns measurements into metrics that people can look at, ask for by name, and trust.

Times are RFC 3339, answered in UTC; \`from\` is inclusive and \`to\` exclusive. Lists answer \`items\` and \`next\`, the
cursor of the following page. Errors are problem documents (RFC 9457), each explained at [/docs/errors](/docs/errors).
Bodies refuse unknown members and are not coerced; of a member sent twice, the last counts.`

/** Must be added before the routes. The document is at /api/v1/openapi.json, the page at /docs. */
export async function addOpenapi(http: FastifyInstance, { version }: { version: string }): Promise<void> {
  await http.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Tidemark', version, description: DESCRIPTION },
      components: {
        securitySchemes: {
          oauth2: {
            type: 'oauth2',
            flows: {
              password: {
                tokenUrl: '/api/v1/token',
                refreshUrl: '/api/v1/token',
                scopes: { user: 'read everything but administration', manager: 'do everything' },
              },
            },
          },
          key: {
            type: 'http',
            scheme: 'bearer',
            description: 'A key from /api/v1/api-keys, which is all that ingest takes besides a manager',
          },
          session: {
            type: 'apiKey',
            in: 'header',
            name: 'x-csrf-token',
            description: 'With the session cookie',
          },
        },
      },
    },
    transform: ({ schema, url, route }) => ({ schema: documented(schema, route), url }),
  })
  await http.register(fastifySwaggerUi, {
    routePrefix: '/docs',
    theme: { title: 'Tidemark: the interface' },
    uiConfig: { layout: 'BaseLayout', deepLinking: true, persistAuthorization: false, docExpansion: 'list' },
  })
  http.get(
    '/api/v1/openapi.json',
    { config: { needs: 'anyone' }, schema: { tags: ['operation'], summary: 'This document' } },
    async () => http.swagger(),
  )
}

/** The schema as a reader needs it: who may call, what a problem looks like, which parameters may be left out. */
function documented(schema: FastifySchema | undefined, route: RouteOptions): FastifySchema {
  const { querystring, response, ...rest } = schema ?? {}
  const answers = (response ?? {}) as Record<string, unknown> // by status code, as the routes declare it
  return {
    tags: [route.url.split('/')[3] ?? 'operation'],
    ...rest,
    ...(querystring !== undefined && { querystring: withOptionalDefaults(querystring as TSchema) }), // ours are TypeBox
    response: {
      default: {
        description: 'What went wrong',
        content: { [PROBLEM_TYPE]: { schema: Problem } },
      },
      ...(Object.keys(answers).length === 0 ? { 200: { description: 'Done' } } : answers),
    },
    ...securityOf(route.config?.needs ?? 'anyone'),
  }
}

function securityOf(needs: Need): FastifySchema {
  if (needs === 'anyone') return { security: [] }
  const scope = needs === 'user' ? 'user' : 'manager'
  return { security: [{ oauth2: [scope] }, { key: [] }, { session: [] }] }
}

/** A parameter with a default is always there for the route, and need not be sent. */
function withOptionalDefaults(schema: TSchema): TSchema {
  const { properties = {}, required = [] } = schema as {
    properties?: Record<string, { default?: unknown }>
    required?: string[]
  } // query schemas are objects
  return { ...schema, required: required.filter((name) => properties[name]?.default === undefined) }
}
