/**
 * The whole test run: starts one PostgreSQL for every test file, runs them, stops it.
 * `node tests/run.ts [file or pattern …]`; without arguments every `*.test.ts` of the repository.
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { POSTGRES_URL_VARIABLE, startPostgres } from './postgres.ts'

const EVERYTHING = '{contract,server,web,examples,bench,tests}/**/*.test.ts'
/** So that a test that never ends is named and fails, instead of holding up the run. */
const TIMEOUT_MS = 600_000

const asked = process.argv.slice(2)
const postgres = await startPostgres()
const tests = spawn(
  process.execPath,
  [
    '--test',
    '--test-reporter=spec',
    // Two at a time also on two cores, where Node would take one.
    '--test-concurrency=2',
    `--test-timeout=${TIMEOUT_MS}`,
    ...(asked.length > 0 ? asked : [EVERYTHING]),
  ],
  {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: { ...process.env, [POSTGRES_URL_VARIABLE]: postgres.url },
    stdio: ['ignore', 'inherit', 'inherit'],
  },
)
// ctrl-C reaches the tests too, being in the same group: they end first, then the server.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => tests.kill(signal))
const code = await new Promise<number>((resolve) => tests.once('close', (status) => resolve(status ?? 1)))
await postgres.stop()
process.exit(code)
