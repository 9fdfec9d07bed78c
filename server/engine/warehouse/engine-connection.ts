// The service's end of the engine's socket: questions and answers matched by number, streams with flow control,
// and one honest error when the engine goes away. Knows frames, not SQL.

import { connect, type Socket } from 'node:net'
import { AppError } from '../../errors.ts'
import { type Answer, type Ask, readFrames, writeFrame } from './frames.ts'

interface Waiting {
  resolve: (result: unknown) => void
  reject: (error: Error) => void
  chunk?: (bytes: Uint8Array) => void
}

export interface EngineConnection {
  ask<T>(ask: Ask): Promise<T>
  stream(ask: Extract<Ask, { op: 'text' }>): AsyncIterable<Uint8Array>
  /** Ends the connection; open sessions are rolled back by the engine. */
  end(): void
}

const MESSAGES = {
  busy: 'the database has more questions waiting than it can answer soon; try again in a moment',
  query_timeout: 'the question took too long; ask for a shorter range or a longer bucket',
  disk_full: 'the disk of the database is full; nothing was stored',
  sql_invalid: 'the SQL cannot be run',
  range_too_large: 'the answer is larger than one answer may be; ask for less',
} as const

export const engineLost = (cause?: unknown) =>
  new AppError('engine_lost', 'the database is restarting; try again in a moment', { cause })

export const questionTooLong = (cause?: unknown) =>
  new AppError('query_timeout', MESSAGES.query_timeout, { cause })

/** Unlike a lost engine, this one does not come back: there is nothing to wait for. */
export const engineClosed = () => new AppError('busy', 'the service is stopping; try again in a moment')

/** Connects; `onClose` is called once when the connection ends, for whatever reason. */
export async function connectEngine(socketPath: string, onClose: () => void): Promise<EngineConnection> {
  const socket = await open(socketPath)
  const waiting = new Map<number, Waiting>()
  const counter = { next: 1 }

  readFrames(socket, (message) => settle(waiting, message as Answer)) // written by engine-process.ts
  socket.on('error', () => socket.destroy())
  socket.on('close', () => {
    for (const one of waiting.values()) one.reject(engineLost())
    waiting.clear()
    onClose()
  })

  function send(ask: Ask, one: Waiting): number {
    const id = counter.next++
    if (socket.destroyed) {
      one.reject(engineLost())
      return id
    }
    waiting.set(id, one)
    writeFrame(socket, { id, ask })
    return id
  }

  return {
    ask: <T>(ask: Ask) =>
      new Promise<T>((resolve, reject) => {
        send(ask, { resolve: (result) => resolve(result as T), reject }) // the op decides what T is
      }),

    async *stream(ask) {
      const chunks: Uint8Array[] = []
      const state: { ended: boolean; error: Error | undefined; wake: () => void } = {
        ended: false,
        error: undefined,
        wake: () => {},
      }
      const finish = (error?: Error) => {
        state.ended = true
        state.error = error
        state.wake()
      }
      const stream = send(ask, {
        resolve: () => finish(),
        reject: finish,
        chunk: (bytes) => {
          chunks.push(bytes)
          state.wake()
        },
      })
      const tell = (op: 'more' | 'cancel') => send({ op, stream }, { resolve: () => {}, reject: () => {} })
      try {
        for (;;) {
          const chunk = chunks.shift()
          if (chunk) {
            tell('more')
            yield chunk
          } else if (state.ended) {
            if (state.error) throw state.error
            return
          } else {
            await new Promise<void>((resolve) => {
              state.wake = resolve
            })
          }
        }
      } finally {
        if (!state.ended) tell('cancel')
      }
    },

    end: () => socket.destroy(),
  }
}

function settle(waiting: Map<number, Waiting>, answer: Answer): void {
  const one = waiting.get(answer.id)
  if (!one) return
  if ('chunk' in answer) {
    one.chunk?.(answer.chunk)
    return
  }
  waiting.delete(answer.id)
  if ('fault' in answer) {
    const { fault, message } = answer
    one.reject(
      fault === 'internal' ? new Error(message) : new AppError(fault, MESSAGES[fault], { cause: message }),
    )
  } else {
    one.resolve(answer.result)
  }
}

function open(socketPath: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath)
    socket.once('connect', () => resolve(socket))
    socket.once('error', reject)
  })
}
