// Asks the service at a fixed pace from a process of its own, whatever else goes on here, and keeps how long each
// answer took. A question is asked at its time even while earlier ones wait, so that a stall is not overlooked.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { createHttpClient } from './http-client.ts'

interface ProbeOptions {
  origin: string
  headers: Record<string, string>
  /** Asked in turn. */
  paths: string[]
  everyMs: number
}

interface Probe {
  /** Ends it; answers the milliseconds that each question took. */
  stop(): Promise<number[]>
}

/** What stands for a question that was not answered: longer than any. */
const NEVER_MS = Number.MAX_VALUE

/** Resolves when the first question has been answered. */
export async function startProbe(options: ProbeOptions): Promise<Probe> {
  const child = fork(import.meta.filename, [JSON.stringify(options)])
  await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => Promise.reject(new Error('the probe ended before it began'))),
  ])
  return {
    async stop() {
      child.send('stop')
      const [latencies] = await once(child, 'message')
      return latencies as number[] // as sent below
    },
  }
}

async function runProbe({ origin, headers, paths, everyMs }: ProbeOptions): Promise<void> {
  const client = createHttpClient(origin, headers)
  const latencies: number[] = []
  const open = new Set<Promise<void>>()
  let turn = 0
  const ask = async () => {
    const path = paths[turn++ % paths.length] ?? '/healthz'
    latencies.push(
      await client.call(path).then(
        (answer) => answer.total_ms,
        () => NEVER_MS,
      ),
    )
  }
  await ask()
  latencies.length = 0
  process.send?.('ready')
  const timer = setInterval(() => {
    const asked = ask()
    open.add(asked)
    void asked.finally(() => open.delete(asked))
  }, everyMs)
  process.once('disconnect', () => process.exit())
  await once(process, 'message')
  clearInterval(timer)
  await Promise.all(open)
  client.close()
  process.send?.(latencies, () => process.disconnect())
}

if (process.argv[1] && resolve(process.argv[1]) === import.meta.filename) {
  await runProbe(JSON.parse(process.argv[2] ?? '') as ProbeOptions) // given by startProbe
}
