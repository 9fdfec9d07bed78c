import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ENGINES, startApp } from '../../tests/harness.ts'

const SITE = { id: 'harbour', type: 'site', name: 'Harbour' }

for (const [engine, open] of Object.entries(ENGINES)) {
  describe(`a write with an idempotency key on ${engine}`, () => {
    test('is done once, and answered the same again', async (t) => {
      const app = await startApp(t, open)
      const headers = { 'idempotency-key': 'first-1' }

      const first = await app.post('/assets', SITE, headers)
      const again = await app.post('/assets', SITE, headers)
      const other = await app.post('/assets', SITE)

      assert.equal(first.status, 201)
      assert.equal(first.headers['idempotency-replayed'], undefined)
      assert.deepEqual([again.status, again.text], [201, first.text])
      assert.equal(again.headers['idempotency-replayed'], 'true')
      assert.equal(again.headers.location, first.headers.location)
      assert.equal(other.status, 409)
    })

    test('is refused when the key came with another body', async (t) => {
      const app = await startApp(t, open)
      const headers = { 'idempotency-key': 'first-1' }
      await app.post('/assets', SITE, headers)

      const answer = await app.post('/assets', { ...SITE, name: 'Quay' }, headers)

      assert.deepEqual([answer.status, answer.body.type], [409, '/docs/errors#key_reused'])
    })

    test('happens once when it is sent many times at once', async (t) => {
      const app = await startApp(t, open)
      const sent = Array.from({ length: 8 }, () =>
        app.post('/assets', { type: 'site', name: 'Harbour' }, { 'idempotency-key': 'k' }),
      )

      const answers = await Promise.all(sent)
      const list = await app.get('/assets')

      assert.equal(list.body.items.length, 1)
      for (const { status, headers } of answers) {
        assert.ok(status === 201 || (status === 409 && headers['retry-after'] === '1'), String(status))
      }
    })

    test('keeps an answer of 4xx too, and takes keys that have 1 to 255 printable characters', async (t) => {
      const app = await startApp(t, open)
      await app.post('/assets', SITE)

      const conflict = await app.post('/assets', SITE, { 'idempotency-key': 'k' })
      await app.delete('/assets/harbour')
      const again = await app.post('/assets', SITE, { 'idempotency-key': 'k' })
      const long = await app.post('/assets', SITE, { 'idempotency-key': 'x'.repeat(256) })
      const spaced = await app.post('/assets', SITE, { 'idempotency-key': 'a b' })

      assert.deepEqual([conflict.status, again.status], [409, 409])
      assert.equal(again.headers['idempotency-replayed'], 'true')
      assert.deepEqual([long.status, spaced.status], [400, 400])
    })
  })
}
