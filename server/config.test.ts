import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { ConfigError, readConfig, SETTINGS } from './config.ts'

function folder(t: TestContext, files: Record<string, string> = {}): string {
  const path = mkdtempSync(join(tmpdir(), 'tidemark-config-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content)
  return path
}

function refusal(env: Record<string, string>, from?: string): string {
  try {
    readConfig(env, from)
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.message
  }
  return 'nothing was refused'
}

describe('settings', () => {
  test('have the defaults of the table when nothing is given', (t) => {
    const config = readConfig({}, folder(t))

    assert.equal(config.env, 'development')
    assert.equal(config.port, 8080)
    assert.equal(config.databaseUrl, '')
    assert.deepEqual(config.trustedProxies, [])
    assert.deepEqual(Object.keys(config), Object.keys(SETTINGS))
  })

  test('come from the environment, above the file of its TIDEMARK_ENV', (t) => {
    const from = folder(t, { 'production.env': 'PORT=81\nHOST=0.0.0.0\n' })

    const config = readConfig({ TIDEMARK_ENV: 'production', PORT: '82', LOG_LEVEL: '' }, from)

    assert.deepEqual([config.port, config.host, config.logLevel], [82, '0.0.0.0', 'info'])
  })

  test('of each environment in config/ are right', () => {
    for (const env of ['development', 'test', 'production'])
      assert.equal(readConfig({ TIDEMARK_ENV: env }).env, env)
  })

  test('that are secret may come from a file, whose name is then in NAME_FILE', (t) => {
    const from = folder(t, { secret: 'postgres://a:b@c/d\n' })
    const path = join(from, 'secret')

    assert.equal(readConfig({ DATABASE_URL_FILE: path }, from).databaseUrl, 'postgres://a:b@c/d')
    assert.match(refusal({ DATABASE_URL_FILE: path, DATABASE_URL: 'postgres://x' }, from), /both set/)
    assert.match(
      refusal({ DATABASE_URL_FILE: `${path}x` }, from),
      /DATABASE_URL_FILE .*cannot be read.*ENOENT/,
    )
  })

  test('that are wrong are named, with what they may be', () => {
    const cases: [Record<string, string>, RegExp][] = [
      [
        { TIDEMARK_ENV: 'prod' },
        /TIDEMARK_ENV is wrong: "prod"; it must be one of development, test, production/,
      ],
      [{ PORT: '80a' }, /PORT .*whole number from 0 to 65535/],
      [{ PORT: '65536' }, /PORT/],
      [{ PORT: '-1' }, /PORT/],
      [{ TZ_DEFAULT: 'Mars/Olympus' }, /TZ_DEFAULT .*IANA/],
      [{ DATABASE_URL: 'mysql://x' }, /DATABASE_URL is wrong; .*postgres:\/\//],
      [{ PUBLIC_URL: 'tide.example' }, /PUBLIC_URL .*http:\/\/ or https:\/\//],
      [{ TRUSTED_PROXIES: 'everyone' }, /TRUSTED_PROXIES .*10\.0\.0\.0\/8/],
      [{ LOG_LEVEL: 'verbose' }, /LOG_LEVEL .*trace, debug/],
    ]

    for (const [env, says] of cases) assert.match(refusal(env), says)
  })

  test('that are secret are never shown when they are wrong', () => {
    assert.doesNotMatch(refusal({ DATABASE_URL: 'mysql://user:hunter2@host' }), /hunter2/)
  })
})

describe('names that are no settings', () => {
  test('stop the start when they have our prefix or are a slip away from a setting', () => {
    const cases: [Record<string, string>, RegExp][] = [
      [{ DATA_DIRR: 'x' }, /DATA_DIRR is not a setting; DATA_DIR is one/],
      [{ LOG_LEVLE: 'info' }, /LOG_LEVLE is not a setting; LOG_LEVEL is one/],
      [{ PORTT: '1' }, /PORTT is not a setting; PORT is one/],
      [{ PROT: '1' }, /PROT is not a setting; PORT is one/],
      [{ TIDEMARK_COLOUR: 'blue' }, /TIDEMARK_COLOUR is not a setting; settings are TIDEMARK_ENV, HOST/],
    ]

    for (const [env, says] of cases) assert.match(refusal(env), says)
  })

  test('stop the start when they are in a file of ours, even when they resemble nothing', (t) => {
    const from = folder(t, { 'development.env': 'COLOUR=blue\n' })

    assert.match(refusal({}, from), /development\.env sets COLOUR, which is not a setting/)
  })

  test('are left alone when they are those of others', () => {
    const foreign = {
      HOME: '/root',
      PATH: '/bin',
      HOSTNAME: 'x',
      LOGNAME: 'x',
      NODE_ENV: 'production',
      TZ: 'UTC',
      TIDEMARK_PORT: 'tcp://10.0.0.1:8080',
      TIDEMARK_SERVICE_HOST: '10.0.0.1',
      TIDEMARK_PORT_8080_TCP_ADDR: '10.0.0.1',
    }

    assert.equal(readConfig(foreign).env, 'development')
  })
})
