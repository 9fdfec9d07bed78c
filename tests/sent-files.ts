/** Files sent to be loaded, as bodies and as forms, and what became of them. */
import assert from 'node:assert/strict'
import type { Load } from '../contract/loads.ts'
import type { Running } from './harness.ts'

export const CSV = { 'content-type': 'text/csv' }
export const JSON_TYPE = { 'content-type': 'application/json' }
export const HEADER = 'signal_id,measured_at,value\n'

export interface Part {
  name: string
  body: string | Uint8Array
  file?: string
  type?: string
}

export const BOUNDARY = 'boundary-of-the-test'
export const FORM = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` }

/** A multipart form; `cut` leaves out so many bytes of its end. */
export function form(parts: Part[], cut = 0): Buffer {
  const pieces = parts.flatMap(({ name, body, file, type = 'text/csv' }) => [
    `--${BOUNDARY}\r\ncontent-disposition: form-data; name="${name}"`,
    file === undefined ? '\r\n\r\n' : `; filename="${file}"\r\ncontent-type: ${type}\r\n\r\n`,
    body,
    '\r\n',
  ])
  const whole = Buffer.concat([...pieces, `--${BOUNDARY}--\r\n`].map((piece) => Buffer.from(piece)))
  return whole.subarray(0, whole.length - cut)
}

export const mappingOf = (mapping: object) => `mapping=${encodeURIComponent(JSON.stringify(mapping))}`

/** Sends a file and waits until its load has ended; `file` is the body, or what `post` takes. */
export async function load(
  app: Running,
  query: string,
  file: unknown,
  headers: Record<string, string> = CSV,
): Promise<Load> {
  const answer = await app.post(`/loads?${query}`, file, headers)
  assert.equal(answer.status, 202, answer.text)
  assert.equal(answer.headers.location, `/api/v1/loads/${answer.body.id}`)
  const ended = await app.loaded(answer.body.id)
  const { rows_read, rows_loaded, rows_updated, rows_unchanged, rows_rejected } = ended
  assert.equal(rows_read, rows_loaded + rows_updated + rows_unchanged + rows_rejected)
  assert.equal(ended.progress === 1, ended.status === 'done')
  assert.equal(ended.error === null, ended.status === 'done')
  return ended
}

/** Loaded, updated, unchanged, rejected. */
export function counts(ended: Load): number[] {
  assert.equal(ended.status, 'done', ended.error ?? '')
  return [ended.rows_loaded, ended.rows_updated, ended.rows_unchanged, ended.rows_rejected]
}

export async function rejects(app: Running, { id }: Load): Promise<unknown[][]> {
  const { body } = await app.get(`/loads/${id}/rejects`)
  return body.items.map(({ line, column, value, reason }: Record<string, unknown>) => [
    line,
    column,
    value,
    reason,
  ])
}

/** Line, column, value and rule of each refused row. */
export async function refusals(app: Running, { id }: Load): Promise<unknown[][]> {
  const { body } = await app.get(`/loads/${id}/rejects?limit=1000`)
  return body.items.map(({ line, column, value, rule }: Record<string, unknown>) => [
    line,
    column,
    value,
    rule,
  ])
}
