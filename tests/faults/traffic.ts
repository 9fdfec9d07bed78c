/**
 * Clients that send readings and files without pause while the service is being killed, and remember what they were
 * told. Every value follows from its signal and time, so that what is stored can be checked without having been kept.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { ServiceProcess } from './service-process.ts'

/** Signals that only files write to, and how many rows each file has of each. */
export const FILE_SIGNALS = Array.from({ length: 8 }, (_, index) => `file-${index}`)
export const STEPS_A_FILE = 5_000
/** Steps of a file that the file before has too, so that merges meet stored readings. */
export const STEPS_SHARED = 500
export const BAD_ROWS_A_FILE = 20
/** Signals that devices write to, one device each. */
export const DEVICE_SIGNALS = Array.from({ length: 12 }, (_, index) => `device-${index}`)
/** The first instant, in seconds; a step is one second. */
export const EPOCH_S = Date.UTC(2026, 0, 1) / 1000

const ROWS_A_REQUEST = 40
const CORRECTIONS_A_REQUEST = 4
/** Every so many requests, one that got no answer is not sent again. */
const ABANDON_EVERY = 5
const RETRY_PAUSE_MS = 20

export const instantOf = (step: number) => new Date((EPOCH_S + step) * 1000).toISOString()

/** What one device sent. */
export interface DeviceMemory {
  signal_id: string
  /** The last acknowledged value by step. */
  acknowledged: Map<number, number>
  /** Requests without an answer, each a value by step: all of it may be stored, or nothing. */
  unanswered: Map<number, number>[]
  requests: number
  /** Requests that were sent more than once. */
  retried: number
}

export const newDevice = (signal_id: string): DeviceMemory => ({
  signal_id,
  acknowledged: new Map(),
  unanswered: [],
  requests: 0,
  retried: 0,
})

/** What the one who loads files sent. */
export interface FileMemory {
  /** Ids of loads by the number of their file. */
  loads: string[]
}

export interface Answered {
  status: number
  body: ReturnType<typeof JSON.parse>
}

export async function prepareSignals(service: ServiceProcess): Promise<void> {
  const asset = await service.send('POST', '/assets', { id: 'grid', type: 'site', name: 'Grid' })
  if (asset.status !== 201) throw new Error(await asset.text())
  for (const id of [...FILE_SIGNALS, ...DEVICE_SIGNALS]) {
    const signal = { id, asset_id: 'grid', quantity: id, unit: 'kV' }
    const answer = await service.send('POST', '/signals', signal)
    if (answer.status !== 201) throw new Error(await answer.text())
  }
}

/** Sends requests until `stop` is aborted; a request without an answer is sent again, but for every fifth. */
export async function sendReadings(
  service: ServiceProcess,
  { memory, stop }: { memory: DeviceMemory; stop: AbortSignal },
): Promise<void> {
  for (let number = 0; !stop.aborted; number++) {
    const canAbandon = number % ABANDON_EVERY === 0
    const rows = rowsOf(number, canAbandon ? 0 : CORRECTIONS_A_REQUEST)
    const headers: Record<string, string> =
      number % 2 === 0 ? { 'idempotency-key': `${memory.signal_id}-${number}` } : {}
    const body = [...rows].map(([step, value]) => ({
      signal_id: memory.signal_id,
      measured_at: instantOf(step),
      value,
    }))
    memory.requests++
    for (let tries = 1; ; tries++) {
      const answer = await answered(() => service.send('POST', '/measurements', body, headers))
      if (answer?.status === 200) {
        checkCounts(answer.body, rows.size)
        for (const [step, value] of rows) memory.acknowledged.set(step, value)
        break
      }
      if (answer !== undefined && answer.status !== 503)
        throw new Error(`readings were answered ${answer.status} ${JSON.stringify(answer.body)}`)
      if (tries === 1) memory.retried++
      if (canAbandon || stop.aborted) {
        memory.unanswered.push(rows)
        break
      }
      await delay(RETRY_PAUSE_MS)
    }
  }
}

