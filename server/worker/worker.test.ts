import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { Type } from 'typebox'
import { type ControlEngine, migratedControl } from '../../tests/control-engines.ts'
import type { JobKind, JobRun } from '../domains/jobs/kind.ts'
import { createJobService, type NewJob } from '../domains/jobs/service.ts'
import { AppError } from '../errors.ts'
import { createWorker } from './worker.ts'

const ENGINES: ControlEngine[] = ['sqlite', 'postgres']
const LEASE_MS = 60
const Payload = Type.Object({ word: Type.String() })

/** A kind whose attempts are handed to the test, each with how to end it. */
function controlledKind() {
  const begun: { word: string; run: JobRun; end(error?: Error): void }[] = []
  const waiting: (() => void)[] = []
  const kind: JobKind<typeof Payload> = {
    kind: 'spell',
    payload: Payload,
    retry: { baseMs: 0, maxMs: 0 },
    run: ({ word }, run) =>
      new Promise((resolve, reject) => {
        run.signal.addEventListener('abort', () => reject(run.signal.reason))
        begun.push({ word, run, end: (error) => (error === undefined ? resolve() : reject(error)) })
        for (const wake of waiting.splice(0)) wake()
      }),
  }
  /** The n-th attempt that was begun, from 1, once it is. */
  const attempt = async (n: number) => {
    for (;;) {
      const found = begun[n - 1]
      if (found !== undefined) return found
      await new Promise<void>((resolve) => waiting.push(resolve))
    }
  }
  return { kind, begun, attempt }
}

