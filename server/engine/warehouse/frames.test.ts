import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { readFrames, writeFrame } from './frames.ts'

/** A wire that keeps what is written, and what is read from bytes given by hand. */
function wire(): { socket: Socket; stream: PassThrough } {
  const stream = new PassThrough()
  return { socket: stream as unknown as Socket, stream } // only what both have is used
}

function bytesOf(messages: unknown[]): Buffer {
  const { socket, stream } = wire()
  for (const message of messages) writeFrame(socket, message)
  return messages.length === 0 ? Buffer.alloc(0) : stream.read()
}

describe('messages between service and engine', () => {
  test('each comes whole and in order, however the bytes are cut', () => {
    const message = fc.oneof(
      fc.json().map((text) => JSON.parse(text)),
      fc.record({ id: fc.nat(), chunk: fc.uint8Array({ maxLength: 300 }) }, { noNullPrototype: true }),
      fc.record(
        { id: fc.nat(), columns: fc.array(fc.float64Array({ maxLength: 50 }), { maxLength: 3 }) },
        { noNullPrototype: true },
      ),
    )
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 5 }),
        fc.array(fc.nat(), { maxLength: 8 }),
        (messages, places) => {
          const bytes = bytesOf(messages)
          const ends = places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b)
          const { socket, stream } = wire()
          const received: unknown[] = []
          readFrames(socket, (each) => received.push(each))

          for (const [index, start] of [0, ...ends].entries()) {
            stream.emit('data', bytes.subarray(start, ends[index] ?? bytes.length))
          }

          assert.deepEqual(received, messages)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('one byte at a time is enough', () => {
    const messages = [{ id: 1, result: Float64Array.of(1, Number.NaN, -0) }, null, 'ä', { id: 2 }]
    const { socket, stream } = wire()
    const received: unknown[] = []
    readFrames(socket, (each) => received.push(each))

    for (const byte of bytesOf(messages)) stream.emit('data', Buffer.from([byte]))

    assert.deepEqual(received, messages)
  })
})