/** New steps, and other values for steps of the request before. */
function rowsOf(number: number, corrections: number): Map<number, number> {
  const rows = new Map<number, number>()
  const first = number * ROWS_A_REQUEST
  for (let step = first; step < first + ROWS_A_REQUEST; step++) rows.set(step, step)
  // Steps of an abandoned request are left as they are: whether they are stored must stay visible.
  const isAfterAbandoned = (number - 1) % ABANDON_EVERY === 0
  if (number > 0 && !isAfterAbandoned) {
    for (let step = first - corrections; step < first; step++) rows.set(step, step + 0.5)
  }
  return rows
}

function checkCounts(body: Answered['body'], rows: number): void {
  const { accepted, updated, unchanged, rejected } = body
  if (accepted + updated + unchanged !== rows || rejected.length > 0)
    throw new Error(`${rows} rows were answered with ${JSON.stringify(body)}`)
}

/** Sends one file after the other until `stop` is aborted, each when the one before has been taken. */
export async function sendFiles(
  service: ServiceProcess,
  { memory, stop, ahead }: { memory: FileMemory; stop: AbortSignal; ahead: number },
): Promise<void> {
  while (!stop.aborted) {
    const number = memory.loads.length
    const load = await sendFile(service, number, stop)
    if (load !== undefined) memory.loads.push(load)
    const before = memory.loads[number - ahead]
    if (before !== undefined) await waitForEnd(service, before, stop)
  }
}

async function waitForEnd(service: ServiceProcess, load: string, stop: AbortSignal): Promise<void> {
  while (!stop.aborted && !(await hasEnded(service, load))) await delay(RETRY_PAUSE_MS)
}

/** The load's id; undefined when it was told to stop before it had one. */
async function sendFile(
  service: ServiceProcess,
  number: number,
  stop: AbortSignal,
): Promise<string | undefined> {
  const body = fileOf(number)
  const path = `/loads?target=measurements&file_name=file-${number}.csv`
  const headers = { 'content-type': 'text/csv', 'idempotency-key': `file-${number}` }
  for (let tries = 1; tries === 1 || !stop.aborted; tries++) {
    const answer = await answered(() => service.request('POST', path, { body, headers }))
    if (answer?.status === 202) return answer.body.id
    if (answer !== undefined && answer.status !== 503)
      throw new Error(`a file was answered ${answer.status} ${JSON.stringify(answer.body)}`)
    await delay(RETRY_PAUSE_MS)
  }
  return undefined
}

async function hasEnded(service: ServiceProcess, id: string): Promise<boolean> {
  const answer = await answered(() => service.request('GET', `/loads/${id}`))
  return answer?.status === 200 && !['queued', 'running'].includes(answer.body.status)
}

/** File `number`: every signal at each of its steps, and bad rows between them. */
export function fileOf(number: number): string {
  const first = firstStepOf(number)
  const lines = ['signal_id,measured_at,value']
  for (let step = first; step < first + STEPS_A_FILE; step++) {
    const instant = instantOf(step)
    for (let index = 0; index < FILE_SIGNALS.length; index++)
      lines.push(`${FILE_SIGNALS[index]},${instant},${step * 10 + index}`)
    if ((step - first) % (STEPS_A_FILE / BAD_ROWS_A_FILE) === 0)
      lines.push(`${FILE_SIGNALS[0]},${instant},none`)
  }
  return `${lines.join('\n')}\n`
}

export const firstStepOf = (number: number) => number * (STEPS_A_FILE - STEPS_SHARED)

/** The answer, or undefined when the connection broke before it was there. */
async function answered(ask: () => Promise<Response>): Promise<Answered | undefined> {
  try {
    const answer = await ask()
    return { status: answer.status, body: await answer.json() }
  } catch (error) {
    if (error instanceof TypeError || (error instanceof Error && error.name === 'TimeoutError'))
      return undefined
    throw error
  }
}
