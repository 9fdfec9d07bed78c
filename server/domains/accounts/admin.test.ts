import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ENGINES, type Running, startApp } from '../../../tests/harness.ts'

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const PASSWORD = 'correct horse'

/** An account that has signed in: its id, what it sends, and its refresh token. */
async function givenAccount(running: Running, name: string, role: 'user' | 'manager') {
  const { body } = await running.post('/users', { name, role, password: PASSWORD })
  const form = new URLSearchParams({ grant_type: 'password', username: name, password: PASSWORD })
  const token = (await running.as('anyone').post('/token', form.toString(), FORM)).body
  return {
    id: body.id as string, // text by the contract, as below
    headers: { authorization: `Bearer ${token.access_token}` },
    refresh: token.refresh_token as string,
  }
}

const bearer = (key: string) => ({ authorization: `Bearer ${key}` })

for (const [engine, open] of Object.entries(ENGINES)) {
  describe(`accounts over HTTP on ${engine}`, () => {
    test('are made, listed, looked at and removed by managers', async (t) => {
      const running = await startApp(t, open)

      const made = await running.post('/users', { name: 'ann', role: 'user', password: PASSWORD })
      const again = await running.post('/users', { name: 'ann', role: 'user', password: PASSWORD })
      const short = await running.post('/users', { name: 'bob', role: 'user', password: 'short' })
      const list = await running.get('/users')
      const gone = await running.delete(`/users/${made.body.id}`)
      const after = await running.get(`/users/${made.body.id}`)

      const { id, created_at: _made, updated_at: _changed, ...rest } = made.body
      assert.deepEqual(rest, { name: 'ann', role: 'user', disabled: false })
      assert.equal(made.headers.location, `/api/v1/users/${id}`)
      assert.deepEqual(
        [made.status, again.status, short.status, gone.status, after.status],
        [201, 409, 422, 204, 404],
      )
      assert.deepEqual(
        list.body.items.map((user: { name: string }) => user.name),
        ['ann', 'manager', 'user'],
      )
      assert.doesNotMatch(list.text, /argon2|password/)
    })

    for (const change of [{ role: 'user' }, { disabled: true }, { password: 'battery staple' }]) {
      test(`with ${Object.keys(change)[0]} changed lose every session and token at once`, async (t) => {
        const running = await startApp(t, open)
        const { id, headers, refresh } = await givenAccount(running, 'max', 'manager')
        const anyone = running.as('anyone')
        const signedIn = await anyone.post('/session', { username: 'max', password: PASSWORD })
        const cookie = String(signedIn.headers['set-cookie']).split(';')[0] ?? ''
        const before = [await anyone.get('/session', headers), await anyone.get('/session', { cookie })]

        await running.patch(`/users/${id}`, change)

        const renewal = `grant_type=refresh_token&refresh_token=${refresh}`
        const renewed = await anyone.post('/token', renewal, FORM)
        const after = [await anyone.get('/session', headers), await anyone.get('/session', { cookie })]
        assert.deepEqual(
          before.map(({ status }) => status),
          [200, 200],
        )
        assert.deepEqual(
          after.map(({ status }) => status),
          [401, 401],
        )
        assert.equal(renewed.status, 400)
      })
    }

    test('that are disabled cannot sign in until they are enabled again', async (t) => {
      const running = await startApp(t, open)
      const { id } = await givenAccount(running, 'ann', 'user')
      const signIn = () => running.as('anyone').post('/session', { username: 'ann', password: PASSWORD })

      const off = await running.patch(`/users/${id}`, { disabled: true })
      const refused = await signIn()
      await running.patch(`/users/${id}`, { disabled: false })
      const accepted = await signIn()

      assert.deepEqual([off.body.disabled, refused.status, accepted.status], [true, 401, 200])
    })

    test('always leave a manager who can sign in', async (t) => {
      const running = await startApp(t, open)
      const { id } = (await running.get('/session')).body.account
      const ways = [
        await running.patch(`/users/${id}`, { role: 'user' }),
        await running.patch(`/users/${id}`, { disabled: true }),
        await running.delete(`/users/${id}`),
      ]
      const other = await givenAccount(running, 'max', 'manager')

      // Of two managers who put each other out at once, one stays.
      const both = await Promise.all([
        running.patch(`/users/${other.id}`, { role: 'user' }),
        running
          .as('anyone')
          .request('PATCH', `/users/${id}`, { body: { role: 'user' }, headers: other.headers }),
      ])

      assert.deepEqual(
        ways.map(({ status }) => status),
        [409, 409, 409],
      )
      const left = await running.app.accounts.listUsers({ limit: 10 })
      assert.equal(
        left.items.filter(({ role }) => role === 'manager').length,
        1,
        both.map(({ text }) => text).join(),
      )
    })
  })

  describe(`keys on ${engine}`, () => {
    test('are shown once, told apart by how they begin, and kept as a hash', async (t) => {
      const running = await startApp(t, open)

      const made = await running.post('/api-keys', { name: 'gateway 7', scopes: ['ingest'] })
      const list = await running.get('/api-keys')

      assert.equal(made.status, 201)
      assert.match(made.body.key, /^tmk_[\w-]{43}$/)
      assert.equal(made.headers['cache-control'], 'no-store')
      const { key, ...rest } = made.body
      assert.deepEqual(list.body.items, [rest])
      assert.ok(key.startsWith(rest.prefix) && rest.prefix.length < 15)
      assert.deepEqual([rest.scopes, rest.expires_at, rest.last_used_at], [['ingest'], null, null])
    })

    test('of kind ingest write what is measured, by every way that devices have, and nothing else', async (t) => {
      const running = await startApp(t, open)
      const client = running.as('anyone')
      const signal = await running.givenSignal()
      await running.post('/datasets', { name: 'notes', columns: [{ name: 'note', type: 'text' }] })
      const { key } = (await running.post('/api-keys', { name: 'gateway', scopes: ['ingest'] })).body
      const reading = [{ signal_id: signal.id, measured_at: '2026-01-31T12:00:00Z', value: 1 }]
      const basic = `Basic ${Buffer.from(`device:${key}`).toString('base64')}`
      const line = 'cpu,host=a usage=93.5'

      const written = [
        await client.post('/measurements', reading, bearer(key)),
        await client.post('/datasets/notes/rows', [{ note: 'a' }], bearer(key)),
        await client.post('//api/v2/write?bucket=b', line, { authorization: `Token ${key}` }),
        await client.post('//write?db=b', line, { authorization: basic }),
        await client.post(`//write?db=b&u=device&p=${key}`, line),
        await client.post(`//write?db=b&p=${key}`, line),
      ]
      const refused = [
        await client.get('/measurements?signal_id=x', bearer(key)),
        await client.get('/session', bearer(key)),
        await client.get('/api-keys', bearer(key)),
        await client.post('/assets', { type: 'site', name: 'A' }, bearer(key)),
        await client.post('/api-keys', { name: 'more', scopes: ['ingest'] }, bearer(key)),
      ]

      assert.deepEqual(
        written.map(({ status }) => status),
        [200, 200, 204, 204, 204, 204],
      )
      assert.deepEqual(
        refused.map(({ status }) => status),
        [403, 403, 403, 403, 403],
      )
    })

    test('end when they are revoked, at once, or at their time', async (t) => {
      const state = { now: Date.UTC(2026, 0, 31, 12) * 1000 }
      const running = await startApp(t, open, { clock: { now: () => state.now } })
      const client = running.as('anyone')
      const make = (expires_at: string | null) =>
        running.post('/api-keys', { name: 'reader', scopes: ['user'], expires_at })
      const lasting = (await make(null)).body
      const brief = (await make('now+1h')).body
      const past = await make('now-1h')
      const statusOf = async (key: string) => (await client.get('/assets', bearer(key))).status

      const before = [await statusOf(lasting.key), await statusOf(brief.key)]
      const { items } = (await running.get('/api-keys')).body
      state.now += 3_600_000_000 - 1_000_000
      const nearly = await statusOf(brief.key)
      await running.as('manager').delete(`/api-keys/${lasting.id}`)
      state.now += 1_000_000

      assert.deepEqual([...before, nearly], [200, 200, 200])
      assert.deepEqual([await statusOf(lasting.key), await statusOf(brief.key), past.status], [401, 401, 422])
      assert.deepEqual(
        items.map((item: { last_used_at: string }) => item.last_used_at),
        ['2026-01-31T12:00:00.000Z', '2026-01-31T12:00:00.000Z'],
      )
    })

    test('are their own for users, who can give away no more than they have', async (t) => {
      const running = await startApp(t, open)
      const user = running.as('user')
      const managers = (await running.post('/api-keys', { name: 'mine', scopes: ['manager'] })).body

      const own = await user.post('/api-keys', { name: 'reader', scopes: ['user'] })
      const more = await Promise.all(
        ['manager', 'ingest'].map((scope) => user.post('/api-keys', { name: 'x', scopes: ['user', scope] })),
      )
      const byKey = await running
        .as('anyone')
        .post('/api-keys', { name: 'x', scopes: ['manager'] }, bearer(own.body.key))
      const other = await user.delete(`/api-keys/${managers.id}`)
      const nothing = await user.delete('/api-keys/nothing')

      assert.equal(own.status, 201)
      assert.deepEqual(
        [...more, byKey].map(({ status }) => status),
        [403, 403, 403],
      )
      assert.deepEqual([other.status, nothing.status], [404, 404])
      assert.equal(other.body.title, nothing.body.title)
      assert.equal((await user.get('/api-keys')).body.items.length, 1)
      assert.equal((await running.get('/api-keys')).body.items.length, 2)
    })

    test('of a token with less than its account make no keys with more', async (t) => {
      const running = await startApp(t, open)
      const form = 'grant_type=password&username=manager&password=manager&scope=user'
      const { access_token } = (await running.as('anyone').post('/token', form, FORM)).body

      const answer = await running
        .as('anyone')
        .post('/api-keys', { name: 'x', scopes: ['manager'] }, bearer(access_token))

      assert.equal(answer.status, 403)
    })

    test('lose at once what their account loses', async (t) => {
      const running = await startApp(t, open)
      const { id, headers } = await givenAccount(running, 'max', 'manager')
      const client = running.as('anyone')
      const make = async (scope: string) =>
        (await client.post('/api-keys', { name: scope, scopes: [scope] }, headers)).body.key as string
      const [user, manager, ingest] = [await make('user'), await make('manager'), await make('ingest')]
      const statuses = async () => [
        (await client.get('/assets', bearer(user))).status,
        (await client.get('/users', bearer(manager))).status,
        (await client.post('/measurements', [], bearer(ingest))).status,
      ]

      const asManager = await statuses()
      await running.patch(`/users/${id}`, { role: 'user' })
      const asUser = await statuses()
      await running.patch(`/users/${id}`, { disabled: true })
      const asNobody = await statuses()

      assert.deepEqual(asManager, [200, 200, 422])
      assert.deepEqual(asUser, [200, 403, 403])
      assert.deepEqual(asNobody, [401, 401, 401])
    })
  })
}
