// Prometheus remote write 1.0: the protobuf message `prometheus.WriteRequest` (prometheus.io/docs/specs/remote_write_spec)
// as series with labels and samples. Pure; knows no signal. Reads these messages only, and passes over what else is in
// them.

import { isUtf8 } from 'node:buffer'
import type { Instant } from '../../engine/sql.ts'
import { AppError } from '../../errors.ts'

/** Labels of one series at most; Prometheus itself advises far fewer. */
const LABELS_LIMIT = 200

export interface Sample {
  /** As it was sent: NaN and the infinities too. */
  value: number
  instant: Instant
}

export interface SampledSeries {
  /** As they were sent, `__name__` among them. */
  labels: [name: string, value: string][]
  samples: Sample[]
  /** How many of these came with it, which are no readings. */
  exemplars: number
  histograms: number
}

/** What stands in a message: bytes for what has a length, a number for the rest. */
interface Part {
  field: number
  bytes: Uint8Array | undefined
  number: number
}

/**
 * The series of a request, one after the other. Throws `malformed` for what is no such message, also when the series
 * before it were given already.
 */
export function* readSeries(request: Uint8Array): Generator<SampledSeries> {
  for (const { field, bytes } of readParts(request)) {
    if (field === 1) yield readOneSeries(expectBytes(bytes))
  }
}

function readOneSeries(message: Uint8Array): SampledSeries {
  const series: SampledSeries = { labels: [], samples: [], exemplars: 0, histograms: 0 }
  for (const { field, bytes } of readParts(message)) {
    if (field === 1) series.labels.push(readLabel(expectBytes(bytes)))
    else if (field === 2) series.samples.push(readSample(expectBytes(bytes)))
    else if (field === 3) series.exemplars++
    else if (field === 4) series.histograms++
    if (series.labels.length > LABELS_LIMIT) throw damaged(`a series has more than ${LABELS_LIMIT} labels`)
  }
  return series
}

function readLabel(message: Uint8Array): [string, string] {
  const label: [string, string] = ['', '']
  for (const { field, bytes } of readParts(message)) {
    if (field === 1) label[0] = readText(expectBytes(bytes))
    else if (field === 2) label[1] = readText(expectBytes(bytes))
  }
  return label
}

function readSample(message: Uint8Array): Sample {
  const sample = { value: 0, instant: 0 }
  for (const { field, number } of readParts(message)) {
    if (field === 1) sample.value = number
    else if (field === 2) sample.instant = number * 1000
  }
  return sample
}

/** The fields of a message (protobuf.dev/programming-guides/encoding). */
function* readParts(message: Uint8Array): Generator<Part> {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength)
  for (let at = 0; at < message.length; ) {
    const tag = readVarint(message, at)
    const field = Math.floor(tag.number / 8)
    const kind = tag.number % 8
    if (kind === 0) {
      const { number, next } = readVarint(message, tag.next)
      yield { field, bytes: undefined, number }
      at = next
    } else if (kind === 2) {
      const { number: length, next } = readVarint(message, tag.next)
      if (length < 0 || next + length > message.length) throw damaged()
      yield { field, bytes: message.subarray(next, next + length), number: 0 }
      at = next + length
    } else {
      const width = kind === 1 ? 8 : kind === 5 ? 4 : 0
      if (width === 0 || tag.next + width > message.length) throw damaged()
      yield { field, bytes: undefined, number: width === 8 ? view.getFloat64(tag.next, true) : 0 }
      at = tag.next + width
    }
  }
}

/** A whole number of up to 64 bits, signed; of more than 53 bits to the nearest double. */
function readVarint(message: Uint8Array, start: number): { number: number; next: number } {
  let number = 0
  for (let at = start; at < start + 7; at++) {
    const byte = message[at]
    if (byte === undefined) throw damaged()
    number += (byte & 0x7f) * 128 ** (at - start)
    if (byte < 0x80) return { number, next: at + 1 }
  }
  let long = 0n
  for (let at = start; at < start + 10; at++) {
    const byte = message[at]
    if (byte === undefined) throw damaged()
    long |= BigInt(byte & 0x7f) << BigInt(7 * (at - start))
    if (byte < 0x80) return { number: Number(BigInt.asIntN(64, long)), next: at + 1 }
  }
  throw damaged()
}

function readText(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw damaged('a label is not UTF-8')
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
}

function expectBytes(bytes: Uint8Array | undefined): Uint8Array {
  if (bytes === undefined) throw damaged()
  return bytes
}

function damaged(reason = 'it breaks off or has a field of another type'): AppError {
  return new AppError('malformed', `the body is not a prometheus.WriteRequest: ${reason}`)
}
