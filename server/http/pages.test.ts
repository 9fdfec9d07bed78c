import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import Fastify from 'fastify'
import { addPages } from './pages.ts'
import { answerProblem } from './problem.ts'
import { createRouteTable } from './route-table.ts'

const PAGE = { accept: 'text/html,application/xhtml+xml' }

/** Pages as a build leaves them, with a file beside their folder that is none of them. */
async function givenPages(t: TestContext) {
  const root = mkdtempSync(join(tmpdir(), 'tidemark-pages-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  const folder = join(root, 'dist')
  mkdirSync(join(folder, 'assets'), { recursive: true })
  writeFileSync(join(folder, 'index.html'), '<meta content="__ZONE__"><p>Tidemark</p>')
  writeFileSync(join(folder, 'assets', 'main-B1x_9aQz.js'), 'run()')
  writeFileSync(join(folder, 'favicon.svg'), '<svg/>')
  writeFileSync(join(root, 'secret.txt'), 'secret')
  const http = Fastify()
  const routes = createRouteTable([])
  http.addHook('onRoute', routes.add)
  http.setErrorHandler(answerProblem)
  await addPages(http, { folder, routes, surroundings: { ZONE: 'Europe/Berlin' } })
  t.after(() => http.close())
  return http
}

test('every address of a page is the one document, which learns where it runs', async (t) => {
  const http = await givenPages(t)

  for (const url of ['/', '/index.html', '/dashboards/demo-grid?from=now-1d']) {
    const answer = await http.inject({ url, headers: PAGE })

    assert.equal(answer.headers['content-type'], 'text/html; charset=utf-8')
    assert.equal(answer.body, '<meta content="Europe/Berlin"><p>Tidemark</p>')
  }
})

test('a file whose name has a hash is kept for a year, others are asked for again', async (t) => {
  const http = await givenPages(t)

  const script = await http.inject('/assets/main-B1x_9aQz.js')
  const icon = await http.inject('/favicon.svg')

  assert.equal(script.body, 'run()')
  assert.match(String(script.headers['content-type']), /javascript/)
  assert.equal(script.headers['cache-control'], 'public, max-age=31536000, immutable')
  assert.equal(icon.headers['cache-control'], 'public, no-cache')
})

test('nothing outside of the pages can be reached', async (t) => {
  const http = await givenPages(t)
  const attempts = [
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/assets/%2e%2e/%2e%2e/secret.txt',
    '//secret.txt',
    '/..%5csecret.txt',
    '/assets/main-B1x_9aQz.js%00.txt',
  ]

  for (const url of attempts) {
    const answer = await http.inject(url)
    assert.equal(answer.statusCode, 404, url)
    assert.doesNotMatch(answer.body, /^secret/)
  }
})

test('a program that asks for what is not there gets a problem, not a page', async (t) => {
  const http = await givenPages(t)

  const json = await http.inject({ url: '/nowhere', headers: { accept: '*/*' } })
  const api = await http.inject({ url: '/api/v1/nowhere', headers: PAGE })

  assert.deepEqual([json.statusCode, api.statusCode], [404, 404])
  assert.equal(json.headers['content-type'], 'application/problem+json; charset=utf-8')
})
