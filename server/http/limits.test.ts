import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { describe, test } from 'node:test'
import Fastify from 'fastify'
import { ENGINES, startApp } from '../../tests/harness.ts'
import { addPressure, excessOf } from './pressure.ts'
import { answerProblem } from './problem.ts'
import { addBodyTimeout } from './slow-bodies.ts'

const open = ENGINES.embedded
const MINUTE = 60_000_000
const CREDENTIALS = { username: 'user', password: 'user' }

function stoppedClock() {
  const state = { now: Date.UTC(2026, 0, 31, 12) * 1000 }
  return { state, clock: { now: () => state.now } }
}

const limited = (perMinute: number, more: Record<string, string> = {}) => ({
  settings: { RATE_LIMIT_PER_MINUTE: String(perMinute), ...more },
})

describe('how many requests a minute', () => {
  test('is told in headers, refused beyond, and comes back with time', async (t) => {
    const { state, clock } = stoppedClock()
    const running = await startApp(t, open, { ...limited(60), clock })
    const user = running.as('user')

    const first = await user.get('/assets')
    for (let time = 1; time < 60; time++) await user.get('/assets')
    const beyond = await user.get('/assets')
    const again = await user.get('/assets')
    state.now += 2_000_000
    const later = [await user.get('/assets'), await user.get('/assets'), await user.get('/assets')]

    assert.deepEqual(
      [first.headers['ratelimit-policy'], first.headers.ratelimit],
      ['"account";q=60;w=60', '"account";r=59;t=1'],
    )
    assert.deepEqual(
      [beyond.status, beyond.headers['retry-after'], beyond.body.type, beyond.headers.ratelimit],
      [429, '1', '/docs/errors#rate_limited', '"account";r=0;t=1'],
    )
    assert.equal(again.status, 429)
    assert.deepEqual(
      later.map(({ status }) => status),
      [200, 200, 429],
    )
  })

  test('is for each account and each key on its own, and ten times that for what is sent in', async (t) => {
    const { clock } = stoppedClock()
    const running = await startApp(t, open, { ...limited(20), clock })
    const { key } = (await running.post('/api-keys', { name: 'gateway', scopes: ['ingest', 'user'] })).body
    const byKey = { authorization: `Bearer ${key}` }
    const drain = async (ask: () => Promise<{ status: number }>) => {
      for (let times = 0; ; times++) if ((await ask()).status === 429) return times
    }
    await running.tokenOf('user')

    const user = await drain(() => running.as('user').get('/assets'))
    const keyed = await drain(() => running.as('anyone').get('/assets', byKey))
    const sent = await drain(() => running.as('anyone').post('/measurements', [], byKey))

    assert.deepEqual([user, keyed, sent], [20, 20, 200])
    assert.equal((await running.get('/assets')).status, 200)
    assert.equal((await running.get('//healthz')).status, 200)
  })

  test('is for those who are not known by network, with the wrong tokens among them', async (t) => {
    const { clock } = stoppedClock()
    const running = await startApp(t, open, { ...limited(30, { TRUSTED_PROXIES: 'loopback' }), clock })
    const from = (address: string, token?: string) =>
      running.as('anyone').get('/assets', {
        'x-forwarded-for': address,
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      })

    for (let time = 0; time < 15; time++) {
      await from(`2001:db8::${time}`)
      await from('2001:db8::1', 'x'.repeat(43))
    }
    const same = [await from('2001:db8::ffff'), await from('2001:db8::1', 'y'.repeat(43))]
    const other = await from('2001:db8:0:1::1')
    const known = await from('2001:db8::1', await running.tokenOf('user'))

    assert.deepEqual(
      same.map(({ status }) => status),
      [429, 429],
    )
    assert.deepEqual([other.status, known.status], [401, 200])
  })

  test('is fewer for tries to sign in, in the words of each protocol', async (t) => {
    const { clock } = stoppedClock()
    const client = (await startApp(t, open, { ...limited(2000), clock })).as('anyone')
    const form = { 'content-type': 'application/x-www-form-urlencoded' }

    for (let time = 0; time < 20; time++) await client.post('/session', {})
    const session = await client.post('/session', CREDENTIALS)
    const token = await client.post('/token', 'grant_type=password&username=user&password=user', form)

    assert.deepEqual([session.status, session.headers['ratelimit-policy']], [429, '"sign-in";q=20;w=60'])
    assert.deepEqual([token.status, token.body.error], [429, 'slow_down'])
  })

  test('is remembered over a restart where more than half is used', async (t) => {
    const { state, clock } = stoppedClock()
    const folder = (await startApp(t, open)).folder
    const settings = { ...limited(20).settings, DATA_DIR: `${folder}/again` }
    const first = await startApp(t, open, { settings, clock })
    const authorization = `Bearer ${await first.tokenOf('user')}`
    const ask = async (running: typeof first) =>
      (await running.as('anyone').get('/assets', { authorization })).status
    for (let time = 0; time < 20; time++) await ask(first)
    await first.app.close()

    const second = await startApp(t, open, { settings, clock })
    const before = await ask(second)
    state.now += MINUTE

    assert.deepEqual([before, await ask(second)], [429, 200])
  })

  test('wrong passwords cost a growing wait, from there alone', async (t) => {
    const { state, clock } = stoppedClock()
    const settings = { TRUSTED_PROXIES: 'loopback' }
    const client = (await startApp(t, open, { settings, clock })).as('anyone')
    const signIn = (password: string, address: string) =>
      client.post('/session', { username: 'user', password }, { 'x-forwarded-for': address })
    for (let time = 0; time < 3; time++) await signIn('wrong', '192.0.2.1')

    const early = await signIn('user', '192.0.2.1')
    const elsewhere = await signIn('user', '192.0.2.2')
    state.now += 1_000_000
    const later = await signIn('user', '192.0.2.1')

    assert.deepEqual([early.status, early.headers['retry-after']], [429, '1'])
    assert.deepEqual([elsewhere.status, later.status], [200, 200])
  })
})

