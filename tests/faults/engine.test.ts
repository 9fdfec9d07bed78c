import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { readConfig } from '../../server/config.ts'
import { openStores } from '../../server/engine/open.ts'
import { sql } from '../../server/engine/sql.ts'
import { CAN_FIND_PROCESSES, startService, until } from './service-process.ts'
import { fileOf, prepareSignals } from './traffic.ts'

const skip = !CAN_FIND_PROCESSES && 'processes are found in /proc'
const FILE = 'file_name=file-0.csv&target=measurements'
/** Signals have 5000 readings each; the text of all eight is 3 MB. */
const ALL_SIGNALS = Array.from({ length: 8 }, (_, index) => `signal_id=file-${index}`).join('&')
const ALL_LINES = 8 * 5000

async function givenReadings(t: TestContext) {
  const service = await startService()
  t.after(service.end)
  await prepareSignals(service)
  const load = await service.request('POST', `/loads?${FILE}`, {
    body: fileOf(0),
    headers: { 'content-type': 'text/csv' },
  })
  const { id } = (await load.json()) as { id: string } // as POST /loads answers
  await until(async () => (await service.json(`/loads/${id}`)).status === 'done', 30_000)
  return service
}

describe('the engine process', { skip, concurrency: 2 }, () => {
  test('killed while many read: reads are asked again, and what fails is 503 with retry-after', async (t) => {
    const service = await givenReadings(t)
    const paths = [
      '/signals/file-1/stats',
      '/series?signal_id=file-2&points=200',
      '/measurements?signal_id=file-3&limit=500',
      `/measurements?${ALL_SIGNALS}&format=csv`,
    ]
    const stop = new AbortController()
    const answers: { status: number; retryAfter: string | null; lines: number; path: string }[] = []
    const cut: string[] = []
    const readers = paths
      .flatMap((path) => [path, path])
      .map(async (path) => {
        while (!stop.signal.aborted) {
          const answer = await service.request('GET', path)
          const text = await answer.text().catch(() => undefined)
          if (text === undefined) cut.push(path)
          else {
            const retryAfter = answer.headers.get('retry-after')
            answers.push({ status: answer.status, retryAfter, lines: text.split('\n').length - 2, path })
          }
        }
      })

    for (let kills = 0; kills < 5; kills++) {
      await delay(100 + Math.random() * 200)
      assert.ok(await service.kill('engine'))
      await service.ready()
    }
    stop.abort()
    await Promise.all(readers)

    const failed = answers.filter(({ status }) => status !== 200)
    t.diagnostic(
      `${answers.length} answers, ${failed.length} of them 503, ${cut.length} cut off in the middle`,
    )
    assert.deepEqual(
      failed.filter(({ status, retryAfter }) => status !== 503 || retryAfter === null),
      [],
    )
    assert.ok(failed.length <= answers.length / 10, `${failed.length} of ${answers.length} reads failed`)
    // What had begun cannot be asked again; the reader must see that it ended too soon.
    assert.deepEqual(
      [...new Set(cut)].filter((path) => path !== paths[3]),
      [],
    )
    const long = answers.filter(({ path, status }) => path === paths[3] && status === 200)
    assert.deepEqual([...new Set(long.map(({ lines }) => lines))], [ALL_LINES])
  })

  test('stops a question at its limit, while others are answered as before', async (t) => {
    const { warehouse, enginePid } = await givenStores(t)
    const engine = enginePid()
    const endless = sql`select count(*) from range(100000) a, range(100000) b, range(10) c where a.range + b.range = -1`

    const stopped = assert.rejects(warehouse.columns(endless, { timeoutMs: 500 }), { code: 'query_timeout' })
    const others = await Promise.all(Array.from({ length: 20 }, () => warehouse.query(sql`select 1 as one`)))
    await stopped
    const after = await warehouse.query(sql`select 2 as two`)

    assert.equal(others.length, 20)
    assert.deepEqual(after, [{ two: 2 }])
    assert.equal(enginePid(), engine)
  })

  test('that cannot be interrupted is ended and started again, and its question is not asked again', async (t) => {
    const { warehouse, enginePid, lives } = await givenStores(t)
    const engine = enginePid()
    // One call of one function over one row: nothing looks at the interrupt.
    const stubborn = sql`select levenshtein(repeat('a', 200000 + ${1}::bigint), repeat('b', 200000)) as distance`
    const from = performance.now()

    const ended = assert.rejects(warehouse.columns(stubborn, { timeoutMs: 300 }), { code: 'query_timeout' })
    const others = (async () => {
      for (let asked = 0; asked < 30; asked++) {
        assert.deepEqual(await warehouse.query(sql`select 1 as one`), [{ one: 1 }])
        await delay(50)
      }
    })()
    await ended
    const tookMs = performance.now() - from
    await others

    t.diagnostic(`ended after ${Math.round(tookMs)} ms`)
    assert.notEqual(enginePid(), engine)
    assert.equal(lives(), 1)
    assert.ok(tookMs < 5000)
  })

  test('that stands still is killed after 15 seconds, and questions meanwhile wait for the next one', async (t) => {
    const { warehouse, enginePid, lives } = await givenStores(t)
    const engine = enginePid()
    process.kill(engine ?? 0, 'SIGSTOP')
    const from = performance.now()

    // Asked at the very start, it may have waited as long as any question waits.
    const first = await warehouse.query(sql`select 1 as one`).catch((error: { code: string }) => error.code)
    await until(() => lives() === 1, 5000)

    t.diagnostic(`killed after ${Math.round(performance.now() - from)} ms`)
    assert.ok(first === 'engine_lost' || Array.isArray(first), JSON.stringify(first))
    assert.deepEqual(await warehouse.query(sql`select 2 as two`), [{ two: 2 }])
    assert.notEqual(enginePid(), engine)
  })
})

/** Stores opened by the test itself, for statements that no request can send. */
async function givenStores(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-faults-'))
  const ended: string[] = []
  const log = {
    info: () => {},
    error: (_fields: object, message: string) => {
      if (message.includes('process ended')) ended.push(message)
    },
  }
  const config = readConfig({ TIDEMARK_ENV: 'test', DATA_DIR: folder })
  const stores = await openStores(config, { clock: { now: () => Date.now() * 1000 }, log })
  t.after(async () => {
    await stores.close()
    await rm(folder, { recursive: true, force: true })
  })
  /** How often the engine has ended. */
  return { ...stores, lives: () => ended.length }
}
