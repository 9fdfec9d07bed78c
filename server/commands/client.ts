// A running service as the commands see it: addresses below /api/v1, a token, and problems as errors.

import type { Config } from '../config.ts'
import { readSecret } from './terminal.ts'

export interface ClientOptions {
  url?: string
  username?: string
  password?: string
}

export interface ServiceClient {
  get(path: string): Promise<unknown>
  /** Sends a body as it comes. */
  upload(path: string, contentType: string, body: ReadableStream): Promise<unknown>
}

/** Signs in at a running service. Throws a plain Error with a sentence when it cannot be reached or refuses. */
export async function connectClient(config: Config, options: ClientOptions): Promise<ServiceClient> {
  const origin = new URL(options.url ?? (config.publicUrl || `http://${config.host}:${config.port}`)).origin
  const token = config.clientToken || (await signIn(origin, config, options))
  const headers = { authorization: `Bearer ${token}` }
  return {
    get: (path) => ask(origin, path, { headers }),
    upload: (path, contentType, body) => {
      // `duplex` is required for streams and missing in the types.
      const request = {
        method: 'POST',
        headers: { ...headers, 'content-type': contentType },
        body,
        duplex: 'half',
      }
      return ask(origin, path, request as RequestInit)
    },
  }
}

async function signIn(
  origin: string,
  config: Config,
  { username, password }: ClientOptions,
): Promise<string> {
  const known = username === undefined && config.env === 'development'
  if (username === undefined && !known) {
    throw new Error('Say who you are: --username NAME, or a token in TIDEMARK_TOKEN.')
  }
  const name = username ?? 'manager'
  const secret = known ? 'manager' : (password ?? (await readSecret(`Password of ${name}: `)))
  const body = new URLSearchParams({ grant_type: 'password', username: name, password: secret })
  const answer = await ask(origin, '/token', { method: 'POST', body })
  return (answer as { access_token: string }).access_token // by the contract
}

async function ask(origin: string, path: string, request: RequestInit): Promise<unknown> {
  const response = await fetch(`${origin}/api/v1${path}`, request).catch((error: unknown) => {
    throw new Error(`No Tidemark answers at ${origin}. Start one with: tidemark serve`, { cause: error })
  })
  const text = await response.text()
  if (response.ok) return JSON.parse(text)
  throw new Error(sentenceOf(text) ?? `${origin} answered ${response.status}.`)
}

/** What a problem, or an OAuth error, says was wrong. */
function sentenceOf(text: string): string | undefined {
  try {
    const { title, detail, error_description } = JSON.parse(text)
    return error_description ?? (detail === undefined ? undefined : `${title}: ${detail}`)
  } catch {
    return undefined
  }
}
