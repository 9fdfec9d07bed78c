import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import cookie from '@fastify/cookie'
import Fastify from 'fastify'
import { migratedControl } from '../../../tests/control-engines.ts'
import { ENGINES, startApp } from '../../../tests/harness.ts'
import { systemClock } from '../../clock.ts'
import { sessionRoutes } from './routes.ts'
import { createAccountService } from './service.ts'

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const CREDENTIALS = { username: 'manager', password: 'manager' }

function cookieOf(headers: Record<string, unknown>): string {
  return String(headers['set-cookie']).split(';')[0] ?? ''
}

for (const [engine, open] of Object.entries(ENGINES)) {
  describe(`signing in on ${engine}`, () => {
    test('a token is got by name and password, used, and renewed once', async (t) => {
      const client = (await startApp(t, open)).as('anyone')

      const first = await client.post('/token', 'grant_type=password&username=manager&password=manager', FORM)
      const used = await client.get('/session', { authorization: `Bearer ${first.body.access_token}` })
      const renewal = `grant_type=refresh_token&refresh_token=${first.body.refresh_token}`
      const second = await client.post('/token', renewal, FORM)
      const third = await client.post('/token', renewal, FORM)
      const afterwards = await client.get('/session', { authorization: `Bearer ${second.body.access_token}` })

      assert.equal(first.status, 200)
      assert.equal(first.body.scope, 'user manager')
      assert.equal(first.headers['cache-control'], 'no-store')
      assert.deepEqual([used.status, used.body.account.name], [200, 'manager'])
      assert.equal(second.status, 200)
      assert.deepEqual([third.status, third.body.error], [400, 'invalid_grant'])
      assert.equal(afterwards.status, 401)
    })

    test('in a form, unknown parameters are ignored, empty ones left out, repeated ones refused', async (t) => {
      const client = (await startApp(t, open)).as('anyone')
      const form = 'grant_type=password&username=user&password=user'

      const unknown = await client.post('/token', `${form}&__proto__=x&audience=x&client_id=docs`, FORM)
      const empty = await client.post('/token', `${form}&scope=&client_secret=`, FORM)
      const repeated = await client.post('/token', `${form}&username=manager`, FORM)

      assert.deepEqual([unknown.status, empty.status, empty.body.scope], [200, 200, 'user'])
      assert.deepEqual([repeated.status, repeated.body.error], [400, 'invalid_request'])
    })

    test('a browser gets a cookie that scripts and other sites cannot use, until it signs out', async (t) => {
      const client = (await startApp(t, open)).as('anyone')

      const signedIn = await client.post('/session', CREDENTIALS)
      const session = { cookie: cookieOf(signedIn.headers) }
      const who = await client.get('/session', session)
      const forged = await client.delete('/session', session)
      const out = await client.delete('/session', { ...session, 'x-csrf-token': who.body.csrf_token })
      const after = await client.get('/session', session)

      assert.match(
        String(signedIn.headers['set-cookie']),
        /^tidemark_session=[\w-]{43}; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Strict$/,
      )
      assert.deepEqual(who.body, signedIn.body)
      assert.equal(forged.status, 403)
      assert.equal(out.status, 204)
      assert.match(String(out.headers['set-cookie']), /^tidemark_session=; .*Expires=Thu, 01 Jan 1970/)
      assert.equal(after.status, 401)
    })

    test('a secret chosen by someone else is never taken over, and the one before ends', async (t) => {
      const client = (await startApp(t, open)).as('anyone')
      const planted = `tidemark_session=${'a'.repeat(43)}`
      const first = cookieOf((await client.post('/session', CREDENTIALS, { cookie: planted })).headers)

      const second = cookieOf((await client.post('/session', CREDENTIALS, { cookie: first })).headers)

      const statuses = await Promise.all(
        [planted, first, second].map(
          async (value) => (await client.get('/session', { cookie: value })).status,
        ),
      )
      assert.deepEqual(statuses, [401, 401, 200])
    })

    test('wrong credentials are 401, and set nothing', async (t) => {
      const client = (await startApp(t, open)).as('anyone')

      const answer = await client.post('/session', { username: 'manager', password: 'user' })

      assert.equal(answer.status, 401)
      assert.match(answer.body.type, /wrong_credentials$/)
      assert.equal(answer.headers['set-cookie'], undefined)
    })
  })
}

test('outside development the cookie goes over HTTPS only, to this host only', async (t) => {
  const accounts = createAccountService({ control: await migratedControl(t, 'sqlite'), clock: systemClock })
  await accounts.create({ name: 'ann', role: 'user', password: 'correct horse' })
  const http = Fastify()
  t.after(() => http.close())
  await http.register(cookie)
  await http.register(sessionRoutes(accounts, { secure: true }))

  const answer = await http.inject({
    method: 'POST',
    url: '/session',
    payload: { username: 'ann', password: 'correct horse' },
  })

  assert.match(
    String(answer.headers['set-cookie']),
    /^__Host-tidemark_session=[\w-]{43}; Path=\/; Expires=[^;]+; HttpOnly; Secure; SameSite=Strict$/,
  )
})

test('a device that had the right password is let in although another from there has a wrong one', async (t) => {
  const state = { now: Date.UTC(2026, 0, 31, 12) * 1000 }
  const running = await startApp(t, ENGINES.embedded, { clock: { now: () => state.now } })
  const write = async (password: string) => {
    const authorization = `Basic ${Buffer.from(`manager:${password}`).toString('base64')}`
    const answer = await running.as('anyone').post('//write?db=b', 'cpu,host=a usage=93.5', { authorization })
    return answer.status
  }

  const first = await write('manager')
  const wrong = [
    await write('wrong 1'),
    await write('wrong 2'),
    await write('wrong 3'),
    await write('wrong 4'),
  ]
  state.now += 31_000_000
  for (const password of ['wrong 5', 'wrong 6']) await write(password)
  const again = await write('manager')

  assert.deepEqual([first, ...wrong, again], [204, 401, 401, 401, 429, 204])
})