describe('too much at once', () => {
  test('is what one account may not have under way; others may', async (t) => {
    const running = await startApp(t, open)
    await Promise.all([running.tokenOf('user'), running.tokenOf('manager')])
    const ask = (role: 'user' | 'manager') =>
      running.as(role).get('/series?signal_id=nothing&from=now-1d&to=now')

    const [all, other] = await Promise.all([
      Promise.all(Array.from({ length: 100 }, () => ask('user'))),
      ask('manager'),
    ])
    const refused = all.filter(({ status }) => status === 429)
    const after = await ask('user')

    assert.equal(refused.length, 36)
    assert.equal(refused[0]?.headers['retry-after'], '1')
    assert.deepEqual([other.status, after.status], [404, 404])
  })

  test('for the process is answered with 503 and when to try again, but not to those who watch it', async () => {
    const http = Fastify()
    http.setErrorHandler(answerProblem)
    addPressure(http, () => 'there is more to do than this process keeps up with')
    http.get('/work', async () => 'done')
    http.get('/healthz', { config: { limit: 'none' } }, async () => 'up')

    const work = await http.inject('/work')
    const health = await http.inject('/healthz')

    assert.deepEqual([work.statusCode, work.headers['retry-after']], [503, '1'])
    assert.equal(work.json().type, '/docs/errors#busy')
    assert.equal(health.statusCode, 200)
  })

  test('is told by a late event loop, a full heap or a full container', () => {
    const limits = { delayMs: 1000, heapBytes: 100, residentBytes: 200 }

    assert.equal(excessOf({ delayMs: 999, heapBytes: 100, residentBytes: 200 }, limits), undefined)
    assert.equal(excessOf({ delayMs: Number.NaN, heapBytes: 0, residentBytes: 0 }, limits), undefined)
    assert.match(excessOf({ delayMs: 1001, heapBytes: 0, residentBytes: 0 }, limits) ?? '', /keeps up/)
    assert.match(excessOf({ delayMs: 0, heapBytes: 101, residentBytes: 0 }, limits) ?? '', /memory/)
    assert.match(excessOf({ delayMs: 0, heapBytes: 0, residentBytes: 201 }, limits) ?? '', /memory/)
  })
})

