// Assets and their types over HTTP.

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import {
  Asset,
  AssetChange,
  AssetDeletion,
  AssetDeletionResult,
  AssetPage,
  AssetQuery,
  AssetReplacement,
  AssetType,
  AssetTypeChange,
  AssetTypePage,
  AssetTypeQuery,
  NewAsset,
  NewAssetType,
} from '../../../contract/assets.ts'
import type { AssetService } from './service.ts'

const AssetId = Type.Object({ id: Type.String({ maxLength: 200 }) })
const TypeName = Type.Object({ name: Type.String({ maxLength: 63 }) })

/** The catalogue of what is measured: users read it, managers write it. */
export function assetRoutes(assets: AssetService): FastifyPluginAsyncTypebox {
  return async (http) => {
    http.get(
      '/assets',
      {
        schema: {
          tags: ['assets'],
          summary: 'Assets by id',
          querystring: AssetQuery,
          response: { 200: AssetPage },
        },
        config: { needs: 'user' },
      },
      async (request) => assets.list(request.query),
    )
    http.post(
      '/assets',
      {
        schema: { tags: ['assets'], summary: 'Make an asset', body: NewAsset, response: { 201: Asset } },
        config: { needs: 'manager' },
      },
      async (request, reply) => {
        const asset = await assets.create(request.body)
        return reply
          .code(201)
          .header('location', `/api/v1/assets/${encodeURIComponent(asset.id)}`)
          .send(asset)
      },
    )
    http.get(
      '/assets/:id',
      {
        schema: { tags: ['assets'], summary: 'One asset', params: AssetId, response: { 200: Asset } },
        config: { needs: 'user' },
      },
      async (request) => assets.get(request.params.id),
    )
    http.put(
      '/assets/:id',
      {
        schema: {
          tags: ['assets'],
          summary: 'Write the whole asset anew',
          params: AssetId,
          body: AssetReplacement,
          response: { 200: Asset },
        },
        config: { needs: 'manager' },
      },
      async (request) => assets.replace(request.params.id, request.body),
    )
    http.patch(
      '/assets/:id',
      {
        schema: {
          tags: ['assets'],
          summary: 'Change what is named of an asset',
          params: AssetId,
          body: AssetChange,
          response: { 200: Asset },
        },
        config: { needs: 'manager' },
      },
      async (request) => assets.change(request.params.id, request.body),
    )
    http.delete(
      '/assets/:id',
      {
        schema: {
          tags: ['assets'],
          summary: 'Delete an asset, with cascade also all below it',
          params: AssetId,
          querystring: AssetDeletion,
          response: { 200: AssetDeletionResult },
        },
        config: { needs: 'manager' },
      },
      async (request) => assets.remove(request.params.id, request.query.cascade),
    )
    await http.register(typeRoutes(assets))
  }
}

function typeRoutes(assets: AssetService): FastifyPluginAsyncTypebox {
  return async (http) => {
    http.get(
      '/asset-types',
      {
        schema: {
          tags: ['assets'],
          summary: 'Types of assets by name',
          querystring: AssetTypeQuery,
          response: { 200: AssetTypePage },
        },
        config: { needs: 'user' },
      },
      async (request) => assets.listTypes(request.query),
    )
    http.post(
      '/asset-types',
      {
        schema: {
          tags: ['assets'],
          summary: 'Make a type of assets',
          body: NewAssetType,
          response: { 201: AssetType },
        },
        config: { needs: 'manager' },
      },
      async (request, reply) => {
        const type = await assets.createType(request.body)
        return reply.code(201).header('location', `/api/v1/asset-types/${type.name}`).send(type)
      },
    )
    http.get(
      '/asset-types/:name',
      {
        schema: {
          tags: ['assets'],
          summary: 'One type of assets',
          params: TypeName,
          response: { 200: AssetType },
        },
        config: { needs: 'user' },
      },
      async (request) => assets.getType(request.params.name),
    )
    http.put(
      '/asset-types/:name',
      {
        schema: {
          tags: ['assets'],
          summary: 'Change title and schema of a type',
          params: TypeName,
          body: AssetTypeChange,
          response: { 200: AssetType },
        },
        config: { needs: 'manager' },
      },
      async (request) => assets.changeType(request.params.name, request.body),
    )
    http.delete(
      '/asset-types/:name',
      {
        schema: {
          tags: ['assets'],
          summary: 'Delete a type that no asset has',
          params: TypeName,
          response: { 204: Type.Null() },
        },
        config: { needs: 'manager' },
      },
      async (request, reply) => reply.code(204).send(await assets.removeType(request.params.name)),
    )
  }
}
