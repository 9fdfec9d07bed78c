// JSON bodies: UTF-8, at most 64 levels deep, no key that reaches into an object's prototype. A key sent twice counts
// with its last value, as JSON.parse has it.

import { isUtf8 } from 'node:buffer'
import type { FastifyInstance } from 'fastify'
import { AppError } from '../errors.ts'

const MAX_DEPTH = 64

const OPENING = new Set([0x5b, 0x7b])
const CLOSING = new Set([0x5d, 0x7d])
const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Reads `application/json` so for every route. */
export function addJsonParser(http: FastifyInstance): void {
  const parse = http.getDefaultJsonParser('error', 'error')
  http.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, bytes, done) => {
    const body = bytes as Buffer // by parseAs
    if (!isUtf8(body)) return done(new AppError('malformed', 'the body is not UTF-8'))
    if (isDeeperThan(body, MAX_DEPTH)) {
      return done(new AppError('malformed', `the body nests deeper than ${MAX_DEPTH} levels`))
    }
    void parse(request, body.toString(), (error, value) =>
      error === null
        ? done(null, value)
        : done(new AppError('malformed', reasonOf(body.toString()), { cause: error })),
    )
  })
}

/** Whether brackets outside of texts nest deeper than `limit`. One pass, about a nanosecond a byte. */
export function isDeeperThan(json: Uint8Array, limit: number): boolean {
  let depth = 0
  let inText = false
  for (let at = 0; at < json.length; at++) {
    const byte = json[at] ?? 0
    if (inText) {
      if (byte === BACKSLASH) at++
      else if (byte === QUOTE) inText = false
    } else if (byte === QUOTE) inText = true
    else if (OPENING.has(byte) && ++depth > limit) return true
    else if (CLOSING.has(byte)) depth--
  }
  return false
}

function reasonOf(text: string): string {
  if (text.trim() === '') return 'the body is empty; it must be JSON'
  try {
    JSON.parse(text)
    return 'the body has a key that is not accepted: __proto__, or prototype within constructor'
  } catch (error) {
    const place = error instanceof Error ? /\(line \d+ column \d+\)/.exec(error.message)?.[0] : undefined
    return `the body is not JSON${place === undefined ? '' : `: it goes wrong at ${place.slice(1, -1)}`}`
  }
}
