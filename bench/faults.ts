// Kills the engine, the server and the loader over and over while clients send readings and files, then counts what
// was lost, doubled or left half done. Ends with 1 when anything was.
//
//   node bench/faults.ts [--kills 200] [--seed N]

import { parseArgs } from 'node:util'
import { type KillReport, killRepeatedly, readyTimes, seededRandom } from '../tests/faults/kills.ts'
import { startService } from '../tests/faults/service-process.ts'

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '200' }, seed: { type: 'string' } },
})
const kills = Number(values.kills)
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32))
if (!Number.isInteger(kills) || kills < 1) throw new Error('--kills must be a whole number from 1')
if (!Number.isInteger(seed)) throw new Error('--seed must be a whole number')

console.log(`${kills} kills, seed ${seed}`)
const service = await startService()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    console.error(`ended by ${signal}`)
    void service.end().then(() => process.exit(1))
  })
}
try {
  const progress = { kills: 0 }
  const report = await killRepeatedly(service, {
    rounds: kills,
    random: seededRandom(seed),
    onKill: () => {
      if (++progress.kills % 20 === 0) console.log(`  ${progress.kills} of ${kills}`)
    },
  })
  show(report)
  const { lost, doubled, half_batches, foreign, unfinished, disagreements } = report.damage
  const isWhole = lost + doubled + half_batches + foreign + unfinished.length + disagreements.length === 0
  process.exitCode = isWhole ? 0 : 1
} finally {
  await service.end()
}

function show({ kills: all, loads, requests, retried, damage }: KillReport): void {
  console.log(
    `\n${'killed'.padEnd(10)}${'kills'.padStart(8)}${'ready again, median'.padStart(22)}${'most'.padStart(10)}`,
  )
  for (const part of ['engine', 'server', 'loader'] as const) {
    const times = readyTimes(all, part)
    const cells = [`${times.median_ms} ms`.padStart(22), `${times.max_ms} ms`.padStart(10)]
    console.log(`${part.padEnd(10)}${String(times.kills).padStart(8)}${cells.join('')}`)
  }
  const counts: [string, number][] = [
    ['files loaded', loads],
    ['requests with readings', requests],
    ['requests sent again', retried],
    ['acknowledged rows lost', damage.lost],
    ['rows doubled', damage.doubled],
    ['half batches', damage.half_batches],
    ['rows that nobody sent', damage.foreign],
    ['loads not finished', damage.unfinished.length],
    ['ledgers and states that disagree', damage.disagreements.length],
  ]
  console.log('')
  for (const [what, count] of counts) console.log(`${what.padEnd(34)}${String(count).padStart(10)}`)
  for (const sentence of [...damage.unfinished, ...damage.disagreements]) console.log(`  ${sentence}`)
}
