// A file from a request: as its body, or as a part of a multipart form, with the words that say where it goes.

import { Readable } from 'node:stream'
import type { Multipart, MultipartFile } from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'
import { Compile } from 'typebox/compile'
import { LoadParameters } from '../../../contract/loads.ts'
import { AppError } from '../../errors.ts'
import { parseMapping } from './mapping.ts'
import type { NewFile } from './service.ts'

const parametersCheck = Compile(LoadParameters)
const KEY = /^[\x21-\x7e]{1,255}$/

/** Throws AppError `invalid`, `malformed`, `unsupported_type`. */
export async function readUpload(
  request: FastifyRequest,
  query: LoadParameters,
): Promise<Omit<NewFile, 'account_id'>> {
  const key = idempotencyKey(request.headers['idempotency-key'])
  const file = request.isMultipart() ? await readForm(request, query) : readBody(request, query)
  return key === undefined ? file : { ...file, idempotency_key: key }
}

type Upload = Omit<NewFile, 'account_id' | 'idempotency_key'>

function readBody(request: FastifyRequest, query: LoadParameters): Upload {
  const encoding = request.headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity' && encoding !== 'gzip') {
    throw new AppError(
      'unsupported_type',
      `the content encoding ${JSON.stringify(encoding)} is not taken; send gzip or none`,
    )
  }
  if (!(request.body instanceof Readable))
    throw new AppError('invalid', 'send the file as the body of the request')
  return { ...wordsOf(query), stream: request.body, content_type: request.headers['content-type'] ?? '' }
}

/** Fields stand before the file: what comes behind it comes too late to say where it goes. */
async function readForm(request: FastifyRequest, query: LoadParameters): Promise<Upload> {
  const fields: Record<string, string> = {}
  const parts = request.parts()
  for (let next = await nextPart(parts); !next.done; next = await nextPart(parts)) {
    const part = next.value
    if (part.type === 'file') return withFile(part, parts, { ...query, ...fields })
    if (part.fieldnameTruncated || part.valueTruncated) {
      throw new AppError('too_large', `the field ${part.fieldname.slice(0, 50)} of the form is too long`)
    }
    fields[part.fieldname] = String(part.value)
  }
  throw new AppError('invalid', 'the form has no file; send it as the field `file`')
}

type Parts = AsyncIterableIterator<Multipart>

async function nextPart(parts: Parts): Promise<IteratorResult<Multipart>> {
  try {
    return await parts.next()
  } catch (error) {
    throw formFailure(error)
  }
}

/** Errors of the form that have no code are about its shape: a boundary is missing, or a header is broken. */
function formFailure(error: unknown): unknown {
  if (error instanceof AppError) return error
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'FST_FILES_LIMIT') return new AppError('invalid', 'the form has several files; send one')
  if (code !== undefined) return error
  return new AppError('malformed', 'the form breaks off before its last boundary', { cause: error })
}

function withFile(part: MultipartFile, parts: Parts, given: Record<string, unknown>): Upload {
  if (!parametersCheck.Check(given)) {
    const faults = parametersCheck
      .Errors(given)
      .map(({ instancePath, message }) => ({ path: instancePath, message }))
    part.file.resume()
    throw new AppError('invalid', 'the fields of the form are not valid', { faults })
  }
  const words = wordsOf({ file_name: part.filename ?? 'file', ...given })
  const stream = Readable.from(wholeFile(part.file, parts), { objectMode: false })
  return { ...words, stream, content_type: part.mimetype }
}

/** The file's bytes; fails at their end when the form is not whole, or when anything stands behind the file. */
async function* wholeFile(file: MultipartFile['file'], parts: Parts): AsyncGenerator<Uint8Array> {
  try {
    yield* file
  } catch (error) {
    throw formFailure(error)
  }
  // One that is cut off for its size ends as if it were whole.
  if (file.truncated) {
    throw new AppError('too_large', 'the file is larger than the limit; split it, or compress it with gzip')
  }
  const behind = await nextPart(parts)
  if (!behind.done) {
    throw new AppError(
      'invalid',
      'send target, mapping and file_name before the file; behind it they come too late',
    )
  }
}

function wordsOf({
  target,
  mapping,
  file_name,
}: LoadParameters): Pick<Upload, 'target' | 'mapping' | 'file_name'> {
  if (target === undefined) {
    throw new AppError(
      'invalid',
      'say where the file goes: target=assets, signals, measurements or dataset:NAME',
      {
        faults: [{ path: '/target', message: 'is required; send it before the file' }],
      },
    )
  }
  return { target, mapping: parseMapping(mapping), file_name: file_name ?? 'file' }
}

function idempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined
  if (typeof header === 'string' && KEY.test(header)) return header
  throw new AppError('malformed', 'the idempotency key must be 1 to 255 visible ASCII characters')
}
