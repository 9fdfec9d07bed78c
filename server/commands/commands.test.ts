import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, type TestContext, test } from 'node:test'

const MAIN = join(import.meta.dirname, '../main.ts')

interface Ended {
  code: number | null
  out: string
  err: string
}

/** The command line as someone in a shell meets it, on stores of its own. */
async function givenShell(t: TestContext, settings: Record<string, string> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-cli-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const env = {
    PATH: process.env.PATH ?? '',
    TIDEMARK_ENV: 'test',
    DATA_DIR: join(folder, 'data'),
    ...settings,
  }
  const start = (...args: string[]) => spawn(process.execPath, [MAIN, ...args], { env, stdio: 'pipe' })
  return {
    dataFolder: env.DATA_DIR,
    start,
    async run(args: string[], input = ''): Promise<Ended> {
      const child = start(...args)
      child.stdin.end(input)
      const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
      return { code: child.exitCode, out, err }
    },
  }
}

type Shell = Awaited<ReturnType<typeof givenShell>>

/** A service that has printed its address. */
async function givenService(t: TestContext, shell: Shell, ...args: string[]) {
  const child = shell.start('serve', ...args)
  t.after(() => child.kill('SIGKILL'))
  const lines: string[] = []
  for await (const chunk of child.stdout) {
    lines.push(String(chunk))
    const url = /Tidemark is at (http:\S+)/.exec(lines.join(''))?.[1]
    if (url !== undefined && lines.join('').endsWith('\n\n')) return { child, url, welcome: lines.join('') }
  }
  throw new Error(`the service has ended: ${await text(child.stderr)}`)
}

describe('tidemark serve', () => {
  test('says where it is, who can sign in and what to try next, and ends well when told to', async (t) => {
    const shell = await givenShell(t)
    const { child, url, welcome } = await givenService(t, shell)

    const health = await fetch(`${url}/healthz`)
    child.kill('SIGTERM')
    const [code] = await once(child, 'exit')

    assert.equal(health.status, 200)
    assert.match(welcome, /manager \/ manager/)
    assert.match(welcome, /\/docs/)
    assert.equal(code, 0)
    assert.equal((await stat(shell.dataFolder)).mode & 0o777, 0o700)
  })

  test('in production has no accounts, and says how to add the first', async (t) => {
    const shell = await givenShell(t, {
      TIDEMARK_ENV: 'production',
      PORT: '0',
      HOST: '127.0.0.1',
      LOG_LEVEL: 'silent',
    })
    const first = await givenService(t, shell)
    first.child.kill('SIGTERM')
    await once(first.child, 'exit')

    const added = await shell.run(['user', 'add', 'ann', '--role', 'manager'], 'correct horse\n')
    const second = await givenService(t, shell)
    const sign = (username: string, password: string) =>
      fetch(`${second.url}/api/v1/session`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ username, password }),
      })
    const [ann, known] = await Promise.all([sign('ann', 'correct horse'), sign('manager', 'manager')])

    assert.match(first.welcome, /tidemark user add NAME --role manager/)
    assert.doesNotMatch(first.welcome, /manager \/ manager/)
    assert.deepEqual([added.code, added.out], [0, 'ann can sign in now, as manager.\n'])
    assert.doesNotMatch(second.welcome, /user add/)
    assert.deepEqual([ann.status, known.status], [200, 401])
    assert.match(ann.headers.get('set-cookie') ?? '', /^__Host-.*; Secure/)
    assert.match(ann.headers.get('strict-transport-security') ?? '', /max-age/)
  })

  test('says so in a sentence when the port is taken', async (t) => {
    const other = createServer().listen(0, '127.0.0.1')
    t.after(() => other.close())
    await once(other, 'listening')
    const address = other.address()
    const port = typeof address === 'object' ? address?.port : undefined
    const shell = await givenShell(t, { PORT: String(port) })

    const { code, err } = await shell.run(['serve'])

    assert.equal(code, 1)
    assert.match(err, new RegExp(`^tidemark: Port ${port} is taken.*\n$`))
  })

  test('says so in a sentence when a setting is wrong', async (t) => {
    const shell = await givenShell(t, { LOG_LEVLE: 'info' })

    const { code, err } = await shell.run(['serve'])

    assert.deepEqual([code, err], [1, 'tidemark: LOG_LEVLE is not a setting; LOG_LEVEL is one.\n'])
  })
})

describe('tidemark', () => {
  test('migrate brings both stores to the current schema, once', async (t) => {
    const shell = await givenShell(t)

    const before = await shell.run(['migrate', '--status'])
    const first = await shell.run(['migrate'])
    const second = await shell.run(['migrate'])
    const after = await shell.run(['migrate', '--status'])

    assert.match(before.out, /^control {2}0001_accounts\.sql {2}missing$/m)
    assert.match(first.out, /^applied 0001_measured\.sql$/m)
    assert.equal(second.out, 'Both stores are at the current schema.\n')
    assert.doesNotMatch(after.out, /missing/)
    assert.match(after.out, /^warehouse {2}0001_measured\.sql {2}applied$/m)
  })

  test('user add refuses a role that does not exist and a password that will not do', async (t) => {
    const shell = await givenShell(t)

    const role = await shell.run(['user', 'add', 'ann', '--role', 'boss'], 'correct horse')
    const short = await shell.run(['user', 'add', 'ann', '--role', 'user'], 'short')

    assert.deepEqual(
      [role.code, role.err],
      [1, 'tidemark: There is no role boss: it is one of user, manager.\n'],
    )
    assert.equal(short.code, 1)
    assert.match(short.err, /8 to 1000 characters/)
  })

  test('doctor checks the machine, and shows no secret', async (t) => {
    const shell = await givenShell(t, { TIDEMARK_TOKEN: 'hunter2' })

    const { out } = await shell.run(['doctor'])

    assert.match(out, /TIDEMARK_TOKEN +\(set, not shown\)/)
    assert.match(out, /^ ok {2}node/m)
    assert.match(out, /^ ok {2}control/m)
    assert.match(out, /^ ok {2}warehouse/m)
    assert.doesNotMatch(out, /hunter2/)
  })

  test('openapi prints the document and touches no store', async (t) => {
    const shell = await givenShell(t)

    const { out } = await shell.run(['openapi'])

    assert.equal(JSON.parse(out).openapi, '3.1.0')
    await assert.rejects(stat(shell.dataFolder), { code: 'ENOENT' })
  })

  test('load says so in a sentence when there is no file, no service, or no mapping', async (t) => {
    const shell = await givenShell(t, { TIDEMARK_TOKEN: 'x', PORT: '1' })

    const file = await shell.run(['load', '/nowhere.csv', '--target', 'measurements'])
    const service = await shell.run(['load', MAIN, '--target', 'measurements'])
    const mapping = await shell.run(['load', MAIN, '--target', 'measurements', '--mapping', '{'])

    assert.match(file.err, /^tidemark: There is no file \/nowhere\.csv\.\n$/)
    assert.match(
      service.err,
      /tidemark: No Tidemark answers at http:\/\/127\.0\.0\.1:1\. Start one with: tidemark serve\n$/,
    )
    assert.match(mapping.err, /^tidemark: The mapping is not JSON/)
  })
})
