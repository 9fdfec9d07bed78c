// Who asks, and by which request: carried through every layer, so that logs and traces name it without being told.

import { AsyncLocalStorage } from 'node:async_hooks'
import { randomBytes, randomUUID } from 'node:crypto'
import type { Role } from '../contract/accounts.ts'

export interface Caller {
  id: string
  name: string
  role: Role
}

export interface RequestContext {
  /** As sent in `x-request-id` when it is well formed, otherwise generated. */
  request_id: string
  /** 32 hexadecimal digits, from `traceparent` when it is valid, otherwise generated. */
  trace_id: string
  /** Null until the caller is known, and for those who are not signed in. */
  account: Caller | null
  scopes: string[]
  /** The key that the account used, if it was one. */
  api_key_id?: string
  /** Where the request came from; nothing of it outside of a request. */
  address?: string
  /** What is taken for one place there: the address, of IPv6 its first 64 bits. */
  network?: string
  /** Rows that came in with the request, for the count of what is used. */
  rows?: number
}

const storage = new AsyncLocalStorage<RequestContext>()

/** Runs `work`, and everything it starts, in the given context. */
export function runWith<T>(context: RequestContext, work: () => T): T {
  return storage.run(context, work)
}

/** The context of the request or job being worked on; undefined outside of one. */
export function currentContext(): RequestContext | undefined {
  return storage.getStore()
}

/** Counts rows that came in with the current request. */
export function countRows(rows: number): void {
  const context = storage.getStore()
  if (context !== undefined) context.rows = (context.rows ?? 0) + rows
}

/** The id sent when it has 1 to 128 of the letters, digits, dots, lines and underscores; a new one otherwise. */
export function requestId(sent: unknown): string {
  return typeof sent === 'string' && /^[A-Za-z0-9._-]{1,128}$/.test(sent) ? sent : randomUUID()
}

/** The trace id of a valid W3C `traceparent` (www.w3.org/TR/trace-context), a new one otherwise. */
export function traceId(sent: unknown): string {
  const match =
    typeof sent === 'string'
      ? /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/.exec(sent)
      : null
  const ended = match?.[1] === '00' && match[3] !== undefined // version 00 ends with its flags
  return match?.[2] !== undefined && !ended ? match[2] : randomBytes(16).toString('hex')
}
