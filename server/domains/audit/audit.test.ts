import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { migratedControl } from '../../../tests/control-engines.ts'
import { ENGINES, type Running, startApp } from '../../../tests/harness.ts'
import { sql } from '../../engine/sql.ts'
import { createAuditService } from './service.ts'

/** What the audit says of a thing, the oldest first. */
async function entriesOf({ get }: Running, subject: string, id?: string) {
  const { body } = await get(`/audit?subject=${subject}${id === undefined ? '' : `&subject_id=${id}`}`)
  return body.items.toReversed()
}

for (const [engine, open] of Object.entries(ENGINES)) {
  describe(`the audit on ${engine}`, () => {
    test('tells of each change by whom, from where, and what was before and after', async (t) => {
      const running = await startApp(t, open)
      const asset = await running.givenAsset({ name: 'North' })

      await running.patch(`/assets/${asset.id}`, { name: 'South' }, { 'x-request-id': 'renamed-it' })
      await running.delete(`/assets/${asset.id}`)

      const [made, renamed, deleted] = await entriesOf(running, 'assets', asset.id)
      assert.deepEqual([made.action, made.before, made.after.name], ['create', null, 'North'])
      assert.deepEqual([deleted.action, deleted.before.name, deleted.after], ['delete', 'South', null])
      const { id: _id, happened_at, account_id: _account, before, after, ...rest } = renamed
      assert.deepEqual(rest, {
        account_name: 'manager',
        api_key_id: null,
        address: '127.0.0.1',
        request_id: 'renamed-it',
        action: 'change',
        path: `/api/v1/assets/${asset.id}`,
        subject: 'assets',
        subject_id: asset.id,
        members: ['name'],
      })
      assert.ok(Math.abs(Date.parse(happened_at) - Date.now()) < 60_000)
      assert.deepEqual([before.name, after.name], ['North', 'South'])
      assert.deepEqual(Object.keys(after).toSorted(), ['name', 'updated_at'])
    })

    test('knows what becomes of loads', async (t) => {
      const running = await startApp(t, open)
      const csv = 'name,type\nA,site\n'

      const { body } = await running.post('/loads?target=assets', csv, { 'content-type': 'text/csv' })
      await running.loaded(body.id)
      await running.delete(`/loads/${body.id}?undo=true`)

      const entries = await entriesOf(running, 'loads', body.id)
      assert.deepEqual(
        entries.map((entry: { action: string }) => entry.action),
        ['accept', 'undo'],
      )
      assert.equal(entries[0].after.target, 'assets')
      assert.equal(entries[1].before.undone_at ?? null, null)
      assert.notEqual(entries[1].after.undone_at, null)
    })

    test('says nothing of what was refused, asked, or sent in by devices', async (t) => {
      const running = await startApp(t, open)
      const signal = await running.givenSignal()
      const before = (await running.get('/audit')).body.items.length

      await running.post('/assets', { type: 'site' })
      await running.delete('/assets/nothing')
      await running.as('user').post('/assets', { type: 'site', name: 'Mine' })
      const reading = { signal_id: signal.id, measured_at: '2026-01-31T12:00:00Z', value: 1 }
      await running.post('/measurements', [reading])

      assert.equal((await running.get('/audit')).body.items.length, before)
    })

    test('has no secret of what it tells about', async (t) => {
      const running = await startApp(t, open)
      const user = await running.post('/users', { name: 'ann', role: 'user', password: 'correct horse' })
      await running.patch(`/users/${user.body.id}`, { password: 'battery staple' })
      const key = await running.post('/api-keys', { name: 'gateway', scopes: ['ingest'] })
      await running.delete(`/api-keys/${key.body.id}`)

      const { text } = await running.get('/audit')
      const [, changed] = await entriesOf(running, 'users', user.body.id)

      assert.deepEqual(changed.members, ['password'])
      assert.doesNotMatch(text, /correct horse|battery staple|argon2|secret_hash/)
      assert.ok(!text.includes(key.body.key))
      assert.equal((await entriesOf(running, 'api-keys', key.body.id)).length, 2)
    })

    test('comes in pages, by time, and whole as CSV that a spreadsheet does not run', async (t) => {
      const running = await startApp(t, open)
      for (const name of ['=1+1', 'B', 'C']) await running.givenAsset({ name })

      const first = await running.get('/audit?limit=2')
      const second = await running.get(`/audit?limit=2&cursor=${first.body.next}`)
      const none = await running.get('/audit?to=now-1d')
      const csv = await running.get('/audit?format=csv')

      assert.deepEqual([first.body.items.length, second.body.items.length, second.body.next], [2, 1, null])
      assert.deepEqual(none.body.items, [])
      assert.match(String(csv.headers['content-disposition']), /^attachment/)
      assert.equal(csv.text.split('\r\n').length, 5)
    })

    test('cannot be changed or removed, not even in the database', async (t) => {
      const control = await migratedControl(t, engine === 'postgres' ? 'postgres' : 'sqlite')
      const audit = createAuditService({ control, clock: { now: () => 0 }, defaultZone: 'UTC' })
      const change = { action: 'create', path: '/x', subject: 'x', subject_id: '1', members: [] }
      await audit.record({ ...change, before: null, after: { a: 1 } })

      await assert.rejects(control.run(sql`update audit_entry set address = 'elsewhere'`), /never changed/)
      await assert.rejects(control.run(sql`delete from audit_entry`), /never/)

      const { items } = await audit.list({ limit: 10 })
      assert.deepEqual([items.length, items[0]?.after], [1, { a: 1 }])
    })

    test('keeps of a thing that is very large its size alone', async (t) => {
      const control = await migratedControl(t, engine === 'postgres' ? 'postgres' : 'sqlite')
      const audit = createAuditService({ control, clock: { now: () => 0 }, defaultZone: 'UTC' })
      const change = { action: 'create', path: '/x', subject: 'x', subject_id: '1', members: [] }

      await audit.record({ ...change, before: null, after: { text: 'x'.repeat(30_000) } })

      const { items } = await audit.list({ limit: 10 })
      assert.deepEqual(items[0]?.after, { too_large_to_keep: '30011 characters' })
    })
  })

  describe(`usage on ${engine}`, () => {
    test('is counted by day, account and route, with rows and failures', async (t) => {
      const running = await startApp(t, open)
      const signal = await running.givenSignal()
      const reading = (value: number) => ({
        signal_id: signal.id,
        measured_at: `2026-01-31T12:00:0${value}Z`,
        value,
      })
      await running.post('/measurements', [reading(1), reading(2)])
      await running.post('/measurements', [reading(3)])
      await running.get('/assets')
      await running.get('/assets/nothing')
      await running.as('anyone').get('/assets')

      const { body } = await running.get('/usage')
      const byRoute = await running.get('/usage?by=route')
      const other = await running.get('/usage?to=now-1d')

      const of = (route: string, account: string | null) =>
        body.items.find(
          (item: { route: string; account_name: string | null }) =>
            item.route === route && item.account_name === account,
        )
      const intake = of('POST /api/v1/measurements', 'manager')
      assert.deepEqual([intake.requests, intake.rows, intake.errors], [2, 3, 0])
      assert.ok(intake.mean_ms > 0 && intake.longest_ms >= intake.mean_ms)
      assert.deepEqual(
        [of('GET /api/v1/assets', 'manager').rows, of('GET /api/v1/assets', null).errors],
        [1, 1],
      )
      assert.equal(of('GET /api/v1/assets/:id', 'manager').errors, 1)
      const assets = byRoute.body.items.find((item: { route: string }) => item.route === 'GET /api/v1/assets')
      assert.deepEqual([assets.requests, assets.day, assets.account_id], [2, null, null])
      assert.deepEqual(other.body.items, [])
    })

    test('comes in pages', async (t) => {
      const running = await startApp(t, open)
      for (const path of ['/assets', '/signals', '/metrics']) await running.get(path)

      const first = await running.get('/usage?limit=2')
      const second = await running.get(`/usage?limit=2&cursor=${first.body.next}`)

      assert.equal(first.body.items.length, 2)
      assert.notEqual(second.body.items.length, 0)
      assert.notDeepEqual(first.body.items[1], second.body.items[0])
    })
  })
}