describe('by which name and how the service is asked', () => {
  const hosts = { settings: { PUBLIC_URL: 'https://tide.example', TRUSTED_HOSTS: 'tide.internal' } }

  test('it answers to its names only, where it has some; to those who watch it, by any', async (t) => {
    const client = (await startApp(t, open, hosts)).as('anyone')
    const statusOf = async (host: string, path = '/openapi.json') => (await client.get(path, { host })).status

    const right = ['tide.example', 'TIDE.example:443', 'tide.internal:8080', 'localhost:8080', '127.0.0.1']
    for (const host of right) assert.equal(await statusOf(host), 200, host)
    for (const host of ['evil.example', 'tide.example.evil.example'])
      assert.equal(await statusOf(host), 400, host)
    assert.equal(await statusOf('10.0.0.7', '//healthz'), 200)
  })

  test('in production, what a proxy got in the clear is sent on to HTTPS, or refused when it changes something', async (t) => {
    const settings = {
      TIDEMARK_ENV: 'production',
      TRUSTED_PROXIES: 'loopback',
      PORT: '0',
      HOST: '127.0.0.1',
      LOG_LEVEL: 'silent',
    }
    const client = (await startApp(t, open, { settings })).as('anyone')
    const clear = { 'x-forwarded-proto': 'http', 'x-forwarded-host': 'tide.example' }

    const read = await client.get('//docs?a=b', clear)
    const sent = await client.post('/session', CREDENTIALS, clear)
    const safe = await client.get('//healthz', { 'x-forwarded-proto': 'https' })
    const direct = await client.get('/openapi.json')

    assert.deepEqual([read.status, read.headers.location], [308, 'https://tide.example/docs?a=b'])
    assert.equal(sent.status, 400)
    assert.equal(safe.headers['strict-transport-security'], 'max-age=31536000')
    assert.equal(direct.status, 200)
  })
})

/** Opens a connection, sends the beginning of a request, and waits for what comes back until it is closed. */
function sendSlowly(url: string): { socket: Socket; answer: Promise<string> } {
  const socket = connect(Number(new URL(url).port), '127.0.0.1', () =>
    socket.write('GET /healthz HTTP/1.1\r\nhost: x\r\na: '),
  )
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk))
  const answer = new Promise<string>((resolve, reject) => {
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()))
    socket.on('error', reject)
  })
  return { socket, answer }
}

test('headers that do not end are given up after ten seconds; others are served meanwhile', async (t) => {
  const { url } = await startApp(t, open)
  const started = performance.now()
  const slow = Array.from({ length: 200 }, () => sendSlowly(url))

  const meanwhile = await fetch(`${url}/healthz`)
  const answers = await Promise.all(slow.map(({ answer }) => answer))

  assert.equal(meanwhile.status, 200)
  for (const answer of answers) assert.match(answer, /^HTTP\/1.1 408 Request Timeout\r\n/)
  assert.ok(performance.now() - started < 15_000)
})

test('a body that does not end is given up, but not that of an upload', async (t) => {
  const http = Fastify()
  t.after(() => http.close())
  addBodyTimeout(http, 50)
  http.post('/small', async () => 'done')
  http.post('/large', { bodyLimit: 10_000_000 }, async () => 'done')
  const url = await http.listen({ port: 0, host: '127.0.0.1' })
  /** Whatever comes back until the connection is closed, when the rest of the body follows after that of `/small`. */
  const send = (path: string) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.write(
      `POST ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n`,
    )
    socket.write('content-length: 2\r\n\r\n{')
    const chunks: Buffer[] = []
    socket.on('data', (chunk) => chunks.push(chunk))
    const answer = new Promise<string>((resolve) => {
      socket.on('close', () => resolve(Buffer.concat(chunks).toString()))
      socket.on('error', () => undefined)
    })
    return { socket, answer }
  }

  const large = send('/large')
  const small = await send('/small').answer
  large.socket.write('}')

  assert.equal(small, '')
  assert.match(await large.answer, /^HTTP\/1.1 200 /)
})
