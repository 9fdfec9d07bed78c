import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { describe, test } from 'node:test'
import { brotliDecompressSync, gunzipSync, gzipSync, zstdDecompressSync } from 'node:zlib'
import { ENGINES, startApp } from '../../tests/harness.ts'

const open = ENGINES.embedded
const JSON_TYPE = { 'content-type': 'application/json' }
const CREDENTIALS = { username: 'user', password: 'user' }

/** What a server answers to bytes that no client library would send. */
function sendRaw(url: string, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(bytes))
    const chunks: Buffer[] = []
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('end', () => resolve(Buffer.concat(chunks).toString()))
    socket.on('error', reject)
  })
}

describe('what is wrong is said in one shape', () => {
  test('an address that leads nowhere is 404, and one that takes other methods is 405 with those', async (t) => {
    const app = await startApp(t, open)

    const nowhere = await app.get('/nowhere?secret=1')
    const put = await app.put('/session', {})

    assert.deepEqual(nowhere.body, {
      type: '/docs/errors#not_found',
      title: 'There is no such thing',
      status: 404,
      detail: 'there is nothing at this address',
      instance: '/api/v1/nowhere',
      request_id: nowhere.headers['x-request-id'],
    })
    assert.equal(nowhere.headers['content-type'], 'application/problem+json; charset=utf-8')
    assert.equal(put.status, 405)
    assert.equal(put.headers.allow, 'POST, GET, HEAD, DELETE')
  })

  test('an address that cannot be decoded is 400', async (t) => {
    const app = await startApp(t, open)

    const answer = await app.get('/%ff')

    assert.equal(answer.status, 400)
    assert.equal(answer.body.type, '/docs/errors#malformed')
    assert.equal(answer.body.request_id, answer.headers['x-request-id'])
  })

  test('a body that is not JSON is 400 and says where it goes wrong', async (t) => {
    const client = (await startApp(t, open)).as('anyone')
    const cases: [string, RegExp][] = [
      ['{"username": 1,}', /line 1 column 16/],
      ['', /empty/],
      ['{"__proto__": {"role": "manager"}}', /__proto__/],
      ['{"\\u005f\\u005fproto__": {}}', /__proto__/],
      ['{"constructor": {"prototype": {}}}', /prototype/],
      ['['.repeat(100_000) + ']'.repeat(100_000), /64 levels/],
    ]

    for (const [body, says] of cases) {
      const answer = await client.post('/session', body, JSON_TYPE)

      assert.equal(answer.status, 400, body.slice(0, 50))
      assert.match(answer.body.detail, says)
    }
    const latin = await client.post('/session', Buffer.from('{"username":"\xe9"}', 'latin1'), JSON_TYPE)
    assert.match(latin.body.detail, /UTF-8/)
  })

  test('brackets in a text do not count as nesting', async (t) => {
    const client = (await startApp(t, open)).as('anyone')

    const answer = await client.post('/session', { ...CREDENTIALS, password: `\\"${'['.repeat(100)}` })

    assert.equal(answer.status, 401)
  })

  test('of a key sent twice, the last value counts', async (t) => {
    const client = (await startApp(t, open)).as('anyone')

    const answer = await client.post(
      '/session',
      '{"username":"x","password":"user","username":"user"}',
      JSON_TYPE,
    )

    assert.equal(answer.status, 200)
  })

  test('a body that breaks the contract is 422 with each place; nothing in it is coerced or dropped', async (t) => {
    const client = (await startApp(t, open)).as('anyone')

    const answer = await client.post('/session', { username: 1, role: 'manager' })

    assert.equal(answer.status, 422)
    assert.deepEqual(answer.body.errors, [
      { path: '/password', message: 'is required' },
      { path: '/role', message: 'is not known here' },
      { path: '/username', message: 'must be text' },
    ])
  })

  test('a body over the limit is 413, a type that is not taken 415', async (t) => {
    const client = (await startApp(t, open, { settings: { BODY_LIMIT_MB: '1' } })).as('anyone')

    const large = await client.post('/session', { ...CREDENTIALS, password: 'x'.repeat(1_100_000) })
    const text = await client.post('/session', 'username=user', { 'content-type': 'text/plain' })
    const form = await client.post('/session', 'username=user', {
      'content-type': 'application/x-www-form-urlencoded',
    })
    const stacked = await client.post('/session', 'x', { ...JSON_TYPE, 'content-encoding': 'gzip, gzip' })

    assert.equal(large.status, 413)
    assert.match(large.body.detail, /1 MB/)
    assert.deepEqual([text.status, form.status, stacked.status], [415, 415, 415])
  })

  test('a compressed body is read, and its limit is that of what it holds', async (t) => {
    const client = (await startApp(t, open, { settings: { BODY_LIMIT_MB: '1' } })).as('anyone')
    const headers = { ...JSON_TYPE, 'content-encoding': 'gzip' }

    const right = await client.post('/session', gzipSync(JSON.stringify(CREDENTIALS)), headers)
    const bomb = await client.post('/session', gzipSync(`"${'x'.repeat(50_000_000)}"`), headers)
    const broken = await client.post('/session', 'this is not gzip', headers)

    assert.equal(right.status, 200)
    assert.equal(bomb.status, 413)
    assert.equal(broken.status, 400)
  })

  test('what is not HTTP, or has too many headers, is answered and the connection closed', async (t) => {
    const { url } = await startApp(t, open)

    const nonsense = await sendRaw(url, 'GIMME /\r\n\r\n')
    const overflow = await sendRaw(url, `GET / HTTP/1.1\r\nhost: x\r\na: ${'x'.repeat(20_000)}\r\n\r\n`)

    assert.match(nonsense, /^HTTP\/1.1 400 Bad Request\r\n/)
    assert.match(nonsense, /"type":"\/docs\/errors#malformed"/)
    assert.match(overflow, /^HTTP\/1.1 431 /)
  })

  test('the token endpoint answers as RFC 6749 asks', async (t) => {
    const client = (await startApp(t, open)).as('anyone')
    const form = { 'content-type': 'application/x-www-form-urlencoded' }

    const answers = await Promise.all([
      client.post('/token', 'grant_type=password&username=user&password=wrong', form),
      client.post('/token', 'grant_type=password&username=user&password=user&scope=manager', form),
      client.post('/token', 'grant_type=magic', form),
      client.post('/token', '', form),
      client.post('/token', CREDENTIALS),
    ])

    assert.deepEqual(
      answers.map(({ status, body }) => [status, body.error]),
      [
        [400, 'invalid_grant'],
        [400, 'invalid_scope'],
        [400, 'unsupported_grant_type'],
        [400, 'invalid_request'],
        [400, 'invalid_request'],
      ],
    )
  })
})

