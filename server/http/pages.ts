// The built pages: files under web/dist as they are, and index.html for every address that a page has. Knows nothing
// of what the pages show.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../errors.ts'
import type { RouteTable } from './route-table.ts'

const NOT_PAGES = ['/api', '/docs', '/healthz', '/readyz', '/search']

export interface PagesOptions {
  /** Where the build left them. */
  folder: string
  routes: RouteTable
  /** What index.html learns of where it runs: each `__NAME__` in it is replaced. */
  surroundings: Record<string, string>
}

/** Serves the files of `folder` below the root; only those that were there at the start, so that no address leads elsewhere. */
export async function addPages(http: FastifyInstance, options: PagesOptions): Promise<void> {
  const { folder, routes, surroundings } = options
  const files = new Set(listFiles(folder))
  const index = files.has('index.html') ? readIndex(folder, surroundings) : undefined
  if (files.size > 0) await http.register(fastifyStatic, { root: folder, serve: false })
  http.get('/*', { schema: { hide: true }, config: { needs: 'anyone' } }, async (request, reply) => {
    const path = pathOf(request)
    const file = path.slice(1)
    if (files.has(file) && file !== 'index.html') return sendFile(reply, file)
    if (!isPage(request, path)) throw nothingThere(path, request.method, routes)
    if (index === undefined) {
      throw new AppError('not_found', 'the pages have not been built: run npm run build, then start again')
    }
    return reply.type('text/html; charset=utf-8').send(index)
  })
}

function readIndex(folder: string, surroundings: Record<string, string>): string {
  return Object.entries(surroundings).reduce(
    (text, [name, value]) => text.replaceAll(`__${name}__`, value),
    readFileSync(join(folder, 'index.html'), 'utf8'),
  )
}

/** 404, or 405 with the methods that the address does take. */
export function nothingThere(path: string, method: string, routes: RouteTable): AppError {
  const methods = routes.methodsAt(path)
  if (methods.length === 0 || methods.includes(method))
    return new AppError('not_found', 'there is nothing at this address')
  return new AppError('method_not_allowed', `this address takes ${methods.join(', ')}, not ${method}`, {
    extra: { allow: methods },
  })
}

/** A name with a hash of its content never changes what it means. */
function sendFile(reply: FastifyReply, file: string): FastifyReply {
  const hashed = /-[A-Za-z0-9_-]{8}\.[a-z0-9]+$/.test(file)
  reply.header('cache-control', hashed ? 'public, max-age=31536000, immutable' : 'public, no-cache')
  return reply.sendFile(file, { cacheControl: false })
}

function isPage(request: FastifyRequest, path: string): boolean {
  const isOther = NOT_PAGES.some((prefix) => path === prefix || path.startsWith(`${prefix}/`))
  // The root has nothing else to show; elsewhere a program that asks for no page is better told of its mistake.
  return !isOther && (path === '/' || (request.headers.accept ?? '').includes('text/html'))
}

/** Decoded by the router before, so that it cannot fail. */
function pathOf(request: FastifyRequest): string {
  return decodeURIComponent(request.url.split(/[?#]/)[0] ?? '/')
}

function listFiles(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
}
