// Datasets and their rows over HTTP.

import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import {
  Dataset,
  DatasetPage,
  DatasetQuery,
  NewDataset,
  NewRows,
  RowAppendQuery,
  RowDeletionResult,
  RowPage,
  RowQuery,
} from '../../../contract/datasets.ts'
import { AppendResult } from '../../../contract/measurements.ts'
import type { DatasetService } from './service.ts'

const Named = Type.Object({ name: Type.String({ maxLength: 63 }) })
const CONTENT_TYPES = { csv: 'text/csv; charset=utf-8', ndjson: 'application/x-ndjson' }

/** Tables of the user's own: users read them, devices add rows, managers make and delete them. */
export function datasetRoutes(datasets: DatasetService): FastifyPluginAsyncTypebox {
  return async (http) => {
    http.get(
      '/datasets',
      {
        schema: {
          tags: ['datasets'],
          summary: 'Datasets by name',
          querystring: DatasetQuery,
          response: { 200: DatasetPage },
        },
        config: { needs: 'user' },
      },
      async (request) => datasets.list(request.query),
    )
    http.post(
      '/datasets',
      {
        schema: {
          tags: ['datasets'],
          summary: 'Make an empty dataset',
          body: NewDataset,
          response: { 201: Dataset },
        },
        config: { needs: 'manager' },
      },
      async (request, reply) => {
        const dataset = await datasets.create(request.body)
        return reply.code(201).header('location', `/api/v1/datasets/${dataset.name}`).send(dataset)
      },
    )
    http.get(
      '/datasets/:name',
      {
        schema: { tags: ['datasets'], summary: 'One dataset', params: Named, response: { 200: Dataset } },
        config: { needs: 'user' },
      },
      async (request) => datasets.get(request.params.name),
    )
    http.delete(
      '/datasets/:name',
      {
        schema: {
          tags: ['datasets'],
          summary: 'Delete a dataset with its rows',
          params: Named,
          response: { 204: Type.Null() },
        },
        config: { needs: 'manager' },
      },
      async (request, reply) => reply.code(204).send(await datasets.remove(request.params.name)),
    )
    await http.register(rowRoutes(datasets))
  }
}

function rowRoutes(datasets: DatasetService): FastifyPluginAsyncTypebox {
  return async (http) => {
    http.post(
      '/datasets/:name/rows',
      {
        schema: {
          tags: ['datasets'],
          summary: 'Add or correct rows',
          params: Named,
          querystring: RowAppendQuery,
          body: NewRows,
          response: { 200: AppendResult },
        },
        config: { needs: 'ingest', idempotent: true },
      },
      async (request) => datasets.append(request.params.name, request.body, request.query),
    )
    http.get(
      '/datasets/:name/rows',
      {
        schema: {
          tags: ['datasets'],
          summary: 'Rows in the order in which they came',
          description:
            'JSON comes in pages; CSV and NDJSON are all rows. In CSV, text that a spreadsheet would run as a formula gets an apostrophe in front.',
          params: Named,
          querystring: RowQuery,
          response: { 200: RowPage },
        },
        config: { needs: 'user', costs: 'query' },
      },
      async (request, reply) => {
        const answer = await datasets.rows(request.params.name, request.query)
        if (answer.format === 'json') return reply.send(answer.page)
        return reply
          .type(CONTENT_TYPES[answer.format])
          .header('content-disposition', `attachment; filename="${request.params.name}.${answer.format}"`)
          .send(Readable.from(answer.text, { objectMode: false }) as never) // the schema tells only of JSON
      },
    )
    http.delete(
      '/datasets/:name/rows',
      {
        schema: {
          tags: ['datasets'],
          summary: 'Empty a dataset',
          params: Named,
          response: { 200: RowDeletionResult },
        },
        config: { needs: 'manager' },
      },
      async (request) => datasets.removeRows(request.params.name),
    )
  }
}
