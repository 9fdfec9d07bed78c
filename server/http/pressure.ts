// Refuses work while there is already too much: better a quick 503 for some than a slow answer for all. Whether it is
// too much is told by how late the event loop is, and by memory.

import { monitorEventLoopDelay } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import type { FastifyInstance } from 'fastify'
import { AppError } from '../errors.ts'

const SAMPLE_EVERY_MS = 500
const RESOLUTION_MS = 20
/** One long piece of work is no overload; so many samples in a row are. */
const SAMPLES_IN_A_ROW = 4

/** What a process has of each, or may have. */
export interface Load {
  /** Mean over the last sample. */
  delayMs: number
  heapBytes: number
  residentBytes: number
}

/** A second late, a queue only grows. */
const DELAY_MS = 1000
/** Near its limit V8 does little but collect garbage. */
const HEAP_PART = 0.95
/** Of what the container may have; beyond that the kernel ends the process. */
const RESIDENT_PART = 0.92

export interface Pressure {
  /** What there is too much of, in words; undefined when all is well. */
  reason(): string | undefined
  stop(): void
}

/** Measures this process twice a second. */
export function watchPressure(): Pressure {
  const limits = limitsOfProcess()
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  histogram.enable()
  let reason: string | undefined
  let samples = 0
  const timer = setInterval(() => {
    const { heapUsed, rss } = process.memoryUsage()
    // The histogram counts from one tick to the next, its own resolution among it.
    const delayMs = histogram.mean / 1_000_000 - RESOLUTION_MS
    const excess = excessOf({ delayMs, heapBytes: heapUsed, residentBytes: rss }, limits)
    samples = excess === undefined ? 0 : samples + 1
    reason = samples >= SAMPLES_IN_A_ROW ? excess : undefined
    histogram.reset()
  }, SAMPLE_EVERY_MS).unref()
  return {
    reason: () => reason,
    stop() {
      clearInterval(timer)
      histogram.disable()
    },
  }
}

/** What is past its limit, in words. A delay that is NaN was not measured. */
export function excessOf(load: Load, limits: Load): string | undefined {
  if (load.delayMs > limits.delayMs) return 'there is more to do than this process keeps up with'
  if (load.heapBytes > limits.heapBytes || load.residentBytes > limits.residentBytes)
    return 'this process is short of memory'
  return undefined
}

function limitsOfProcess(): Load {
  const constrained = process.constrainedMemory()
  // Without a limit the kernel says a number that no machine has.
  const isLimited = constrained > 0 && constrained < 2 ** 50
  return {
    delayMs: DELAY_MS,
    heapBytes: getHeapStatistics().heap_size_limit * HEAP_PART,
    residentBytes: isLimited ? constrained * RESIDENT_PART : Number.POSITIVE_INFINITY,
  }
}

/** Refuses with `busy` while there is a reason; never those who watch the service. */
export function addPressure(http: FastifyInstance, reason: () => string | undefined): void {
  http.addHook('onRequest', async (request) => {
    const why = reason()
    if (why !== undefined && request.routeOptions.config.limit !== 'none')
      throw new AppError('busy', `${why}; try again shortly`)
  })
}
