import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { type ControlEngine, migratedControl } from '../../../tests/control-engines.ts'
import { sql } from '../../engine/sql.ts'
import { AppError } from '../../errors.ts'
import { type ClaimedJob, createJobService, type NewJob, pauseAfter, type UndoneJob } from './service.ts'

const ENGINES: ControlEngine[] = ['sqlite', 'postgres']
const SECOND = 1_000_000
const RETRY = { baseMs: 1_000, maxMs: 60_000 }

for (const engine of ENGINES) {
  describe(`jobs on ${engine}`, () => {
    /** Jobs with a clock that stands still until it is moved, and no jitter. */
    const given = async (t: TestContext) => {
      const state = { now: Date.UTC(2026, 0, 31, 12) * 1000 }
      const clock = { now: () => state.now }
      const control = await migratedControl(t, engine)
      const jobs = createJobService({ control, clock, random: () => 1 })
      const enqueue = (job: Partial<NewJob> = {}) =>
        control.write((tx) => jobs.enqueue(tx, { kind: 'sweep', payload: {}, ...job }))
      const claim = async (worker = 'one'): Promise<ClaimedJob> => {
        const job = await jobs.claim(['sweep'], worker)
        assert.ok(job, 'there was nothing to claim')
        return job
      }
      const forward = (microseconds: number): void => {
        state.now += microseconds
      }
      return { control, jobs, enqueue, claim, forward }
    }

    test('a job is claimed once, with its payload, and ends as done', async (t) => {
      const { jobs, enqueue } = await given(t)
      const { id, created } = await enqueue({ payload: { path: 'a.csv', lines: [1, 2] } })
      const queued = await jobs.get(id)

      const job = await jobs.claim(['sweep'], 'one')
      const again = await jobs.claim(['sweep'], 'two')
      const during = await jobs.get(id)
      await jobs.settle(job as ClaimedJob, { status: 'done' }) // asserted below

      assert.equal(created, true)
      assert.equal(queued.status, 'queued')
      assert.deepEqual(job?.payload, { path: 'a.csv', lines: [1, 2] })
      assert.equal(again, undefined)
      assert.equal(during.status, 'running')
      assert.deepEqual(await jobs.get(id), {
        id,
        kind: 'sweep',
        status: 'done',
        progress: 1,
        attempts: 1,
        max_attempts: 5,
        unique_key: null,
        cancel_requested: false,
        error: null,
        created_at: '2026-01-31T12:00:00.000Z',
        run_at: '2026-01-31T12:00:00.000Z',
        started_at: '2026-01-31T12:00:00.000Z',
        finished_at: '2026-01-31T12:00:00.000Z',
      })
    })

    test('a job belongs to the transaction that causes it', async (t) => {
      const { control, jobs } = await given(t)

      await assert.rejects(
        control.write(async (tx) => {
          await jobs.enqueue(tx, { kind: 'sweep', payload: {} })
          throw new Error('changed my mind')
        }),
      )

      assert.equal(await jobs.claim(['sweep'], 'one'), undefined)
    })

    test('only asked-for kinds are claimed, those due for longest first, and none before its time', async (t) => {
      const { jobs, enqueue, claim, forward } = await given(t)
      const later = await enqueue({ run_at: Date.UTC(2026, 0, 31, 12, 0, 5) * 1000 })
      await enqueue({ kind: 'other' })
      forward(SECOND)
      const sooner = await enqueue()

      const first = await claim()
      const tooEarly = await jobs.claim(['sweep'], 'one')
      forward(4 * SECOND)
      const second = await claim()

      assert.deepEqual([first.id, tooEarly, second.id], [sooner.id, undefined, later.id])
    })

    test('many workers at once claim each job exactly once', async (t) => {
      const { jobs, enqueue } = await given(t)
      const ids = await Promise.all(Array.from({ length: 12 }, async () => (await enqueue()).id))

      const claims = await Promise.all(
        Array.from({ length: 12 }, (_, n) => jobs.claim(['sweep'], `worker ${n}`)),
      )
      const rest: (string | undefined)[] = []
      for (let n = 0; n < 12; n++) rest.push((await jobs.claim(['sweep'], 'last'))?.id)

      const claimed = [...claims.map((job) => job?.id), ...rest].filter((id) => id !== undefined)
      assert.deepEqual(claimed.toSorted(), ids.toSorted())
    })

    test('with a key, a second job is not added while the first is queued or running', async (t) => {
      const { jobs, enqueue, claim } = await given(t)
      const first = await enqueue({ unique_key: 'source 1' })
      const whileQueued = await enqueue({ unique_key: 'source 1' })
      const job = await claim()
      const whileRunning = await enqueue({ unique_key: 'source 1' })
      const otherKey = await enqueue({ unique_key: 'source 2' })
      await jobs.settle(job, { status: 'done' })
      const afterwards = await enqueue({ unique_key: 'source 1' })

      assert.deepEqual(whileQueued, { id: first.id, created: false })
      assert.deepEqual(whileRunning, { id: first.id, created: false })
      assert.equal(otherKey.created, true)
      assert.equal(afterwards.created, true)
      assert.notEqual(afterwards.id, first.id)
    })

    test('a job that fails is tried again after growing pauses, and fails for good after its last attempt', async (t) => {
      const { jobs, enqueue, claim, forward } = await given(t)
      const { id } = await enqueue({ max_attempts: 3 })

      const pauses: string[] = []
      for (let attempt = 1; attempt <= 3; attempt++) {
        const job = await claim()
        assert.equal(job.attempts, attempt)
        await jobs.settle(job, { status: 'failed', error: new Error('/secret/path broke'), retry: RETRY })
        const after = await jobs.get(id)
        pauses.push(`${after.status} ${after.run_at}`)
        forward(10 * SECOND)
      }

      assert.deepEqual(pauses, [
        'queued 2026-01-31T12:00:01.000Z',
        'queued 2026-01-31T12:00:12.000Z',
        'failed 2026-01-31T12:00:12.000Z',
      ])
      const failed = await jobs.get(id)
      assert.equal(failed.error, 'something went wrong here; the log has the reason under this job')
      assert.equal(failed.finished_at, '2026-01-31T12:00:20.000Z')
      assert.equal(await jobs.claim(['sweep'], 'one'), undefined)
    })

    test('what is wrong with the work itself fails it at once, and says why', async (t) => {
      const { control, jobs, enqueue, claim } = await given(t)
      const { id } = await enqueue()

      await jobs.settle(await claim(), {
        status: 'failed',
        error: new AppError('invalid', 'the file has no header'),
        retry: RETRY,
      })

      const { status, error, attempts } = await jobs.get(id)
      assert.deepEqual(
        { status, error, attempts },
        { status: 'failed', error: 'the file has no header', attempts: 1 },
      )
      const rows = await control.query(sql`select error_internal from job`)
      assert.deepEqual(rows, [{ error_internal: 'Error: the file has no header' }])
    })

    test('what failed because the database was away is tried again', async (t) => {
      const { jobs, enqueue, claim } = await given(t)
      const { id } = await enqueue()

      await jobs.settle(await claim(), {
        status: 'failed',
        error: new AppError('engine_lost', 'away'),
        retry: RETRY,
      })

      assert.equal((await jobs.get(id)).status, 'queued')
    })

    test('a job that is handed back waits in the queue as if it had not been begun', async (t) => {
      const { jobs, enqueue, claim } = await given(t)
      const { id } = await enqueue()

      await jobs.settle(await claim(), { status: 'released' })

      const { status, attempts } = await jobs.get(id)
      assert.deepEqual({ status, attempts }, { status: 'queued', attempts: 0 })
      assert.equal((await claim()).id, id)
    })

    test('a worker that is silent for longer than its lease loses the job, and is refused from then on', async (t) => {
      const { control, jobs, enqueue, claim, forward } = await given(t)
      await enqueue()
      const lost = await claim('one')
      forward(20 * SECOND)
      await jobs.heartbeat(lost, 0.5)
      forward(20 * SECOND)
      assert.equal(await jobs.claim(['sweep'], 'two'), undefined, 'the lease was lengthened')
      forward(11 * SECOND)

      const held = await claim('two')

      assert.ok(held.fence > lost.fence)
      assert.equal(held.attempts, 2)
      const refused = { code: 'conflict' }
      await assert.rejects(jobs.heartbeat(lost, 0.9), refused)
      await assert.rejects(jobs.settle(lost, { status: 'done' }), refused)
      await assert.rejects(
        control.write((tx) => jobs.assertHeld(tx, lost)),
        refused,
      )
      await control.write((tx) => jobs.assertHeld(tx, held))
      await jobs.settle(held, { status: 'done' })
      await assert.rejects(jobs.settle(held, { status: 'done' }), refused)
    })

    test('a job that costs every worker its life fails after its last attempt', async (t) => {
      const { jobs, enqueue, claim, forward } = await given(t)
      const { id } = await enqueue({ max_attempts: 2 })

      for (let attempt = 0; attempt < 2; attempt++) {
        await claim()
        forward(31 * SECOND)
      }

      assert.equal(await jobs.claim(['sweep'], 'one'), undefined)
      const { status, error, attempts } = await jobs.get(id)
      assert.deepEqual(
        { status, error, attempts },
        { status: 'failed', error: 'the worker stopped without a word', attempts: 2 },
      )
    })

    test('a queued job is cancelled at once, a running one is told so, an ended one refuses', async (t) => {
      const { jobs, enqueue, claim } = await given(t)
      const told: string[] = []
      jobs.listen({ onReady: () => {}, onCancel: (id) => told.push(id) })
      const queued = await enqueue()
      const cancelled = await jobs.cancel(queued.id)
      const running = await enqueue()
      const job = await claim()

      const asked = await jobs.cancel(running.id)
      const { cancel_requested } = await jobs.heartbeat(job, 0.5)
      await jobs.settle(job, { status: 'cancelled' })

      assert.equal(cancelled.status, 'cancelled')
      assert.equal(cancelled.finished_at, '2026-01-31T12:00:00.000Z')
      assert.deepEqual([asked.status, asked.cancel_requested], ['running', true])
      assert.equal(cancel_requested, true)
      assert.ok(told.includes(running.id))
      assert.equal((await jobs.get(running.id)).status, 'cancelled')
      await assert.rejects(jobs.cancel(running.id), { code: 'conflict' })
      await assert.rejects(jobs.cancel('nothing'), { code: 'not_found' })
    })

    test('a cancelled job whose worker is gone, or that fails, is not tried again', async (t) => {
      const { jobs, enqueue, claim, forward } = await given(t)
      const gone = await enqueue()
      await claim()
      await jobs.cancel(gone.id)
      forward(31 * SECOND)
      assert.equal(await jobs.claim(['sweep'], 'two'), undefined)
      const failing = await enqueue()
      const job = await claim()
      await jobs.cancel(failing.id)

      await jobs.settle(job, { status: 'failed', error: new Error('broke'), retry: RETRY })

      assert.equal((await jobs.get(gone.id)).status, 'cancelled')
      assert.equal((await jobs.get(failing.id)).status, 'cancelled')
    })

    test('what earlier processes had begun is taken over at once, and its attempt does not count', async (t) => {
      const { jobs, enqueue, claim } = await given(t)
      const { id } = await enqueue({ max_attempts: 1 })
      const held = await claim()

      const taken = await jobs.takeOver()
      const again = await claim('two')

      assert.equal(taken, 1)
      assert.equal(again.id, id)
      assert.equal(again.attempts, 1)
      assert.ok(again.fence > held.fence)
      await assert.rejects(jobs.settle(held, { status: 'done' }), { code: 'conflict' })
      await jobs.settle(again, { status: 'done' })
      assert.equal(await jobs.takeOver(), 0)
    })

    test('a job that was begun fifty times and never ended is not taken over again', async (t) => {
      const { jobs, enqueue, claim } = await given(t)
      const { id } = await enqueue()

      for (let begun = 0; begun < 50; begun++) {
        await claim()
        await jobs.takeOver()
      }

      assert.equal(await jobs.claim(['sweep'], 'one'), undefined)
      const { status, error } = await jobs.get(id)
      assert.deepEqual({ status, error }, { status: 'failed', error: 'the service ended while it ran' })
    })

    test('however a job ends without being done, the one that asked for it is told in the same transaction', async (t) => {
      const { jobs, enqueue, claim, forward } = await given(t)
      const told: UndoneJob[] = []
      jobs.onUndone('sweep', async (_tx, job) => void told.push(job))
      const name = (word: string) => ({ payload: { word }, max_attempts: 1 })
      const broke = {
        status: 'failed',
        error: new AppError('invalid', 'the file is broken'),
        retry: RETRY,
      } as const

      await jobs.cancel((await enqueue(name('cancelled while queued'))).id)
      await enqueue(name('failed'))
      await jobs.settle(await claim(), broke)
      await enqueue(name('lost'))
      await claim()
      forward(31 * SECOND)
      await jobs.claim(['sweep'], 'two')
      const stopping = await enqueue(name('cancelled while it ran'))
      await claim()
      await jobs.cancel(stopping.id)
      await jobs.takeOver()
      await enqueue(name('done'))
      await jobs.settle(await claim(), { status: 'done' })
      await enqueue({ payload: { word: 'tried again' } })
      await jobs.settle(await claim(), { ...broke, error: new Error('may pass') })

      assert.deepEqual(told, [
        { payload: { word: 'cancelled while queued' }, status: 'cancelled', error: null },
        { payload: { word: 'failed' }, status: 'failed', error: 'the file is broken' },
        { payload: { word: 'lost' }, status: 'failed', error: 'the worker stopped without a word' },
        {
          payload: { word: 'cancelled while it ran' },
          status: 'cancelled',
          error: 'the service ended while it ran',
        },
      ])
    })

    test('when what a job was for cannot be ended, the job does not end either', async (t) => {
      const { jobs, enqueue } = await given(t)
      const { id } = await enqueue()
      jobs.onUndone('sweep', async () => {
        throw new Error('no')
      })

      await assert.rejects(jobs.cancel(id), /no/)

      assert.equal((await jobs.get(id)).status, 'queued')
    })

    test('the list is newest first, in pages that neither repeat nor skip, and by status and kind', async (t) => {
      const { jobs, enqueue, claim, forward } = await given(t)
      const ids: string[] = []
      for (let n = 0; n < 7; n++) {
        ids.push((await enqueue({ kind: n === 0 ? 'sweep' : 'other' })).id)
        if (n % 2 === 1) forward(SECOND)
      }
      await jobs.settle(await claim(), { status: 'done' })

      const seen: { id: string; created_at: string }[] = []
      let cursor: string | null | undefined
      do {
        const page = await jobs.list({ limit: 2, ...(cursor && { cursor }) })
        seen.push(...page.items)
        cursor = page.next
      } while (cursor !== null)

      assert.deepEqual(seen.map((job) => job.id).toSorted(), ids.toSorted())
      assert.deepEqual(
        seen.map((job) => job.created_at),
        seen
          .map((job) => job.created_at)
          .toSorted()
          .toReversed(),
      )
      assert.deepEqual(
        (await jobs.list({ limit: 9, status: 'done' })).items.map((job) => job.id),
        [ids[0]],
      )
      assert.equal((await jobs.list({ limit: 9, kind: 'other' })).items.length, 6)
      await assert.rejects(jobs.list({ limit: 9, cursor: 'bm9uc2Vuc2U' }), { code: 'invalid' })
    })
  })
}

test('a pause doubles with each attempt up to its greatest, and jitter takes off at most half', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (attempt, jitter) => {
        const most = Math.min(RETRY.maxMs, RETRY.baseMs * 2 ** (attempt - 1))
        const pauseMs = pauseAfter(attempt, RETRY, jitter)
        assert.ok(pauseMs >= most / 2 && pauseMs <= most)
      },
    ),
  )
})
