// Accounts and keys over HTTP. Neither honours an idempotency key: an answer that is kept would keep a secret.

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import {
  ApiKeyPage,
  ApiKeyQuery,
  MadeApiKey,
  NewApiKey,
  NewUser,
  User,
  UserChange,
  UserPage,
  UserQuery,
} from '../../../contract/accounts.ts'
import type { AccountService } from './service.ts'

const tags = ['accounts']
const Named = Type.Object({ id: Type.String({ maxLength: 200 }) })

/** Who has an account: managers decide. */
export function userRoutes(accounts: AccountService): FastifyPluginAsyncTypebox {
  return async (http) => {
    http.get('/users', {
      schema: { tags, summary: 'Accounts by name', querystring: UserQuery, response: { 200: UserPage } },
      config: { needs: 'manager' },
      handler: (request) => accounts.listUsers(request.query),
    })

    http.post('/users', {
      schema: { tags, summary: 'Make an account', body: NewUser, response: { 201: User } },
      config: { needs: 'manager', idempotent: false },
      async handler(request, reply) {
        const user = await accounts.create(request.body)
        return reply.code(201).header('location', `/api/v1/users/${user.id}`).send(user)
      },
    })

    http.get('/users/:id', {
      schema: { tags, summary: 'One account', params: Named, response: { 200: User } },
      config: { needs: 'manager' },
      handler: (request) => accounts.getUser(request.params.id),
    })

    http.patch('/users/:id', {
      schema: {
        tags,
        summary: 'Change role or password, or disable; ends every session of the account',
        params: Named,
        body: UserChange,
        response: { 200: User },
      },
      config: { needs: 'manager' },
      handler: (request) => accounts.changeUser(request.params.id, request.body),
    })

    http.delete('/users/:id', {
      schema: {
        tags,
        summary: 'Remove an account with its keys',
        params: Named,
        response: { 204: Type.Null() },
      },
      config: { needs: 'manager' },
      handler: async (request, reply) => reply.code(204).send(await accounts.removeUser(request.params.id)),
    })
  }
}

/** Keys of programs: everybody has their own, managers see all. */
export function keyRoutes({ keys }: AccountService): FastifyPluginAsyncTypebox {
  return async (http) => {
    http.get('/api-keys', {
      schema: {
        tags,
        summary: 'Your keys, or all of them for a manager; the newest first',
        querystring: ApiKeyQuery,
        response: { 200: ApiKeyPage },
      },
      config: { needs: 'user' },
      handler: (request) => keys.list(request.query),
    })

    http.post('/api-keys', {
      schema: {
        tags,
        summary: 'Make a key, shown this once',
        body: NewApiKey,
        response: { 201: MadeApiKey },
      },
      config: { needs: 'user', idempotent: false },
      async handler(request, reply) {
        const made = await keys.issue(request.body)
        return reply
          .code(201)
          .header('location', `/api/v1/api-keys/${made.id}`)
          .header('cache-control', 'no-store')
          .send(made)
      },
    })

    http.delete('/api-keys/:id', {
      schema: { tags, summary: 'Revoke a key at once', params: Named, response: { 204: Type.Null() } },
      config: { needs: 'user' },
      async handler(request, reply) {
        await keys.revoke(request.params.id)
        return reply.code(204).send(null)
      },
    })
  }
}
