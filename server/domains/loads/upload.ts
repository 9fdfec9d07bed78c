// A file from a request: as its body, or as a part of a multipart form, with the words that say where it goes.

import { Readable } from 'node:stream'
import type { Multipart, MultipartFile } from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { CLOSED } from '../../../contract/basics.ts'
import { LoadParameters, type PreviewParameters } from '../../../contract/loads.ts'
import type { Mapping } from '../../../contract/mapping.ts'
import { AppError } from '../../errors.ts'
import { parseMapping } from './mapping.ts'
import type { FileToPreview } from './preview.ts'
import type { NewFile } from './service.ts'

const parametersCheck = Compile(LoadParameters)
/** In a form, everything is text. */
const previewCheck = Compile(
  Type.Object(
    {
      ...LoadParameters.properties,
      partial: Type.Optional(Type.Union([Type.Literal('true'), Type.Literal('false')])),
    },
    CLOSED,
  ),
)
type Validator = typeof parametersCheck | typeof previewCheck
const KEY = /^[\x21-\x7e]{1,255}$/

/** Throws AppError `invalid`, `malformed`, `unsupported_type`. */
export async function readUpload(
  request: FastifyRequest,
  query: LoadParameters,
): Promise<Omit<NewFile, 'account_id'>> {
  const key = idempotencyKey(request.headers['idempotency-key'])
  const { target, ...file } = await readSent(request, query, parametersCheck)
  if (target === undefined) {
    throw new AppError(
      'invalid',
      'say where the file goes: target=assets, signals, measurements or dataset:NAME',
      {
        faults: [{ path: '/target', message: 'is required; send it before the file' }],
      },
    )
  }
  return { target, ...file, ...(key !== undefined && { idempotency_key: key }) }
}

/** A file to be looked at: the same, and where it goes need not be said. */
export async function readPreview(request: FastifyRequest, query: PreviewParameters): Promise<FileToPreview> {
  const { partial = false, ...sent } = query
  const file = await readSent(request, { ...sent, partial: String(partial) }, previewCheck)
  return { ...file, partial: file.partial === 'true' }
}

/** What stands beside a file, in the address or in fields of the form before it: all of it text. */
type Words = Record<string, string | undefined>

interface Sent {
  stream: Readable
  content_type: string
  file_name: string
  mapping: Mapping
  target?: string
  partial?: string
}

async function readSent(request: FastifyRequest, query: Words, check: Validator): Promise<Sent> {
  return request.isMultipart() ? await readForm(request, query, check) : readBody(request, query)
}

function readBody(request: FastifyRequest, query: Words): Sent {
  const encoding = request.headers['content-encoding'] ?? 'identity'
  if (!['identity', 'gzip', 'zstd'].includes(encoding)) {
    throw new AppError(
      'unsupported_type',
      `the content encoding ${JSON.stringify(encoding)} is not taken; send gzip, zstd or none`,
    )
  }
  if (!(request.body instanceof Readable))
    throw new AppError('invalid', 'send the file as the body of the request')
  return { ...wordsOf(query), stream: request.body, content_type: request.headers['content-type'] ?? '' }
}

/** Fields stand before the file: what comes behind it comes too late to say where it goes. */
async function readForm(request: FastifyRequest, query: Words, check: Validator): Promise<Sent> {
  const fields: Record<string, string> = {}
  const parts = request.parts()
  for (let next = await nextPart(parts); !next.done; next = await nextPart(parts)) {
    const part = next.value
    if (part.type === 'file') return withFile(part, parts, { given: { ...query, ...fields }, check })
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

function withFile(
  part: MultipartFile,
  parts: Parts,
  { given, check }: { given: Words; check: Validator },
): Sent {
  if (!check.Check(given)) {
    const faults = check.Errors(given).map(({ instancePath, message }) => ({ path: instancePath, message }))
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

const wordsOf = ({ mapping, file_name, ...rest }: Words) => ({
  ...rest,
  mapping: parseMapping(mapping),
  file_name: file_name ?? 'file',
})

function idempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined
  if (typeof header === 'string' && KEY.test(header)) return header
  throw new AppError('malformed', 'the idempotency key must be 1 to 255 visible ASCII characters')
}
