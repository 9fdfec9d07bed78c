// What holds for every route, whichever noun it is about: who may call it, and what it answers to bad input.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
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
    const queried = routesOf(running).filter(({ schema }) => schema?.querystring !== undefined)

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
    const bodied = routesOf(running).filter(({ schema }) => schema?.body !== undefined)

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

interface BadInput {
  id: string
  title: string
  headers?: Record<string, string>
  body?: string
  body_parts?: { before: string; unit: string; times: number; after: string }
  status: number[]
}

describe('hostile JSON sent as a measurement', () => {
  const inputs: BadInput[] = JSON.parse(readFileSync(new URL('bad-json.json', import.meta.url), 'utf8'))
  for (const { id, title, headers, body, body_parts: parts, status } of inputs) {
    test(`${id} ${title}`, async (t) => {
      const app = await startApp(t, open)
      await app.givenSignal({ id: 'm' })
      const text = body ?? `${parts?.before}${parts?.unit.repeat(parts.times)}${parts?.after}`

      const start = performance.now()
      const answer = await app.post('/measurements', text, { 'content-type': 'application/json', ...headers })

      assert.ok(status.includes(answer.status), `${answer.status} ${answer.text.slice(0, 200)}`)
      assert.ok(performance.now() - start < 2000)
      const after = await app.get('/measurements?signal_id=m')
      assert.deepEqual(after.body.items, [])
      assert.equal(Object.hasOwn(Object.prototype, 'isManager'), false)
    })
  }

  test('a row that cannot be is refused by its index, and the others are stored', async (t) => {
    const app = await startApp(t, open)
    await app.givenSignal({ id: 'm' })
    const row = { signal_id: 'm', value: 1 }

    const answer = await app.post('/measurements', [
      { ...row, measured_at: '999999-12-31T00:00:00Z' },
      { ...row, measured_at: '2026-02-30T25:61:00Z' },
      { ...row, measured_at: '2026-01-01T00:00:00Z' },
    ])

    const none = await app.post('/measurements?atomic=true', [
      { ...row, measured_at: '2026-01-02T00:00:00Z' },
      { ...row, measured_at: '2026-02-30T25:61:00Z' },
    ])

    assert.equal(answer.status, 200)
    assert.equal(answer.body.accepted, 1)
    assert.deepEqual(
      answer.body.rejected.map(({ index }: { index: number }) => index),
      [0, 1],
    )
    assert.equal(none.status, 422)
    const { body } = await app.get('/measurements?signal_id=m')
    assert.deepEqual(body.items, [{ signal_id: 'm', measured_at: '2026-01-01T00:00:00Z', value: 1 }])
  })

  test('of a member sent twice, the last value is the one that is checked and stored', async (t) => {
    const app = await startApp(t, open)
    await app.givenSignal({ id: 'm' })
    const text = '[{"signal_id":"m","value":1,"value":1000000,"measured_at":"2026-01-01T00:00:00Z"}]'

    const answer = await app.post('/measurements', text, { 'content-type': 'application/json' })

    const { body } = await app.get('/measurements?signal_id=m')
    assert.equal(answer.body.accepted, 1)
    assert.equal(body.items[0].value, 1_000_000)
  })
})
