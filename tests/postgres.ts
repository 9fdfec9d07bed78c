/**
 * A real PostgreSQL for tests, from the npm registry alone. `make test` starts one server for the whole
 * run and names it in TEST_POSTGRES_URL; a test file that is run by itself starts its own.
 * Knows nothing of the product.
 */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import pg from 'pg'

/** The variable by which `make test` passes the server's address to the test processes. */
export const POSTGRES_URL_VARIABLE = 'TEST_POSTGRES_URL'

/** A running server: `url` reaches its database `postgres` as superuser. */
export interface PostgresServer {
  url: string
  /** Stops the server and removes its files; resolves when both are done. */
  stop(): Promise<void>
}

/**
 * Starts a server on a free loopback port with its data in a new temporary folder. It ends with this
 * process, however this process ends. `settings` override the ones chosen for speed, for instance
 * `{ fsync: 'on', shared_buffers: '1GB' }` where durability or speed is being measured.
 */
export async function startPostgres(settings: Record<string, string> = {}): Promise<PostgresServer> {
  // In a group of its own, so that ctrl-C in a terminal reaches it only through the closed pipe.
  const keeper = spawn(
    process.execPath,
    [fileURLToPath(new URL('postgres-server.ts', import.meta.url)), JSON.stringify(settings)],
    { stdio: ['pipe', 'pipe', 'pipe'], detached: true },
  )
  const ended = new Promise<void>((resolve) => keeper.once('close', () => resolve()))
  const faults: Buffer[] = []
  keeper.stderr.on('data', (chunk: Buffer) => faults.push(chunk))
  const url = await Promise.race([
    new Promise<string>((resolve) => createInterface(keeper.stdout).once('line', resolve)),
    ended.then(() =>
      Promise.reject(new Error(`PostgreSQL did not start: ${Buffer.concat(faults).toString()}`)),
    ),
  ])
  keeper.unref()
  for (const pipe of [keeper.stdin, keeper.stdout, keeper.stderr]) {
    // A child's pipes are sockets, though their type does not say so; only a socket can be let go of.
    ;(pipe as unknown as { unref(): void }).unref()
  }
  return {
    url,
    async stop() {
      keeper.ref()
      keeper.stdin.end()
      await ended
    },
  }
}

/**
 * The URL of a fresh, empty database, dropped after the test: once the test has ended, the next call in
 * this process drops it, so that the order in which a test's own connections are closed does not matter.
 */
export async function postgresUrl(t: Pick<TestContext, 'after'>): Promise<string> {
  const server = await findServer()
  const name = `test_${randomBytes(8).toString('hex')}`
  await runOn(server, async (client) => {
    for (const old of finished.splice(0)) await client.query(`drop database if exists ${old} with (force)`)
    await client.query(`create database ${name}`)
  })
  t.after(() => {
    finished.push(name)
  })
  const url = new URL(server)
  url.pathname = `/${name}`
  return url.href
}

/** Databases whose test has ended. */
const finished: string[] = []

/** The one server of this process, when none was named; filled by the first test that asks. */
const own: { server?: Promise<PostgresServer> } = {}

async function findServer(): Promise<string> {
  const named = process.env[POSTGRES_URL_VARIABLE]
  if (named) return named
  own.server ??= startPostgres()
  return (await own.server).url
}

async function runOn(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}
