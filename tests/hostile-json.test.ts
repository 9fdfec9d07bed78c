// Hostile and bad bodies sent as measurements: each is refused for what it is, quickly, and nothing of it is stored.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { text as textOf } from 'node:stream/consumers'
import { describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { ENGINES, startApp } from './harness.ts'

const open = ENGINES.embedded

interface BadInput {
  id: string
  title: string
  query?: string
  headers?: Record<string, string>
  body?: string
  body_parts?: { before: string; unit: string; times: number; after: string }
  status: number[]
}

describe('hostile JSON sent as a measurement', () => {
  const inputs: BadInput[] = JSON.parse(readFileSync(new URL('bad-json.json', import.meta.url), 'utf8'))
  for (const { id, title, query = '', headers, body, body_parts: parts, status } of inputs) {
    test(`${id} ${title}`, async (t) => {
      const app = await startApp(t, open)
      await app.givenSignal({ id: 'm' })
      const text = body ?? `${parts?.before}${parts?.unit.repeat(parts.times)}${parts?.after}`

      const start = performance.now()
      const answer = await app.post(`/measurements${query}`, text, {
        'content-type': 'application/json',
        ...headers,
      })

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

  test('more rows than one request may have, or a body that unpacks to more than the limit, is refused', async (t) => {
    const app = await startApp(t, open)
    const row = '{"signal_id":"m","value":1,"measured_at":"2026-01-01T00:00:00Z"}'
    const json = { 'content-type': 'application/json' }

    const rows = await app.post(
      '/measurements',
      `[${Array.from({ length: 100_001 }, () => row).join(',')}]`,
      json,
    )
    const bomb = await app.post('/measurements', gzipSync(Buffer.alloc(64 * 1_048_576, ' ')), {
      ...json,
      'content-encoding': 'gzip',
    })

    assert.deepEqual([rows.status, bomb.status], [422, 413])
    assert.match(rows.body.detail, /at most 100000 items/)
  })

  test('bytes that are no UTF-8 are refused in every format', async (t) => {
    const app = await startApp(t, open)
    const latin = Buffer.from('[{"signal_id":"\u00fc"}]', 'latin1')
    const types = ['application/json', 'application/x-ndjson', 'text/csv', 'text/plain']

    for (const type of types) {
      const { status, body } = await app.post('/measurements', latin, { 'content-type': type })
      assert.deepEqual([status, body.detail], [400, 'the body is not UTF-8'], type)
    }
    const utf16 = await app.post('/measurements', Buffer.from('[]', 'utf16le'), {
      'content-type': types[0] ?? '',
    })
    assert.equal(utf16.status, 400)
  })

  test('control characters in an idempotency key end at the parser of HTTP', async (t) => {
    const app = await startApp(t, open)
    const { hostname, port } = new URL(app.url)
    const socket = connect(Number(port), hostname)
    socket.end(
      `POST /api/v1/measurements HTTP/1.1\r\nhost: x\r\nidempotency-key: a\u0001b\r\ncontent-length: 0\r\n\r\n`,
    )

    const answer = await textOf(socket)

    assert.match(answer, /^HTTP\/1\.1 400 /)
    assert.match(answer, /docs\/errors#malformed/)
  })
})
