// Every error that this service answers on purpose: one table from code to status and title, and the one class.
// `docs/errors.md` explains each; a test compares the two.

export const ERRORS = {
  malformed: { status: 400, title: 'The request cannot be read' },
  not_signed_in: { status: 401, title: 'Sign in first' },
  wrong_credentials: { status: 401, title: 'Name or password is wrong' },
  not_allowed: { status: 403, title: 'This account may not do that' },
  cross_site: { status: 403, title: 'The request came from another site' },
  not_found: { status: 404, title: 'There is no such thing' },
  method_not_allowed: { status: 405, title: 'The address does not take this method' },
  conflict: { status: 409, title: 'It conflicts with what is stored' },
  key_reused: { status: 409, title: 'The idempotency key belongs to another request' },
  too_slow: { status: 408, title: 'The request came too slowly' },
  too_large: { status: 413, title: 'The body is too large' },
  unsupported_type: { status: 415, title: 'The content type is not accepted here' },
  invalid: { status: 422, title: 'The request is not valid' },
  range_too_large: { status: 422, title: 'The range asks for too much' },
  sql_invalid: { status: 422, title: 'The SQL cannot be a metric' },
  formula_invalid: { status: 422, title: 'The formula cannot be understood' },
  rate_limited: { status: 429, title: 'Too many requests; wait a little' },
  headers_too_large: { status: 431, title: 'The headers are too large' },
  internal: { status: 500, title: 'Something went wrong here' },
  disk_full: { status: 507, title: 'The disk is full' },
  busy: { status: 503, title: 'Too much at once; try again' },
  engine_lost: { status: 503, title: 'The database is restarting; try again' },
  query_timeout: { status: 504, title: 'The question took too long' },
} as const

export type ErrorCode = keyof typeof ERRORS

/** One wrong place in the input: a JSON pointer, and what would be right there. */
export interface Fault {
  path: string
  message: string
}

/** An error to be shown: `message` is public and says what was wrong and what would be right. */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly faults: Fault[] | undefined
  /** Further members of the problem, such as `position` of a fault in a formula. */
  readonly extra: Record<string, unknown> | undefined

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; faults?: Fault[]; extra?: Record<string, unknown> } = {},
  ) {
    super(message, { cause: options.cause })
    this.code = code
    this.faults = options.faults
    this.extra = options.extra
  }
}
