import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { ENGINES, type Open, startApp } from '../../../tests/harness.ts'
import { openControlStore } from '../../engine/open.ts'

for (const [engine, open] of Object.entries(ENGINES)) {
  describe(`jobs over HTTP on ${engine}`, () => {
    /** The service, and jobs of a kind that its worker does not know, so that they stay as they are. */
    const given = async (t: TestContext, from: Open) => {
      const settings = await from(t)
      const app = await startApp(t, async () => settings)
      const control = await openControlStore({
        databaseUrl: settings.DATABASE_URL ?? '',
        dataDir: app.folder,
        queryTimeoutMs: 30_000,
        queryMemoryMb: 256,
      })
      t.after(() => control.close())
      const enqueue = async (): Promise<string> =>
        (await control.write((tx) => app.app.jobs.enqueue(tx, { kind: 'sweep', payload: { secret: 1 } }))).id
      return { app, enqueue }
    }

    test('everyone who is signed in sees them, without their payload', async (t) => {
      const { app, enqueue } = await given(t, open)
      const ids = [await enqueue(), await enqueue(), await enqueue()]
      const user = app.as('user')

      const first = await user.get('/jobs?limit=2&kind=sweep&status=queued')
      const second = await user.get(`/jobs?limit=2&kind=sweep&status=queued&cursor=${first.body.next}`)
      const one = await user.get(`/jobs/${ids[0]}`)

      const seen = [...first.body.items, ...second.body.items].map((job: { id: string }) => job.id)
      assert.deepEqual(seen.toSorted(), ids.toSorted())
      assert.equal(second.body.next, null)
      assert.deepEqual([one.status, one.body.status], [200, 'queued'])
      assert.ok(!one.text.includes('secret'))
    })

    test('a manager cancels one that waits; one that has ended cannot be cancelled', async (t) => {
      const { app, enqueue } = await given(t, open)
      const id = await enqueue()

      const refused = await app.as('user').delete(`/jobs/${id}`)
      const cancelled = await app.delete(`/jobs/${id}`)
      const again = await app.delete(`/jobs/${id}`)

      assert.equal(refused.status, 403)
      assert.deepEqual([cancelled.status, cancelled.body.status], [200, 'cancelled'])
      assert.equal(again.status, 409)
    })

    test('a job that is cancelled ends the load that it was for', async (t) => {
      const { app } = await given(t, open)
      await app.app.worker.stop()
      const load = await app.post(
        '/loads?target=measurements&file_name=a.csv',
        'signal_id,measured_at,value\n',
        {
          'content-type': 'text/csv',
        },
      )
      const { items } = (await app.get('/jobs?kind=load')).body

      const cancelled = await app.delete(`/jobs/${items[0].id}`)

      assert.equal(load.status, 202)
      assert.equal(cancelled.body.status, 'cancelled')
      assert.equal((await app.get(`/loads/${load.body.id}`)).body.status, 'cancelled')
    })

    test('what is not there is 404, and a wrong question 422', async (t) => {
      const { app } = await given(t, open)

      const statuses = await Promise.all(
        ['/jobs/nothing', '/jobs?status=asleep', '/jobs?limit=0', '/jobs?cursor=xyz', '/jobs?kind=a%00b'].map(
          async (path) => (await app.get(path)).status,
        ),
      )

      assert.deepEqual(statuses, [404, 422, 422, 422, 422])
    })
  })
}
