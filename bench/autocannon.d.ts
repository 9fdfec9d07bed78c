// The part of autocannon that is used here; the package brings no types.

declare module 'autocannon' {
  interface Request {
    body?: string
  }

  interface Options {
    url: string
    method: 'POST'
    connections: number
    /** Seconds. */
    duration: number
    headers: Record<string, string>
    requests: { setupRequest: (request: Request) => Request }[]
  }

  interface Result {
    duration: number
    '2xx': number
    non2xx: number
    errors: number
    /** Milliseconds. */
    latency: { p50: number; p99: number; max: number }
  }

  // CommonJS: what is assigned to module.exports arrives as the default.
  export default function autocannon(options: Options): Promise<Result>
}
