import assert from 'node:assert/strict'
import { test } from 'node:test'
import { killRepeatedly, readyTimes, seededRandom } from './kills.ts'
import { CAN_FIND_PROCESSES, startService } from './service-process.ts'

const KILLS = 20
/** Far above what is measured, so that a busy machine fails nothing; the times themselves are printed. */
const READY_AGAIN_MS = 10_000

test(`after ${KILLS} kills of engine, server and loader nothing acknowledged is lost, doubled or half there`, {
  skip: !CAN_FIND_PROCESSES && 'processes are found in /proc',
  timeout: 120_000,
}, async (t) => {
  const seed = Math.floor(Math.random() * 2 ** 32)
  t.diagnostic(`seed ${seed}`)
  const service = await startService()
  t.after(service.end)

  const report = await killRepeatedly(service, { rounds: KILLS, random: seededRandom(seed) })

  for (const part of ['engine', 'server', 'loader'] as const) {
    const { kills, median_ms, max_ms } = readyTimes(report.kills, part)
    t.diagnostic(`${part}: ${kills} kills, ready again after ${median_ms} ms, at most ${max_ms} ms`)
  }
  t.diagnostic(`${report.loads} loads, ${report.requests} requests, ${report.retried} sent again`)
  assert.deepEqual(report.damage, {
    lost: 0,
    doubled: 0,
    half_batches: 0,
    foreign: 0,
    unfinished: [],
    disagreements: [],
  })
  assert.ok(report.retried > 0, 'no kill met a request')
  assert.ok(Math.max(...report.kills.map((kill) => kill.ready_ms)) < READY_AGAIN_MS)
})
