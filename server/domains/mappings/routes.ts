// Named mappings over HTTP.

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import {
  MappingTemplate,
  MappingTemplateChange,
  MappingTemplatePage,
  MappingTemplateQuery,
  NewMappingTemplate,
} from '../../../contract/mapping.ts'
import type { MappingService } from './service.ts'

const MappingPath = Type.Object({ name: Type.String({ maxLength: 63 }) })

/** How a kind of file is read, under a name that loads may give: users read them, managers write them. */
export function mappingRoutes(mappings: MappingService): FastifyPluginAsyncTypebox {
  return async (http) => {
    http.get('/mappings', {
      schema: {
        summary: 'Named mappings by name',
        querystring: MappingTemplateQuery,
        response: { 200: MappingTemplatePage },
      },
      config: { needs: 'user' },
      handler: (request) => mappings.list(request.query),
    })

    http.post('/mappings', {
      schema: { summary: 'Name a mapping', body: NewMappingTemplate, response: { 201: MappingTemplate } },
      config: { needs: 'manager' },
      async handler(request, reply) {
        const template = await mappings.create(request.body)
        return reply.code(201).header('location', `/api/v1/mappings/${template.name}`).send(template)
      },
    })

    http.get('/mappings/:name', {
      schema: { summary: 'One named mapping', params: MappingPath, response: { 200: MappingTemplate } },
      config: { needs: 'user' },
      handler: (request) => mappings.get(request.params.name),
    })

    http.put('/mappings/:name', {
      schema: {
        summary: 'Write the whole named mapping anew',
        params: MappingPath,
        body: MappingTemplateChange,
        response: { 200: MappingTemplate },
      },
      config: { needs: 'manager' },
      handler: (request) => mappings.replace(request.params.name, request.body),
    })

    http.delete('/mappings/:name', {
      schema: { summary: 'Delete a named mapping', params: MappingPath, response: { 204: Type.Null() } },
      config: { needs: 'manager' },
      handler: async (request, reply) => reply.code(204).send(await mappings.remove(request.params.name)),
    })
  }
}
