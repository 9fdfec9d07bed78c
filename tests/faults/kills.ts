/**
 * Kills the parts of a service at random moments while its clients send, and measures how soon it is ready again.
 * The same for the test, with few rounds, and for the benchmark, with many.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { type Part, type ServiceProcess, until } from './service-process.ts'
import { type Damage, findDamage } from './stored-rows.ts'
import {
  DEVICE_SIGNALS,
  type FileMemory,
  newDevice,
  prepareSignals,
  sendFiles,
  sendReadings,
} from './traffic.ts'

export interface Kill {
  part: Part
  /** From the kill to the first 200 of /readyz. */
  ready_ms: number
}

export interface KillReport {
  kills: Kill[]
  loads: number
  /** Requests with readings that were acknowledged or abandoned, and how many had to be sent again. */
  requests: number
  retried: number
  damage: Damage
}

const TURNS: Part[] = ['engine', 'server', 'loader']
/** A part is killed at a random moment of this time after the one before. */
const PAUSE_MS = 700
/** Files that may wait while another is loaded. */
const FILES_AHEAD = 2
const LOADER_TIMEOUT_MS = 10_000
const LOADS_TIMEOUT_MS = 60_000

export interface KillOptions {
  rounds: number
  /** From 0 to 1. */
  random: () => number
  onKill?: (kill: Kill) => void
}

/** Kills `rounds` times under traffic, lets all loads end, stops the service and looks at what it stored. */
export async function killRepeatedly(
  service: ServiceProcess,
  { rounds, random, onKill = () => {} }: KillOptions,
): Promise<KillReport> {
  await prepareSignals(service)
  const stop = new AbortController()
  const devices = DEVICE_SIGNALS.map(newDevice)
  const files: FileMemory = { loads: [] }
  const traffic = [
    ...devices.map((memory) => sendReadings(service, { memory, stop: stop.signal })),
    sendFiles(service, { memory: files, stop: stop.signal, ahead: FILES_AHEAD }),
  ]
  const kills: Kill[] = []
  const rounding = (async () => {
    while (kills.length < rounds && !stop.signal.aborted) {
      await delay(random() * PAUSE_MS)
      const kill = await killOne(service, TURNS[kills.length % TURNS.length] ?? 'server', random)
      if (kill === undefined) continue
      kills.push(kill)
      onKill(kill)
    }
  })()
  try {
    // A client that is told something untrue ends the rounds.
    await Promise.race([rounding, Promise.all(traffic)])
    await rounding
  } catch (cause) {
    throw new Error(`a client was told something untrue; the log ends with\n${service.log().slice(-4000)}`, {
      cause,
    })
  } finally {
    stop.abort()
    await Promise.allSettled([rounding, ...traffic])
  }
  await until(async () => (await runningLoads(service)) === 0, LOADS_TIMEOUT_MS, 50)
  await service.stop()
  const damage = await findDamage(service.folder, { devices, files })
  return {
    kills,
    loads: files.loads.length,
    requests: devices.reduce((sum, device) => sum + device.requests, 0),
    retried: devices.reduce((sum, device) => sum + device.retried, 0),
    damage,
  }
}

/** Undefined when the part had ended by itself before it could be killed. */
async function killOne(service: ServiceProcess, part: Part, random: () => number): Promise<Kill | undefined> {
  if (part === 'loader') {
    await until(() => service.pid('loader') !== undefined, LOADER_TIMEOUT_MS)
    await delay(random() * 100)
  }
  const from = performance.now()
  if (!(await service.kill(part))) return undefined
  if (part === 'server') await service.start()
  await service.ready()
  return { part, ready_ms: performance.now() - from }
}

async function runningLoads(service: ServiceProcess): Promise<number> {
  const pages = await Promise.all(
    ['queued', 'running'].map((status) => service.json(`/loads?status=${status}&limit=1000`)),
  )
  return pages.reduce((sum, page) => sum + page.items.length, 0)
}

/** Ready-again times of one part. */
export function readyTimes(kills: Kill[], part: Part): { kills: number; median_ms: number; max_ms: number } {
  const times = kills
    .filter((kill) => kill.part === part)
    .map((kill) => kill.ready_ms)
    .sort((a, b) => a - b)
  return {
    kills: times.length,
    median_ms: Math.round(times[Math.floor(times.length / 2)] ?? 0),
    max_ms: Math.round(times.at(-1) ?? 0),
  }
}

/** Random numbers that a seed repeats (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
