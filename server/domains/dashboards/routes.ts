// Dashboards over HTTP.

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import {
  BoardExport,
  BoardImport,
  BoardImportResult,
  Dashboard,
  DashboardPage,
  DashboardQuery,
  DashboardReplacement,
  NewDashboard,
} from '../../../contract/dashboards.ts'
import type { DashboardService } from './service.ts'

const DashboardId = Type.Object({ id: Type.String({ maxLength: 200 }) })

/** Panels and where they stand: users read them, managers write them. */
export function dashboardRoutes(dashboards: DashboardService): FastifyPluginAsyncTypebox {
  return async (http) => {
    http.get(
      '/dashboards',
      {
        schema: {
          tags: ['dashboards'],
          summary: 'Dashboards in the order in which they were made',
          querystring: DashboardQuery,
          response: { 200: DashboardPage },
        },
        config: { needs: 'user' },
      },
      async (request) => dashboards.list(request.query),
    )
    http.post(
      '/dashboards',
      {
        schema: {
          tags: ['dashboards'],
          summary: 'Make a dashboard',
          body: NewDashboard,
          response: { 201: Dashboard },
        },
        config: { needs: 'manager' },
      },
      async (request, reply) => {
        const dashboard = await dashboards.create(request.body)
        const location = `/api/v1/dashboards/${encodeURIComponent(dashboard.id)}`
        return reply.code(201).header('location', location).send(dashboard)
      },
    )
    await http.register(boardRoutes(dashboards))
    http.get(
      '/dashboards/:id',
      {
        schema: {
          tags: ['dashboards'],
          summary: 'One dashboard',
          params: DashboardId,
          response: { 200: Dashboard },
        },
        config: { needs: 'user' },
      },
      async (request) => dashboards.get(request.params.id),
    )
    http.put(
      '/dashboards/:id',
      {
        schema: {
          tags: ['dashboards'],
          summary: 'Write the whole dashboard anew, as its next version',
          params: DashboardId,
          body: DashboardReplacement,
          response: { 200: Dashboard },
        },
        config: { needs: 'manager' },
      },
      async (request) => dashboards.replace(request.params.id, request.body),
    )
    http.delete(
      '/dashboards/:id',
      {
        schema: {
          tags: ['dashboards'],
          summary: 'Delete a dashboard',
          params: DashboardId,
          response: { 204: Type.Null() },
        },
        config: { needs: 'manager' },
      },
      async (request, reply) => reply.code(204).send(await dashboards.remove(request.params.id)),
    )
  }
}

function boardRoutes(dashboards: DashboardService): FastifyPluginAsyncTypebox {
  return async (http) => {
    http.post(
      '/dashboards/import',
      {
        schema: {
          tags: ['dashboards'],
          summary: 'Make a dashboard and its metrics from a board and its queries',
          body: BoardImport,
          response: { 201: BoardImportResult },
        },
        config: { needs: 'manager' },
      },
      async (request, reply) => {
        const result = await dashboards.importBoard(request.body)
        const location = `/api/v1/dashboards/${encodeURIComponent(result.dashboard_id)}`
        return reply.code(201).header('location', location).send(result)
      },
    )
    http.get(
      '/dashboards/:id/export',
      {
        schema: {
          tags: ['dashboards'],
          summary: 'A dashboard as a board and its queries',
          params: DashboardId,
          response: { 200: BoardExport },
        },
        config: { needs: 'user' },
      },
      async (request) => dashboards.exportBoard(request.params.id),
    )
  }
}
