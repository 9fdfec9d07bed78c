// What must hold for every route whoever asks and whatever is sent: made from the table of routes, so that a new one
// is tested the day it is there.

import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { Need } from '../contract/accounts.ts'
import type { Route } from '../server/http/route-table.ts'
import { ENGINES, type Running, startApp } from './harness.ts'

const open = ENGINES.embedded
const HOUR = 3_600_000_000
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const JSON_TYPE = { 'content-type': 'application/json' }
/** Protocols of others, whose bodies are theirs. */
const OTHERS = ['/write', '/api/v2/write', '/query', '/ping', '/api/v1/write']
const SAFE = ['GET', 'HEAD', 'OPTIONS']

type Headers = Record<string, string>

/** Every route of ours, signing out last, since it ends the session that the others use. */
function routesOf({ app }: Running): Route[] {
  const ours = app.routes.routes.filter(({ method, url }) => method !== 'HEAD' && !url.startsWith('/docs'))
  const isSignOut = ({ method, url }: Route) => method === 'DELETE' && url.endsWith('/session')
  return ours.toSorted((a, b) => Number(isSignOut(a)) - Number(isSignOut(b)))
}

/** The address of a route, of something that is not there. */
function pathOf({ url }: Route): string {
  return `/${url.replace('*', 'nothing').replaceAll(/:[a-z_]+/g, 'nothing')}`
}

const nameOf = ({ method, url }: Route): string => `${method} ${url}`
const bearer = (token: string): Headers => ({ authorization: `Bearer ${token}` })

/** Whoever may ask besides those of `contract.test.ts`, with what the door owes to them. */
async function givenCallers(t: TestContext) {
  const state = { now: Date.UTC(2026, 0, 31, 12) * 1000 }
  const running = await startApp(t, open, { clock: { now: () => state.now } })
  const anyone = running.as('anyone')
  const token = async (form: string) =>
    (await anyone.post('/token', `grant_type=password&${form}`, FORM)).body.access_token as string
  const key = async (scopes: string[], expires_at?: string) =>
    (await running.post('/api-keys', { name: 'a key', scopes, ...(expires_at && { expires_at }) })).body
  const expired = await token('username=manager&password=manager')
  const expiredKey = await key(['manager'], 'now+1h')
  const revoked = await key(['manager'])
  await running.delete(`/api-keys/${revoked.id}`)
  const ingest = await key(['ingest'])
  const reader = await key(['user'])
  state.now += 2 * HOUR
  const fresh = await token('username=manager&password=manager&scope=user')

  const nobody = () => 401
  const asUser = (needs: Need) => (needs === 'user' ? 'through' : 403)
  const callers: Record<string, { headers: Headers; owed: (needs: Need) => number | 'through' }> = {
    'an expired token': { headers: bearer(expired), owed: nobody },
    'an expired key': { headers: bearer(expiredKey.key), owed: nobody },
    'a revoked key': { headers: bearer(revoked.key), owed: nobody },
    'a token that was never given': { headers: bearer('x'.repeat(43)), owed: nobody },
    'a key that was never given': { headers: bearer(`tmk_${'x'.repeat(43)}`), owed: nobody },
    'a cookie that was never given': {
      headers: { cookie: `tidemark_session=${'x'.repeat(43)}` },
      owed: nobody,
    },
    'an ingest key': { headers: bearer(ingest.key), owed: (needs) => (needs === 'ingest' ? 'through' : 403) },
    'a key for reading': { headers: bearer(reader.key), owed: asUser },
    "a manager's token for reading": { headers: bearer(fresh), owed: asUser },
  }
  return { running, callers }
}

describe('every route', () => {
  test('gives each caller what is owed, and no more', async (t) => {
    const { running, callers } = await givenCallers(t)
    const client = running.as('anyone')

    for (const [caller, { headers, owed }] of Object.entries(callers)) {
      for (const route of routesOf(running)) {
        const { status } = await client.request(route.method, pathOf(route), { headers })
        const expected = route.needs === 'anyone' ? 'through' : owed(route.needs)
        const name = `${nameOf(route)} for ${caller}: ${status}`
        if (expected !== 'through') assert.equal(status, expected, name)
        else assert.ok(![401, 403].includes(status) && status < 500, name)
      }
    }
  })

  test('that changes something is kept in the audit with how the thing looked', async (t) => {
    const running = await startApp(t, open)
    const audited = routesOf(running).filter(({ audited }) => audited)
    const unsafe = routesOf(running).filter(({ method }) => !SAFE.includes(method))
    const without = unsafe.filter((route) => !audited.includes(route)).map(nameOf)

    assert.ok(audited.length > 25)
    // Those that only ask, that only end what the caller has, and those for data, which has records of its own.
    assert.deepEqual(without.filter((name) => !/query|preview|generate/.test(name)).toSorted(), [
      'DELETE /api/v1/session',
      'POST /api/v1/datasets/:name/rows',
      'POST /api/v1/measurements',
      'POST /api/v1/session',
      'POST /api/v1/token',
      'POST /api/v1/write',
      'POST /api/v2/write',
      'POST /write',
    ])
  })
})

