// Signals over HTTP, with their state and statistics.

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import {
  NewSignal,
  Signal,
  SignalChange,
  SignalDeletion,
  SignalDeletionResult,
  SignalPage,
  SignalQuery,
  SignalReplacement,
  SignalStats,
  StatsQuery,
} from '../../../contract/signals.ts'
import type { SignalService } from './service.ts'

const SignalId = Type.Object({ id: Type.String({ maxLength: 200 }) })

/** What is measured of assets: users read it, managers write it. */
export function signalRoutes(signals: SignalService): FastifyPluginAsyncTypebox {
  return async (http) => {
    http.get(
      '/signals',
      {
        schema: {
          tags: ['signals'],
          summary: 'Signals by id',
          querystring: SignalQuery,
          response: { 200: SignalPage },
        },
        config: { needs: 'user' },
      },
      async (request) => signals.list(request.query),
    )
    http.post(
      '/signals',
      {
        schema: { tags: ['signals'], summary: 'Make a signal', body: NewSignal, response: { 201: Signal } },
        config: { needs: 'manager' },
      },
      async (request, reply) => {
        const signal = await signals.create(request.body)
        return reply
          .code(201)
          .header('location', `/api/v1/signals/${encodeURIComponent(signal.id)}`)
          .send(signal)
      },
    )
    http.get(
      '/signals/:id',
      {
        schema: { tags: ['signals'], summary: 'One signal', params: SignalId, response: { 200: Signal } },
        config: { needs: 'user' },
      },
      async (request) => signals.get(request.params.id),
    )
    http.put(
      '/signals/:id',
      {
        schema: {
          tags: ['signals'],
          summary: 'Write the whole signal anew',
          params: SignalId,
          body: SignalReplacement,
          response: { 200: Signal },
        },
        config: { needs: 'manager' },
      },
      async (request) => signals.replace(request.params.id, request.body),
    )
    http.patch(
      '/signals/:id',
      {
        schema: {
          tags: ['signals'],
          summary: 'Change what is named of a signal',
          params: SignalId,
          body: SignalChange,
          response: { 200: Signal },
        },
        config: { needs: 'manager' },
      },
      async (request) => signals.change(request.params.id, request.body),
    )
    http.delete(
      '/signals/:id',
      {
        schema: {
          tags: ['signals'],
          summary: 'Delete a signal, with cascade also its measurements',
          params: SignalId,
          querystring: SignalDeletion,
          response: { 200: SignalDeletionResult },
        },
        config: { needs: 'manager' },
      },
      async (request) => signals.remove(request.params.id, request.query.cascade),
    )
    http.get(
      '/signals/:id/stats',
      {
        schema: {
          tags: ['signals'],
          summary: 'Statistics of a signal over a range',
          params: SignalId,
          querystring: StatsQuery,
          response: { 200: SignalStats },
        },
        config: { needs: 'user', costs: 'query' },
      },
      async (request) => signals.stats(request.params.id, request.query),
    )
  }
}
