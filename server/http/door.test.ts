import assert from 'node:assert/strict'
import { test } from 'node:test'
import Fastify from 'fastify'
import { ENGINES, startApp } from '../../tests/harness.ts'
import { readQuery } from './query.ts'
import { createRouteTable } from './route-table.ts'

test('a route that does not say who may call it cannot be registered', () => {
  const http = Fastify()
  http.addHook('onRoute', createRouteTable(['/docs']).add)

  assert.throws(
    () => http.get('/forgotten', async () => 'open'),
    /GET \/forgotten does not say who may call it/,
  )
  assert.doesNotThrow(() => http.get('/docs/page', async () => 'open'))
})

test('a request in flight is finished before the service ends', async (t) => {
  const { app, url, tokenOf } = await startApp(t, ENGINES.embedded)
  const headers = { authorization: `Bearer ${await tokenOf('user')}` }

  const asked = fetch(`${url}/api/v1/assets`, { headers })
  await new Promise<void>((resolve) => app.http.server.once('request', () => resolve()))
  await app.close()

  assert.equal((await asked).status, 200)
  await assert.rejects(fetch(`${url}/healthz`))
})

test('a body that is refused before its end does not stand in the way of the next request', async (t) => {
  const { url, tokenOf } = await startApp(t, ENGINES.embedded, { settings: { UPLOAD_LIMIT_MB: '1' } })
  const headers = { authorization: `Bearer ${await tokenOf('manager')}`, 'content-type': 'text/csv' }
  const body = new Uint8Array(8_000_000).fill(44)

  for (let time = 0; time < 3; time++) {
    const refused = await fetch(`${url}/api/v1/loads?target=measurements`, { method: 'POST', headers, body })
    assert.equal(refused.status, 413)
    const next = await fetch(`${url}/api/v1/token`, { method: 'POST', body: new URLSearchParams({ a: 'b' }) })
    assert.equal(next.status, 400)
  }
})

test('query strings: numbers, booleans and lists are read, defaults filled in, the rest left as it is', () => {
  const schema = {
    type: 'object',
    properties: {
      limit: { type: 'integer', default: 100 },
      ratio: { type: 'number' },
      deep: { type: 'boolean', default: false },
      id: { type: 'array', items: { type: 'string' } },
      size: { type: 'array', items: { type: 'integer' } },
      q: { type: 'string' },
      either: { anyOf: [{ type: 'number' }, { type: 'null' }] },
    },
  } as const
  const cases: [Record<string, unknown>, Record<string, unknown>][] = [
    [{}, {}],
    [{ limit: '5' }, { limit: 5 }],
    [{ limit: '1e2' }, { limit: 100 }],
    [{ limit: '0x10' }, { limit: '0x10' }],
    [{ limit: '' }, { limit: '' }],
    [{ limit: ' 5' }, { limit: ' 5' }],
    [{ ratio: '-1.5' }, { ratio: -1.5 }],
    [{ ratio: '1e999' }, { ratio: '1e999' }],
    [{ deep: 'true' }, { deep: true }],
    [{ deep: 'yes' }, { deep: 'yes' }],
    [{ id: 'a,b' }, { id: ['a', 'b'] }],
    [{ id: ['a', 'b,c'] }, { id: ['a', 'b', 'c'] }],
    [{ size: '1,2' }, { size: [1, 2] }],
    [{ q: '5' }, { q: '5' }],
    [{ q: ['a', 'b'] }, { q: ['a', 'b'] }],
    [{ either: '2' }, { either: 2 }],
    [{ unknown: '1' }, { unknown: '1' }],
  ]

  for (const [sent, read] of cases) {
    assert.deepEqual(readQuery(schema, sent), { limit: 100, deep: false, ...read })
  }
})