describe('every route that changes something', () => {
  /** A browser that a manager signed in with. */
  const givenBrowser = async (t: TestContext) => {
    const running = await startApp(t, open)
    const client = running.as('anyone')
    const answer = await client.post('/session', { username: 'manager', password: 'manager' })
    const cookie = String(answer.headers['set-cookie']).split(';')[0] ?? ''
    const unsafe = routesOf(running).filter(({ method }) => !SAFE.includes(method))
    return { running, client, cookie, csrf: answer.body.csrf_token as string, unsafe }
  }

  test('refuses a browser that does not send the token against forged requests', async (t) => {
    const { running, client, cookie, unsafe } = await givenBrowser(t)
    const before = (await running.get('/audit')).text

    for (const route of unsafe.filter(({ needs }) => needs !== 'anyone')) {
      for (const token of [{}, { 'x-csrf-token': 'x'.repeat(43) }, { 'x-csrf-token': '' }]) {
        const headers = { cookie, ...token }
        const { status } = await client.request(route.method, pathOf(route), { headers })
        assert.equal(status, 403, nameOf(route))
      }
    }
    assert.equal((await running.get('/audit')).text, before)
    assert.equal((await client.get('/session', { cookie })).status, 200)
  })

  test('refuses what another site makes a browser send, even with the token', async (t) => {
    const { client, cookie, csrf, unsafe } = await givenBrowser(t)
    const sites: Headers[] = [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site', ...FORM },
    ]

    for (const route of unsafe) {
      for (const site of sites) {
        const headers = { cookie, 'x-csrf-token': csrf, ...site }
        const { status } = await client.request(route.method, pathOf(route), { headers })
        // RFC 6749 has no other status.
        const refused = route.url.endsWith('/token') ? 400 : 403
        assert.equal(status, refused, `${nameOf(route)} from ${JSON.stringify(site)}`)
      }
    }
    assert.equal((await client.get('/session', { cookie })).status, 200)
  })

  test('takes it from our own pages', async (t) => {
    const { client, cookie, csrf, unsafe } = await givenBrowser(t)
    const headers = { cookie, 'x-csrf-token': csrf, 'sec-fetch-site': 'same-origin' }

    for (const route of unsafe) {
      const { status } = await client.request(route.method, pathOf(route), { headers })
      assert.ok(status !== 401 && status !== 403 && status < 500, `${nameOf(route)}: ${status}`)
    }
  })
})

describe('every route that takes a body', () => {
  const givenBodied = async (t: TestContext, settings: Record<string, string> = {}) => {
    const running = await startApp(t, open, { settings })
    const bodied = routesOf(running).filter(
      ({ url, schema }) => schema?.body !== undefined && !OTHERS.includes(url) && !url.endsWith('/token'),
    )
    assert.ok(bodied.length > 15)
    const send = async (route: Route, body: string, headers: Headers = JSON_TYPE) =>
      (await running.request(route.method, pathOf(route), { body, headers })).status
    return { bodied, send }
  }

  /** The names of members that a body may have; none for a list. */
  const membersOf = ({ schema }: Route): string[] => {
    const { properties = {}, anyOf = [] } = (schema?.body ?? {}) as {
      properties?: object
      anyOf?: { properties?: object }[]
    } // TypeBox
    return [properties, ...anyOf.map((one) => one.properties ?? {})].flatMap((one) => Object.keys(one))
  }

  test('refuses one of another type, and members of other types or null, with the client at fault', async (t) => {
    const { bodied, send } = await givenBodied(t)

    for (const route of bodied) {
      for (const body of ['null', '1', 'true', '"text"', '[[]]', '[null]', '[1]', '{"no_such_member":1}'])
        assert.equal(await send(route, body), 422, `${nameOf(route)}: ${body}`)
      for (const member of membersOf(route)) {
        for (const value of ['null', '[[[]]]', '{"no":{"such":1}}', '-1e400', '"\\u0000"', 'true']) {
          const body = `{${JSON.stringify(member)}:${value}}`
          const status = await send(route, body)
          assert.ok([400, 404, 409, 422].includes(status), `${nameOf(route)}: ${body}: ${status}`)
        }
      }
    }
  })

  test('refuses one that is no JSON, too deep, too large, of another type, or hides what it is', async (t) => {
    const { bodied, send } = await givenBodied(t, { BODY_LIMIT_MB: '1' })
    const deep = `${'['.repeat(65)}${']'.repeat(65)}`
    const large = JSON.stringify('x'.repeat(1_100_000))

    for (const route of bodied) {
      const name = nameOf(route)
      for (const body of ['', '{', '{"a":1,}', deep, '{"__proto__":{"role":"manager"}}'])
        assert.equal(await send(route, body), 400, `${name}: ${body.slice(0, 40)}`)
      assert.equal(await send(route, large), 413, name)
      for (const type of [
        'text/html',
        'application/xml',
        'image/svg+xml',
        'application/x-www-form-urlencoded',
      ])
        assert.equal(await send(route, '{}', { 'content-type': type }), 415, `${name}: ${type}`)
      assert.equal(await send(route, '{}', { ...JSON_TYPE, 'content-encoding': 'rot13' }), 415, name)
    }
  })
})

