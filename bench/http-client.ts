// A client with connections that stay open, light enough not to be what is measured.

import { Agent, type IncomingMessage, request as open } from 'node:http'
import type { Readable } from 'node:stream'

export interface Answer {
  status: number
  body: Buffer
  /** Milliseconds from the request to the first byte of the body, and to its last. */
  first_byte_ms: number
  total_ms: number
}

export interface Call {
  method?: string
  headers?: Record<string, string | number>
  body?: string | Uint8Array | Readable
}

export interface HttpClient {
  /** Throws for any status but 2xx, with what the answer says. */
  call(path: string, call?: Call): Promise<Answer>
  close(): void
}

const TIMEOUT_MS = 600_000

export function createHttpClient(origin: string, headers: Record<string, string> = {}): HttpClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 })
  const { hostname: host, port } = new URL(origin)
  return {
    call(path, { method = 'GET', headers: more = {}, body } = {}) {
      return new Promise((resolve, reject) => {
        const start = performance.now()
        const length =
          typeof body === 'string' || body instanceof Uint8Array ? Buffer.byteLength(body) : undefined
        const all = { ...headers, ...more, ...(length === undefined ? {} : { 'content-length': length }) }
        const request = open({ host, port, path, method, agent, headers: all, timeout: TIMEOUT_MS })
        request.once('timeout', () =>
          request.destroy(new Error(`${method} ${path} was not answered in time`)),
        )
        request.once('error', reject)
        request.once('response', (response) => {
          collect(response, start).then((answer) => {
            if (answer.status < 300) resolve(answer)
            else reject(new Error(`${method} ${path} answered ${answer.status}: ${answer.body.toString()}`))
          }, reject)
        })
        if (body === undefined || length !== undefined) request.end(body)
        else (body as Readable).pipe(request) // neither text nor bytes
      })
    },
    close: () => agent.destroy(),
  }
}

async function collect(response: IncomingMessage, start: number): Promise<Answer> {
  const chunks: Buffer[] = []
  let firstByteMs = 0
  for await (const chunk of response) {
    if (chunks.length === 0) firstByteMs = performance.now() - start
    chunks.push(chunk as Buffer) // no encoding is set
  }
  const totalMs = performance.now() - start
  return {
    status: response.statusCode ?? 0,
    body: Buffer.concat(chunks),
    first_byte_ms: firstByteMs,
    total_ms: totalMs,
  }
}
