import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { ENGINES, startApp } from '../tests/harness.ts'
import { runWith, traceId } from './context.ts'
import { createLog } from './log.ts'

/** A log whose lines are kept. */
function givenLog() {
  const lines: string[] = []
  const log = createLog({ logLevel: 'info', logFile: '' }, { write: (line) => lines.push(line) })
  return { log, entries: () => lines.map((line) => JSON.parse(line)) }
}

const ANN = { id: '1', name: 'ann', role: 'user' } as const

test('a line made within a request names it, its trace and who asked', () => {
  const { log, entries } = givenLog()

  runWith({ request_id: 'r', trace_id: 't', account: ANN, scopes: ['user'] }, () =>
    log.info({ rows: 3 }, 'stored'),
  )
  log.info('idle')

  const [inside, outside] = entries()
  const { request_id, trace_id, account, rows, message, level } = inside
  assert.deepEqual(
    { request_id, trace_id, account, rows, message, level },
    { request_id: 'r', trace_id: 't', account: 'ann', rows: 3, message: 'stored', level: 'info' },
  )
  assert.equal(outside.request_id, undefined)
})

test('passwords, tokens and cookies are removed wherever they stand', () => {
  const { log, entries } = givenLog()

  log.info(
    {
      password: 'hunter2',
      headers: { authorization: 'hunter2', cookie: 'hunter2' },
      a: { b: { token: 'hunter2' } },
    },
    'careless',
  )

  assert.doesNotMatch(JSON.stringify(entries()), /hunter2/)
})

test('the log also goes to a file, in a folder that is made', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-log-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const logFile = join(folder, 'deep', 'tidemark.log')

  createLog({ logLevel: 'info', logFile }, { write: () => true }).info('kept')

  const read = async () => readFile(logFile, 'utf8').catch(() => '')
  while ((await read()) === '') await delay(5)
  assert.equal(JSON.parse(await read()).message, 'kept')
})

test('a request writes one line, with the trace of traceparent and the account, and never its query or body', async (t) => {
  const { log, entries } = givenLog()
  const app = await startApp(t, ENGINES.embedded, { log })
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736'

  await app.get('/session?password=hunter2', {
    'x-request-id': 'mine',
    traceparent: `00-${trace}-00f067aa0ba902b7-01`,
  })

  const mine = entries().filter(({ request_id }) => request_id === 'mine')
  assert.equal(mine.length, 1)
  const { trace_id, account, method, route, status, message } = mine[0]
  assert.deepEqual(
    { trace_id, account, method, route, status, message },
    {
      trace_id: trace,
      account: 'manager',
      method: 'GET',
      route: '/api/v1/session',
      status: 200,
      message: 'request',
    },
  )
  assert.equal(typeof mine[0].duration_ms, 'number')
  assert.doesNotMatch(JSON.stringify(entries()), /hunter2|password=/)
})

test('only a valid traceparent is followed', () => {
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
  const valid = `00-${trace}-00f067aa0ba902b7-01`
  const wrong = [
    undefined,
    'x',
    valid.toUpperCase(),
    `ff${valid.slice(2)}`,
    `${valid}-more`,
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `00-${trace}-${'0'.repeat(16)}-01`,
  ]

  assert.equal(traceId(valid), trace)
  assert.equal(traceId(`01${valid.slice(2)}-more`), trace)
  for (const sent of wrong) {
    assert.match(traceId(sent), /^[0-9a-f]{32}$/)
    assert.notEqual(traceId(sent), trace)
  }
})
