// A file from a request: as its body, or as a part of a multipart form, with the words that say where it goes.

import { PassThrough, Readable } from 'node:stream'
import type { MultipartFile } from '@fastify/multipart'
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

/** Fields may stand before or behind the file, but those behind come too late to say where it goes. */
async function readForm(request: FastifyRequest, query: LoadParameters): Promise<Upload> {
  const fields: Record<string, string> = {}
  for await (const part of request.parts()) {
    if (part.type === 'file') return withFile(part, { ...query, ...fields })
    if (part.fieldnameTruncated || part.valueTruncated) {
      throw new AppError('too_large', `the field ${part.fieldname.slice(0, 50)} of the form is too long`)
    }
    fields[part.fieldname] = String(part.value)
  }
  throw new AppError('invalid', 'the form has no file; send it as the field `file`')
}

function withFile(part: MultipartFile, given: Record<string, unknown>): Upload {
  if (!parametersCheck.Check(given)) {
    const faults = parametersCheck
      .Errors(given)
      .map(({ instancePath, message }) => ({ path: instancePath, message }))
    part.file.resume()
    throw new AppError('invalid', 'the fields of the form are not valid', { faults })
  }
  const words = wordsOf({ file_name: part.filename ?? 'file', ...given })
  // A part that is cut off for its size ends as if it were whole: it must fail instead.
  const stream = new PassThrough()
  part.file.on('data', (chunk) => {
    if (!stream.write(chunk)) part.file.pause()
  })
  stream.on('drain', () => part.file.resume())
  part.file.on('error', (error) => stream.destroy(error))
  part.file.on('end', () => {
    if (part.file.truncated)
      stream.destroy(
        new AppError('too_large', 'the file is larger than the limit; split it, or compress it with gzip'),
      )
    else stream.end()
  })
  return { ...words, stream, content_type: part.mimetype }
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
