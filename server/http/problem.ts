// The one shape in which something goes wrong (RFC 9457), and what each error of Fastify's means in our table.
// Nothing of an unexpected error is shown but the request id, under which the log has it.

import { errorCodes, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Problem } from '../../contract/basics.ts'
import { AppError, ERRORS, type ErrorCode } from '../errors.ts'

export const PROBLEM_TYPE = 'application/problem+json'

/** Answers an error, whatever it is; logs the unexpected with its stack. */
export function answerProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = asAppError(error, request)
  const { status } = ERRORS[known.code]
  if (known.code === 'internal') request.log.error({ err: error }, 'a request failed unexpectedly')
  else if (status >= 500) request.log.warn({ err: error, code: known.code }, 'a request could not be served')
  reply.code(status).headers(headersOf(known, request))
  // The rest of a body that nobody reads any more would stand in the way of the next request.
  if (request.raw.destroyed && !request.raw.complete) reply.header('connection', 'close')
  const { oauth, errorBody } = request.routeOptions.config
  if (oauth === true) return answerOauth(known, reply)
  if (errorBody !== undefined) {
    return reply.type('application/json').send(JSON.stringify(errorBody(known, status)))
  }
  const path = request.url.split('?')[0] ?? request.url
  return reply.type(PROBLEM_TYPE).send(JSON.stringify(problemOf(known, path, request.id)))
}

/** The members of a problem. `path` is what was asked for, without its query string. */
export function problemOf(error: AppError, path: string, requestId: string): Problem {
  const { status, title } = ERRORS[error.code]
  return {
    ...error.extra,
    type: `/docs/errors#${error.code}`,
    title,
    status,
    detail: error.message,
    instance: path,
    request_id: requestId,
    ...(error.faults && { errors: error.faults }),
  }
}

/** The error as it will be shown; `internal` for all that nobody foresaw. */
export function asAppError(error: unknown, request: FastifyRequest): AppError {
  if (error instanceof AppError) return error
  if (request.raw.destroyed && !request.raw.complete) {
    return new AppError('malformed', 'the connection ended before the whole request had come', {
      cause: error,
    })
  }
  const { code, statusCode } = (error ?? {}) as { code?: unknown; statusCode?: unknown } // any value may be thrown
  if (typeof code === 'string' && code.startsWith('FST_') && typeof statusCode === 'number') {
    const known =
      FASTIFY_ERRORS[code] ?? (statusCode < 500 ? (BY_STATUS[statusCode] ?? 'malformed') : undefined)
    if (known !== undefined) return new AppError(known, sentenceOf(known, request), { cause: error })
  }
  return new AppError('internal', 'something went wrong here; the log has the reason under this request_id', {
    cause: error,
  })
}

const BY_STATUS: Record<number, ErrorCode> = {
  404: 'not_found',
  405: 'method_not_allowed',
  406: 'unsupported_type',
  413: 'too_large',
  414: 'headers_too_large',
  415: 'unsupported_type',
  431: 'headers_too_large',
}

const FASTIFY_ERRORS: Record<string, ErrorCode> = {
  [errorCodes.FST_ERR_NOT_FOUND.name]: 'not_found',
  FST_ERR_HANDLER_TIMEOUT: 'busy',
}

function sentenceOf(code: ErrorCode, request: FastifyRequest): string {
  switch (code) {
    case 'not_found':
      return 'there is nothing at this address'
    case 'too_large':
      return `the body is larger than the ${Math.floor(request.routeOptions.bodyLimit / 1_048_576)} MB that are accepted here`
    case 'unsupported_type':
      return request.headers['content-encoding'] !== undefined
        ? 'the content-encoding is not accepted; send gzip, br or zstd, or none'
        : `the content type ${JSON.stringify((request.headers['content-type'] ?? '').slice(0, 100))} is not accepted here`
    case 'headers_too_large':
      return 'the address or the headers are too large'
    case 'busy':
      return 'it took too long; try again'
    default:
      return 'the request cannot be read: its address, length or body is not what HTTP or JSON allows'
  }
}

function headersOf({ code, extra }: AppError, request: FastifyRequest): Record<string, string> {
  const { status } = ERRORS[code]
  const sent = request.headers.authorization !== undefined
  return {
    'cache-control': 'no-store',
    ...(status === 401 && {
      'www-authenticate': `Bearer realm="tidemark"${sent ? ', error="invalid_token"' : ''}`,
    }),
    ...(status === 503 && { 'retry-after': '1' }),
    ...(typeof extra?.retry_after_seconds === 'number' && {
      'retry-after': String(extra.retry_after_seconds),
    }),
    ...(Array.isArray(extra?.allow) && { allow: extra.allow.join(', ') }),
  }
}

/** RFC 6749, section 5.2. A service says more exactly what is wrong in `extra.oauth_error`. */
function answerOauth(error: AppError, reply: FastifyReply): FastifyReply {
  const { status } = ERRORS[error.code]
  const given = error.extra?.oauth_error
  const code = typeof given === 'string' ? given : (OAUTH_ERRORS[error.code] ?? 'invalid_request')
  const answer = { error: status >= 500 ? 'server_error' : code, error_description: error.message }
  const oauthStatus = status >= 500 || status === 429 ? status : code === 'invalid_client' ? 401 : 400
  return reply
    .code(oauthStatus)
    .removeHeader('www-authenticate')
    .type('application/json')
    .send(JSON.stringify(answer))
}

const OAUTH_ERRORS: Partial<Record<ErrorCode, string>> = {
  wrong_credentials: 'invalid_grant',
  not_signed_in: 'invalid_grant',
  not_allowed: 'invalid_scope',
  rate_limited: 'slow_down',
}
