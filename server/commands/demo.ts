// `tidemark demo`: the demo grid into the stores of the settings, without serving them.

import { setTimeout as delay } from 'node:timers/promises'
import { createApp } from '../app.ts'
import type { Config } from '../config.ts'

const POLL_MS = 100

/** Resolves when the demo is stored; does nothing where there is data already. */
export async function loadDemo(config: Config): Promise<void> {
  const app = await createApp({ config })
  try {
    const queued = await app.loadDemo()
    if (queued === undefined) {
      console.log('There is data already, so the demo grid was not loaded.')
      return
    }
    app.worker.start()
    for (;;) {
      const load = await app.loads.get(queued.id)
      if (load.status === 'done') {
        console.log(`${load.rows_loaded} rows loaded, ${load.rows_rejected} refused as planted.`)
        return
      }
      if (load.status !== 'queued' && load.status !== 'running')
        throw new Error(load.error ?? `The load was ${load.status}.`)
      await delay(POLL_MS)
    }
  } finally {
    await app.close()
  }
}
