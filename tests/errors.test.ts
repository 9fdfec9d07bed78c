// The table of errors against what is written about it, and what the unexpected looks like from outside.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import Fastify from 'fastify'
import { AppError, ERRORS } from '../server/errors.ts'
import { answerProblem } from '../server/http/problem.ts'

const TEXT = readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8')
const SECTIONS = new Map(
  TEXT.split(/^## /m)
    .slice(1)
    .map((section) => [/^`([a-z_]+)`/.exec(section)?.[1], section]),
)

test('docs/errors.md explains each code once, with its status, and no other', () => {
  assert.deepEqual(
    [...SECTIONS.keys()].filter((code) => code !== undefined).toSorted(),
    Object.keys(ERRORS).toSorted(),
  )
  for (const [code, { status }] of Object.entries(ERRORS)) {
    assert.match(SECTIONS.get(code) ?? '', new RegExp(`^Status ${status}\\b`, 'm'), code)
  }
})

test('each code is answered with its status, title and an anchor of the documentation', async () => {
  const http = Fastify()
  http.setErrorHandler(answerProblem)
  for (const code of Object.keys(ERRORS) as (keyof typeof ERRORS)[]) {
    http.get(`/${code}`, () => {
      throw new AppError(code, 'what was wrong and what would be right', {
        faults: [{ path: '/a', message: 'b' }],
      })
    })
  }

  for (const [code, { status, title }] of Object.entries(ERRORS)) {
    const answer = await http.inject(`/${code}?token=secret`)
    assert.equal(answer.statusCode, status)
    assert.equal(answer.headers['content-type'], 'application/problem+json; charset=utf-8')
    assert.equal(answer.headers['retry-after'], status === 503 ? '1' : undefined)
    const { request_id, ...problem } = answer.json()
    assert.equal(typeof request_id, 'string')
    assert.deepEqual(problem, {
      type: `/docs/errors#${code}`,
      title,
      status,
      detail: 'what was wrong and what would be right',
      instance: `/${code}`,
      errors: [{ path: '/a', message: 'b' }],
    })
  }
})

test('the unexpected says nothing of itself', async () => {
  const http = Fastify()
  http.setErrorHandler(answerProblem)
  const thrown: unknown[] = [
    new Error('select secret from /etc/passwd'),
    Object.assign(new Error('secret'), { statusCode: 400, code: 'EACCES' }),
    Object.assign(new Error('secret'), { code: 'FST_ERR_REP_INVALID_PAYLOAD_TYPE', statusCode: 500 }),
    'secret',
  ]
  thrown.forEach((value, index) => {
    http.get(`/${index}`, () => {
      throw value
    })
  })

  for (const index of thrown.keys()) {
    const answer = await http.inject(`/${index}`)
    assert.equal(answer.statusCode, 500, answer.body)
    assert.equal(answer.json().type, '/docs/errors#internal')
    assert.doesNotMatch(answer.body, /secret|passwd|stack/)
  }
})