describe('signing in', () => {
  test('takes as long and answers the same for a name that nobody has', async (t) => {
    const running = await startApp(t, open, { settings: { TRUSTED_PROXIES: 'loopback' } })
    const client = running.as('anyone')
    const times: Record<string, number[]> = { user: [], 'nobody-here': [] }
    const answers = new Set<string>()

    // Each try from another network, so that none has to wait; in turns, so that both meet the same machine.
    for (let tries = 0; tries < 20; tries++) {
      for (const [username, taken] of Object.entries(times)) {
        const from = { 'x-forwarded-for': `192.0.2.${tries}`, 'x-request-id': 'same' }
        const started = performance.now()
        const { status, text, headers } = await client.post('/session', { username, password: 'x' }, from)
        taken.push(performance.now() - started)
        const { date: _date, ...rest } = headers
        answers.add(JSON.stringify([status, text, rest]))
      }
    }

    const median = (values: number[] = []) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
    const ratio = median(times['nobody-here']) / median(times.user)
    assert.equal(answers.size, 1)
    assert.ok(ratio > 0.6 && ratio < 1.6, `a name that nobody has takes ${ratio} times as long`)
  })

  test('ends with the session: a cookie from before signing out, or another password, is nobody', async (t) => {
    const running = await startApp(t, open)
    const client = running.as('anyone')
    const password = 'correct horse'
    const { id } = (await running.post('/users', { name: 'ann', role: 'user', password })).body
    const signIn = async (planted: Headers = {}) => {
      const answer = await client.post('/session', { username: 'ann', password }, planted)
      return {
        cookie: String(answer.headers['set-cookie']).split(';')[0] ?? '',
        csrf: answer.body.csrf_token,
      }
    }
    const statusOf = async (cookie: string) => (await client.get('/session', { cookie })).status

    const planted = `tidemark_session=${'a'.repeat(43)}`
    const first = await signIn({ cookie: planted })
    await client.delete('/session', { cookie: first.cookie, 'x-csrf-token': first.csrf })
    const second = await signIn()
    await running.patch(`/users/${id}`, { password: 'battery staple' })

    assert.deepEqual(
      [await statusOf(planted), await statusOf(first.cookie), await statusOf(second.cookie)],
      [401, 401, 401],
    )
  })
})

describe('files', () => {
  test('of the machine are nowhere below an address', async (t) => {
    const { app } = await startApp(t, open)
    const paths = [
      '/public/..%2f..%2fetc/passwd',
      '/public/..\\..\\etc\\passwd',
      '/assets/..%2f..%2f..%2fpackage.json',
      '/assets/%2e%2e/%2e%2e/package.json',
      '/..%5c..%5cpackage.json',
      '//etc/passwd',
      '/docs/static/..%2f..%2f..%2fpackage.json',
      '/assets/..%00/package.json',
      '/%c0%ae%c0%ae/package.json',
    ]

    for (const url of paths) {
      const { statusCode, body } = await app.http.inject({ url })
      assert.ok([400, 403, 404].includes(statusCode), `${url}: ${statusCode}`)
      assert.doesNotMatch(body, /root:|"dependencies"/)
    }
  })

  test('of data are kept by browsers, not shown', async (t) => {
    const running = await startApp(t, open)
    const signal = await running.givenSignal({ name: '<script>alert(1)</script>' })
    await running.post('/datasets', { name: 'notes', columns: [{ name: 'note', type: 'text' }] })
    const range = `signal_id=${signal.id}&from=now-1d&to=now`
    const paths = [
      `/measurements?${range}&format=csv`,
      `/measurements?${range}&format=ndjson`,
      '/datasets/notes/rows?format=csv',
      '/audit?format=csv',
    ]

    for (const path of paths) {
      const { status, headers } = await running.get(path)
      assert.equal(status, 200, path)
      assert.match(String(headers['content-disposition']), /^attachment/, path)
      assert.equal(headers['x-content-type-options'], 'nosniff')
    }
  })
})