for (const engine of ENGINES) {
  describe(`worker on ${engine}`, () => {
    const given = async (t: TestContext, { concurrency = 1 } = {}) => {
      const control = await migratedControl(t, engine)
      // A short lease makes the signs of life frequent; it runs out only when a test moves the clock.
      const state = { now: Date.UTC(2026, 0, 31, 12) * 1000 }
      const clock = { now: () => state.now }
      const forward = (microseconds: number): void => {
        state.now += microseconds
      }
      const jobs = createJobService({ control, clock, leaseMs: LEASE_MS })
      const spell = controlledKind()
      const ended: { message: string; job_id?: string }[] = []
      const waiting: (() => void)[] = []
      const note = (fields: object, message: string): void => {
        ended.push({ ...fields, message })
        for (const wake of waiting.splice(0)) wake()
      }
      const start = () => {
        const worker = createWorker({
          jobs,
          kinds: [spell.kind],
          concurrency,
          clock,
          log: { info: note, warn: note, error: note },
        })
        worker.start()
        t.after(() => worker.stop(0))
        return worker
      }
      /** Resolves when the log has spoken of the job `times` times. */
      const settled = async (id: string, times = 1): Promise<void> => {
        while (ended.filter((line) => line.job_id === id).length < times) {
          await new Promise<void>((resolve) => waiting.push(resolve))
        }
      }
      const enqueue = async (job: Partial<NewJob> = {}): Promise<string> => {
        const { id } = await control.write((tx) =>
          jobs.enqueue(tx, { kind: 'spell', payload: { word: 'tide' }, ...job }),
        )
        jobs.announce()
        return id
      }
      return { jobs, spell, start, settled, enqueue, forward }
    }

    test('runs what is announced, with its payload, and settles it', async (t) => {
      const { jobs, spell, start, settled, enqueue } = await given(t)
      start()

      const id = await enqueue({ payload: { word: 'mark' } })
      const attempt = await spell.attempt(1)
      attempt.end()
      await settled(id)

      assert.equal(attempt.word, 'mark')
      assert.equal(attempt.run.id, id)
      assert.equal(attempt.run.attempt, 1)
      assert.equal((await jobs.get(id)).status, 'done')
    })

    test('finds what was queued before it started, and without being told', async (t) => {
      const { jobs, spell, start, settled, enqueue } = await given(t)
      const id = await enqueue()

      start()
      ;(await spell.attempt(1)).end()
      await settled(id)

      assert.equal((await jobs.get(id)).status, 'done')
    })

    test('runs as many at once as it may, and not one more', async (t) => {
      const { jobs, spell, start, settled, enqueue } = await given(t, { concurrency: 2 })
      const ids = [await enqueue(), await enqueue(), await enqueue()]
      start()

      const first = await spell.attempt(1)
      await spell.attempt(2)
      const whileFull = (await jobs.list({ limit: 10, status: 'queued' })).items.length
      first.end()
      await spell.attempt(3)
      for (const attempt of spell.begun) attempt.end()
      await Promise.all(ids.map((id) => settled(id)))

      assert.equal(whileFull, 1)
      assert.equal(spell.begun.length, 3)
    })

    test('tries again what failed', async (t) => {
      const { jobs, spell, start, settled, enqueue } = await given(t)
      start()
      const id = await enqueue()

      ;(await spell.attempt(1)).end(new Error('broke'))
      const second = await spell.attempt(2)
      second.end()
      await settled(id, 2)

      assert.equal(second.run.attempt, 2)
      assert.ok(second.run.fence > 1)
      assert.equal((await jobs.get(id)).status, 'done')
    })

    test('fails at once what has a payload of another shape, or is wrong in itself', async (t) => {
      const { jobs, spell, start, settled, enqueue } = await given(t)
      start()
      const shapeless = await enqueue({ payload: { word: 7 } })
      await settled(shapeless)
      const wrong = await enqueue()
      ;(await spell.attempt(1)).end(new AppError('invalid', 'no such word'))
      await settled(wrong)

      assert.deepEqual(
        [(await jobs.get(shapeless)).status, (await jobs.get(wrong)).status, (await jobs.get(wrong)).error],
        ['failed', 'failed', 'no such word'],
      )
      assert.equal(spell.begun.length, 1)
    })

    test('a running job that is cancelled is told by its signal', async (t) => {
      const { jobs, spell, start, settled, enqueue } = await given(t)
      start()
      const id = await enqueue()
      const { run } = await spell.attempt(1)

      await jobs.cancel(id)
      await settled(id)

      assert.equal(run.signal.aborted, true)
      assert.equal((await jobs.get(id)).status, 'cancelled')
    })

    test('keeps its lease while it works, and shows progress', async (t) => {
      const { jobs, spell, start, settled, enqueue, forward } = await given(t)
      start()
      const id = await enqueue()
      const { run, end } = await spell.attempt(1)

      for (let tenth = 1; tenth <= 10; tenth++) {
        run.progress(tenth / 10)
        while ((await jobs.get(id)).progress < tenth / 10) await setImmediate()
        forward((LEASE_MS / 2) * 1000)
        assert.equal(await jobs.claim(['spell'], 'another'), undefined)
      }
      end()
      await settled(id)

      const { status, attempts } = await jobs.get(id)
      assert.deepEqual({ status, attempts }, { status: 'done', attempts: 1 })
    })

    test('work whose lease was lost is stopped, and its end is not written', async (t) => {
      const { jobs, spell, start, settled, enqueue, forward } = await given(t)
      start()
      const id = await enqueue()
      const { run } = await spell.attempt(1)

      // As if this process had stood still; a sign of life may come first, and then it holds on.
      let taken: Awaited<ReturnType<typeof jobs.claim>>
      while (taken === undefined) {
        forward(LEASE_MS * 1000 + 1000)
        taken = await jobs.claim(['spell'], 'another')
      }
      await settled(id)

      assert.equal(run.signal.aborted, true)
      await jobs.settle(taken, { status: 'done' })
      assert.equal((await jobs.get(id)).status, 'done')
    })

    test('stops by waiting for what runs, and takes nothing more', async (t) => {
      const { jobs, spell, start, enqueue } = await given(t)
      const worker = start()
      const ids = [await enqueue(), await enqueue()]
      const attempt = await spell.attempt(1)

      const stopped = worker.stop()
      attempt.end()
      await stopped

      const statuses = await Promise.all(ids.map(async (id) => (await jobs.get(id)).status))
      assert.deepEqual(statuses.toSorted(), ['done', 'queued'])
    })

    test('after its grace it hands back what still runs, which then does not count as an attempt', async (t) => {
      const { jobs, spell, start, enqueue } = await given(t)
      const worker = start()
      const id = await enqueue()
      const { run } = await spell.attempt(1)

      await worker.stop(0)

      const { status, attempts } = await jobs.get(id)
      assert.deepEqual({ status, attempts }, { status: 'queued', attempts: 0 })
      assert.equal(run.signal.aborted, true)
    })
  })
}
