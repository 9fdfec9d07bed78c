// Writes that carry an `idempotency-key`: the same key with the same body is answered as the first time, without
// doing the work again. Only routes that declare `idempotent` take part.

import { hash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../clock.ts'
import type { Control } from '../engine/db.ts'
import { AppError } from '../errors.ts'
import * as store from './store.ts'

const KEPT_MS = 24 * 3_600_000
/** A request that has not ended after this was cut off; its key may be used again. */
const STUCK_MS = 10 * 60_000
const HEADERS_KEPT = ['content-type', 'location']

declare module 'fastify' {
  interface FastifyRequest {
    /** The key that this request holds until it is answered. */
    idempotency: store.KeyName | null
    /** The same for the same request with the same key, for a write that must know whether it was done; null without a key. */
    writeKey: string | null
  }
}

/** Keys live for a day, by account and route. An answer of 429 or 5xx gives the key free, to be tried again. */
export function addIdempotency(http: FastifyInstance, control: Control, clock: Clock): void {
  const at = (ageMs: number): string => new Date(Math.floor(clock.now() / 1000) - ageMs).toISOString()
  http.decorateRequest('idempotency', null)
  http.decorateRequest('writeKey', null)

  http.addHook('preHandler', async (request, reply) => {
    const name = keyOf(request)
    if (name === undefined) return
    await store.removeOld(control, { created: at(KEPT_MS), stuck: at(STUCK_MS) })
    const bodyHash = hashOf(request)
    if (await store.insertKey(control, name, bodyHash, at(0))) {
      request.idempotency = name
      request.writeKey = hash('sha256', JSON.stringify([name, bodyHash]))
      return
    }
    return replay(reply, bodyHash, await store.findAnswer(control, name))
  })

  http.addHook('onSend', async (request, reply, payload) => {
    const name = request.idempotency
    if (name === null) return payload
    request.idempotency = null
    try {
      if (reply.statusCode >= 500 || reply.statusCode === 429 || !isText(payload)) {
        await store.removeKey(control, name)
      } else {
        await store.updateAnswer(control, name, answerOf(reply, payload))
      }
    } catch (error) {
      // The work is done: to answer an error now would be untrue. The key stays taken until it counts as stuck.
      request.log.error({ err: error }, 'the answer to an idempotency key could not be kept')
    }
    return payload
  })
}

function keyOf(request: FastifyRequest): store.KeyName | undefined {
  const key = request.headers['idempotency-key']
  const { idempotent } = request.routeOptions.config
  const account = request.context.account
  if (key === undefined || idempotent !== true || account === null) return undefined
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new AppError(
      'malformed',
      'the idempotency-key must have 1 to 255 printable ASCII characters, without spaces',
    )
  }
  return {
    account_id: account.id,
    route: `${request.method} ${request.routeOptions.url}`,
    idempotency_key: key,
  }
}

function replay(reply: FastifyReply, bodyHash: string, answer: store.KeyedAnswer | undefined): FastifyReply {
  if (answer !== undefined && answer.body_hash !== bodyHash) {
    throw new AppError('key_reused', 'this idempotency-key came with another request before; take a new key')
  }
  if (answer === undefined || answer.status === null) {
    throw new AppError(
      'conflict',
      'the first request with this idempotency-key is still at work; try again',
      {
        extra: { retry_after_seconds: 1 },
      },
    )
  }
  return reply
    .code(answer.status)
    .headers(JSON.parse(answer.headers ?? '{}'))
    .header('idempotency-replayed', 'true')
    .send(answer.body ?? '')
}

/** What makes two requests the same: address with its query string, content type and body. */
function hashOf(request: FastifyRequest): string {
  const { body } = request
  const text = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body ?? null)
  const type = request.headers['content-type'] ?? ''
  return hash('sha256', `${request.url}\n${type}\n${hash('sha256', text)}`)
}

function answerOf(reply: FastifyReply, payload: string | Buffer | null | undefined) {
  const headers = HEADERS_KEPT.flatMap((name) =>
    reply.hasHeader(name) ? [[name, reply.getHeader(name)]] : [],
  )
  return {
    status: reply.statusCode,
    headers: JSON.stringify(Object.fromEntries(headers)),
    body: payload?.toString() ?? '',
  }
}

function isText(payload: unknown): payload is string | Buffer | null | undefined {
  return payload === null || payload === undefined || typeof payload === 'string' || Buffer.isBuffer(payload)
}
