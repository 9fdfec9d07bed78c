// Headers that tell browsers what pages of ours may do. Scripts come from here alone, never from within a page.

import helmet from '@fastify/helmet'
import type { FastifyInstance } from 'fastify'

/** Style attributes are allowed: the tooltips of charts are made of them, and they cannot run anything. */
const CONTENT_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "style-src-attr 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self' blob:",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ')

const DATA_FILES =
  /^(?:text\/csv|application\/(?:x-ndjson|pdf|octet-stream|vnd\.(?:apache\.|openxmlformats-)))/

export async function addSecurityHeaders(
  http: FastifyInstance,
  { https }: { https: boolean },
): Promise<void> {
  await http.register(helmet, {
    contentSecurityPolicy: false,
    frameguard: { action: 'deny' },
    referrerPolicy: { policy: 'same-origin' },
    crossOriginEmbedderPolicy: false,
    hsts: https ? { maxAge: 31_536_000, includeSubDomains: false } : false,
  })
  http.addHook('onRequest', async (_request, reply) => {
    reply.header('content-security-policy', CONTENT_POLICY)
    reply.header('permissions-policy', 'camera=(), geolocation=(), microphone=(), payment=(), usb=()')
  })
  // A file of data is kept, never shown as if it were a page of ours.
  http.addHook('onSend', async (_request, reply, payload) => {
    const type = String(reply.getHeader('content-type') ?? '')
    if (DATA_FILES.test(type) && !reply.hasHeader('content-disposition'))
      reply.header('content-disposition', 'attachment')
    return payload
  })
}
