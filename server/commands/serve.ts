// `tidemark serve`: the service until it is told to stop. Says where it is, and what to try next.

import { flushCompileCache } from 'node:module'
import { createServer } from 'node:net'
import { styleText } from 'node:util'
import type { App } from '../app.ts'
import { systemClock } from '../clock.ts'
import type { Config } from '../config.ts'
import { openStores } from '../engine/open.ts'
import { createLog } from '../log.ts'

/** What is still in flight after this is cut off. */
const GRACE_MS = 30_000

/** Resolves when the service has ended. Throws a plain Error with a sentence when it cannot start. */
export async function serve(config: Config, { demo }: { demo: boolean }): Promise<void> {
  await refuseTakenPort(config)
  // From now on: who starts a service may stop it before it is up.
  const stopped = stopSignal()
  const log = createLog(config)
  // The stores open while the code that uses them is read: that is a fifth of the time until the service is up.
  const [stores, { createApp }] = await Promise.all([
    openStores(config, { clock: systemClock, log }),
    import('../app.ts'),
  ])
  const app = await createApp({ config, log, stores })
  try {
    const loading = demo ? await app.loadDemo() : undefined
    const address = await app.start()
    console.log(await welcome(app, config, address))
    if (loading !== undefined)
      console.log('  The demo grid is being loaded, 1.4 million rows; it is there in seconds.\n')
  } catch (error) {
    await app.close()
    throw error
  }
  // At the end of a service that is killed nothing would be kept.
  flushCompileCache()
  const signal = await stopped
  app.log.info({ signal }, 'stopping')
  const forced = setTimeout(() => process.exit(1), GRACE_MS).unref()
  process.once('SIGINT', () => process.exit(1))
  await app.close()
  clearTimeout(forced)
}

async function welcome(app: App, config: Config, address: string): Promise<string> {
  const url = config.publicUrl || address
  const bold = (text: string): string => styleText('bold', text)
  const lines = ['', `  Tidemark is at ${bold(url)}`, '']
  if (config.env === 'production') {
    if (!(await app.accounts.hasAny())) {
      lines.push(
        `  There are no accounts yet. Add the first: ${bold('tidemark user add NAME --role manager')}`,
        '',
      )
    }
    return lines.join('\n')
  }
  lines.push(
    `  Sign in as ${bold('manager')} / ${bold('manager')}, or ${bold('user')} / ${bold('user')}, who may only read.`,
    '',
    '  Try next:',
    ...(await boardLines(app, url)),
    `    ${url}/docs   every request, with an Authorize button`,
    '    npm run tidemark -- load FILE --target measurements',
    '    npm run tidemark -- --help',
    '',
  )
  return lines.join('\n')
}

/** The first dashboard that there is to look at. */
async function boardLines(app: App, url: string): Promise<string[]> {
  const { items } = await app.dashboards.list({ limit: 1 })
  return items.map(
    ({ id, name }) => `    ${url}/dashboards/${encodeURIComponent(id)}   the dashboard ${name}`,
  )
}

/** Asked before the stores are opened: the usual reason is this very service, already running. */
function refuseTakenPort({ host, port }: Config): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)))
    probe.listen(port, host, () => probe.close(() => resolve()))
  })
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const sentences: Record<string, string> = {
    EADDRINUSE: `Port ${port} is taken, perhaps by a Tidemark that runs already. Set PORT to another, or 0 for a free one.`,
    EACCES: `Port ${port} may not be used by this user. Set PORT to one above 1023.`,
    EADDRNOTAVAIL: `This machine does not have the address ${host}. Set HOST to one that it has, such as 127.0.0.1.`,
    ENOTFOUND: `There is no address called ${host}. Set HOST to an address of this machine, such as 127.0.0.1.`,
  }
  return new Error(sentences[error.code ?? ''] ?? `Cannot listen on ${host}:${port}: ${error.message}`, {
    cause: error,
  })
}

function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal))
  })
}
