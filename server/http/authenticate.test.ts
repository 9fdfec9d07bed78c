import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ENGINES, type Running, startApp } from '../../tests/harness.ts'
import { mayCall } from './authenticate.ts'

const open = ENGINES.embedded

/** A browser that has signed in: what it sends with each request, and the token against forged ones. */
async function givenBrowser(app: Running, name = 'manager') {
  const answer = await app.as('anyone').post('/session', { username: name, password: name })
  const cookie = String(answer.headers['set-cookie']).split(';')[0] ?? ''
  return { cookie, csrf: answer.body.csrf_token as string } // a string by the contract
}

describe('who may call', () => {
  test('is decided by scope: a manager everything, ingest only what is sent in', () => {
    const cases: [Parameters<typeof mayCall>[0], string[], boolean][] = [
      ['anyone', [], true],
      ['user', ['user'], true],
      ['user', ['ingest'], false],
      ['user', ['manager'], true],
      ['manager', ['user'], false],
      ['manager', ['ingest'], false],
      ['ingest', ['ingest'], true],
      ['ingest', ['user'], false],
      ['ingest', ['user', 'manager'], true],
    ]

    for (const [needs, scopes, expected] of cases)
      assert.equal(mayCall(needs, scopes), expected, `${needs} ${scopes.join()}`)
  })

  test('nobody without credentials, with wrong ones, or with credentials of another kind', async (t) => {
    const app = await startApp(t, open)
    const client = app.as('anyone')

    const none = await client.get('/session')
    const wrong = await client.get('/session', { authorization: `Bearer ${'x'.repeat(43)}` })
    const basic = await client.get('/session', { authorization: 'Basic dXNlcjp1c2Vy' })
    const cookie = await client.get('/session', { cookie: 'tidemark_session=nothing' })

    assert.deepEqual([none.status, wrong.status, basic.status, cookie.status], [401, 401, 401, 401])
    assert.equal(none.headers['www-authenticate'], 'Bearer realm="tidemark"')
    assert.equal(wrong.headers['www-authenticate'], 'Bearer realm="tidemark", error="invalid_token"')
  })

  test('a token works until it is signed out', async (t) => {
    const app = await startApp(t, open)
    const user = app.as('user')

    const before = await user.get('/session')
    const out = await user.delete('/session')
    const after = await user.get('/session')

    assert.equal(before.body.account.name, 'user')
    assert.equal(out.status, 204)
    assert.equal(after.status, 401)
  })
})

describe('a browser signed in by cookie', () => {
  test('changes something only with the token against forged requests', async (t) => {
    const app = await startApp(t, open)
    const { cookie, csrf } = await givenBrowser(app)
    const client = app.as('anyone')

    const read = await client.get('/session', { cookie })
    const bare = await client.delete('/session', { cookie })
    const forged = await client.delete('/session', { cookie, 'x-csrf-token': 'x'.repeat(csrf.length) })
    const right = await client.delete('/session', { cookie, 'x-csrf-token': csrf })

    assert.equal(read.status, 200)
    assert.deepEqual([bare.status, bare.body.type], [403, '/docs/errors#cross_site'])
    assert.equal(forged.status, 403)
    assert.equal(right.status, 204)
  })

  test('is refused what another site makes it send, even with the token', async (t) => {
    const app = await startApp(t, open)
    const { cookie, csrf } = await givenBrowser(app)
    const send = (headers: Record<string, string>) =>
      app.as('anyone').delete('/session', { cookie, 'x-csrf-token': csrf, host: 'tide.example', ...headers })

    const statuses = await Promise.all([
      send({ 'sec-fetch-site': 'cross-site' }),
      send({ 'sec-fetch-site': 'same-site' }),
      send({ origin: 'https://evil.example' }),
      send({ origin: 'null' }),
    ])
    const own = await send({ origin: 'http://tide.example' })

    assert.deepEqual(
      statuses.map(({ status }) => status),
      [403, 403, 403, 403],
    )
    assert.equal(own.status, 204)
  })

  test('signs in only from our own pages', async (t) => {
    const client = (await startApp(t, open)).as('anyone')

    const answer = await client.post(
      '/session',
      { username: 'user', password: 'user' },
      { 'sec-fetch-site': 'cross-site' },
    )

    assert.equal(answer.status, 403)
    assert.equal(answer.headers['set-cookie'], undefined)
  })

  test('behind a proxy, our own pages are those of PUBLIC_URL', async (t) => {
    const app = await startApp(t, open, { settings: { PUBLIC_URL: 'https://tide.example/' } })
    const { cookie, csrf } = await givenBrowser(app)

    const answer = await app
      .as('anyone')
      .delete('/session', { cookie, 'x-csrf-token': csrf, origin: 'https://tide.example' })

    assert.equal(answer.status, 204)
  })
})