describe('every answer', () => {
  test('has the request id that was sent, or a new one when that is not well formed', async (t) => {
    const { get } = await startApp(t, open)

    const sent = await get('//healthz', { 'x-request-id': 'abc.DEF_1-2' })
    const forged = await get('//healthz', { 'x-request-id': 'a b' })
    const long = await get('//healthz', { 'x-request-id': 'x'.repeat(129) })

    assert.equal(sent.headers['x-request-id'], 'abc.DEF_1-2')
    assert.match(String(forged.headers['x-request-id']), /^[0-9a-f-]{36}$/)
    assert.match(String(long.headers['x-request-id']), /^[0-9a-f-]{36}$/)
  })

  test('tells browsers to run nothing but our own scripts, and to guess no types', async (t) => {
    const { headers } = await (await startApp(t, open)).get('//healthz')

    assert.match(String(headers['content-security-policy']), /default-src 'none'; script-src 'self';/)
    assert.doesNotMatch(String(headers['content-security-policy']), /upgrade-insecure|unsafe-eval/)
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.equal(headers['x-frame-options'], 'DENY')
    assert.equal(headers['referrer-policy'], 'same-origin')
    assert.match(String(headers['permissions-policy']), /camera=\(\)/)
    assert.equal(headers['strict-transport-security'], undefined)
  })

  test('to a read has an entity tag, and is 304 for those who have it', async (t) => {
    const { get } = await startApp(t, open)

    const first = await get('/openapi.json')
    const tag = String(first.headers.etag)
    const again = await get('/openapi.json', { 'if-none-match': `"other", ${tag}` })
    const other = await get('/openapi.json', { 'if-none-match': '"other"' })

    assert.equal(first.headers['cache-control'], 'private, no-cache')
    assert.deepEqual([again.status, again.text, again.headers.etag], [304, '', tag])
    assert.equal(other.status, 200)
  })

  test('of more than a kilobyte is compressed as the client asks', async (t) => {
    const { get } = await startApp(t, open)
    const plain = await get('/openapi.json')
    const decoders = { br: brotliDecompressSync, gzip: gunzipSync, zstd: zstdDecompressSync }

    for (const [encoding, decode] of Object.entries(decoders)) {
      const answer = await get('/openapi.json', { 'accept-encoding': encoding })

      assert.equal(answer.headers['content-encoding'], encoding)
      assert.equal(decode(answer.bytes).toString(), plain.text)
    }
    const small = await get('//healthz', { 'accept-encoding': 'gzip' })
    assert.equal(small.headers['content-encoding'], undefined)
  })
})

describe('those who watch the service', () => {
  test('learn that it is up and that its stores answer', async (t) => {
    const { get } = await startApp(t, open)

    const health = await get('//healthz')
    const ready = await get('//readyz')

    assert.deepEqual(health.body, { status: 'up' })
    assert.deepEqual(ready.body, {
      ready: true,
      checks: { control: 'ok', warehouse: 'ok' },
      warnings: [],
    })
  })

  test('learn that it is ending before it stops', async (t) => {
    const { app, get } = await startApp(t, open)

    app.announceClosing()
    const ready = await get('//readyz')

    assert.deepEqual([ready.status, ready.headers['retry-after']], [503, '1'])
    assert.deepEqual(ready.body.checks, { control: 'ok', warehouse: 'ok', process: 'ending' })
  })
})

describe('the documentation', () => {
  test('is an OpenAPI document with both roles as scopes, and a page without scripts from elsewhere', async (t) => {
    const client = (await startApp(t, open)).as('anyone')

    const { body } = await client.get('/openapi.json')
    const page = await client.get('//docs')

    assert.deepEqual(Object.keys(body.components.securitySchemes.oauth2.flows.password.scopes), [
      'user',
      'manager',
    ])
    assert.deepEqual(body.paths['/api/v1/session'].get.security, [
      { oauth2: ['user'] },
      { key: [] },
      { session: [] },
    ])
    assert.equal(page.status, 200)
    assert.doesNotMatch(page.text, /https?:\/\//)
  })

  test('has a heading for the type of every problem', async (t) => {
    const client = (await startApp(t, open)).as('anyone')

    const problem = await client.get('/session')
    const [path, anchor] = problem.body.type.split('#')
    const page = await client.get(`/${path}`)

    assert.match(page.text, new RegExp(`<h2 id="${anchor}">`))
  })
})
