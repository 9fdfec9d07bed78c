// What holds for every route, whichever noun it is about: who may call it, and what it answers to bad input.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Need } from '../contract/accounts.ts'
import type { Route } from '../server/http/route-table.ts'
import { ENGINES, type Running, startApp } from './harness.ts'

const open = ENGINES.embedded
const CALLERS = ['anyone', 'user', 'manager'] as const

/** What the declaration promises a caller; `through` is any answer but 401 and 403. */
function promised(needs: Need, caller: (typeof CALLERS)[number]): 401 | 403 | 'through' {
  if (needs === 'anyone' || caller === 'manager') return 'through'
  if (caller === 'anyone') return 401
  return needs === 'user' ? 'through' : 403
}

/** Every route of ours, signing out last, since it ends the token that the others use. */
function routesOf({ app }: Running): Route[] {
  const ours = app.routes.routes.filter(({ method, url }) => method !== 'HEAD' && !url.startsWith('/docs'))
  return ours.toSorted((a, b) => Number(isSignOut(a)) - Number(isSignOut(b)))
}

/** Protocols of others: parameters of theirs that mean nothing here are passed over, and bodies are theirs. */
const OTHERS = ['/write', '/api/v2/write', '/query', '/ping', '/api/v1/write']
const isOurs = ({ url }: Route) => !OTHERS.includes(url)

function isSignOut({ method, url }: Route): boolean {
  return method === 'DELETE' && url.endsWith('/session')
}

function pathOf({ url }: Route): string {
  return `/${url.replace('*', 'nothing').replaceAll(/:[a-z_]+/g, 'nothing')}`
}

describe('every route', () => {
  test('answers each caller as it declares', async (t) => {
    const running = await startApp(t, open)
    const routes = routesOf(running)
    assert.ok(routes.length > 20)

    for (const caller of CALLERS) {
      const client = running.as(caller)
      for (const route of routes) {
        const name = `${route.method} ${route.url} for ${caller}`
        const { status, text } = await client.request(route.method, pathOf(route))
        const expected = promised(route.needs, caller)
        if (expected === 'through') assert.ok(status !== 401 && status !== 403, `${name}: ${status}`)
        else assert.equal(status, expected, `${name}: ${text}`)
        assert.notEqual(status, 500, `${name}: ${text}`)
      }
    }
  })

  test('refuses query parameters that it does not know', async (t) => {
    const running = await startApp(t, open)
    // Of a metric's SQL, parameters have names of their own; the metric itself refuses others.
    const queried = routesOf(running).filter(
      (route) =>
        isOurs(route) && route.schema?.querystring !== undefined && route.url !== '/api/v1/metrics/:id/data',
    )

    for (const route of queried) {
      const answer = await running.request(route.method, `${pathOf(route)}?no_such_parameter=1`, { body: {} })

      assert.ok(
        answer.status === 422 || answer.status === 415,
        `${route.method} ${route.url}: ${answer.status}`,
      )
    }
  })

  test('that takes a body refuses members that it does not know', async (t) => {
    const running = await startApp(t, open)
    const bodied = routesOf(running).filter((route) => isOurs(route) && route.schema?.body !== undefined)

    for (const route of bodied) {
      const body = { no_such_member: 1 }
      const { status } = await running.request(route.method, pathOf(route), { body })

      // The token endpoint takes forms only, and answers all that is wrong with 400.
      assert.equal(status, route.url === '/api/v1/token' ? 400 : 422, `${route.method} ${route.url}`)
    }
  })

  test('is in the OpenAPI document with a summary', async (t) => {
    const running = await startApp(t, open)
    const { body } = await running.get('/openapi.json')

    for (const { method, url } of routesOf(running).filter(({ url }) => url !== '/*')) {
      const path = body.paths[url.replaceAll(/:([a-z_]+)/g, '{$1}')]?.[method.toLowerCase()]
      assert.equal(typeof path?.summary, 'string', `${method} ${url} has no summary`)
    }
  })
})
