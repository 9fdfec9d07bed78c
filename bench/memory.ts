// The greatest memory of a service's processes while something runs: the server, the engine and the loaders that come
// and go. Read from /proc, and so on Linux alone.

import { readFileSync } from 'node:fs'

/** Megabytes resident at most, by what the process is; undefined for one that was not seen. */
export interface Peaks {
  server: number | undefined
  engine: number | undefined
  loader: number | undefined
}

const EVERY_MS = 25

/** Watches until stopped. */
export function watchMemory(serverPid: number): { stop(): Peaks } {
  const peaks = new Map<string, number>()
  const look = () => {
    for (const pid of [serverPid, ...childrenOf(serverPid)]) {
      const peakMb = peakOf(pid)
      const role = pid === serverPid ? 'server' : roleOf(pid)
      if (peakMb !== undefined && role !== undefined) peaks.set(role, Math.max(peaks.get(role) ?? 0, peakMb))
    }
  }
  const timer = setInterval(look, EVERY_MS)
  return {
    stop() {
      look()
      clearInterval(timer)
      return { server: peaks.get('server'), engine: peaks.get('engine'), loader: peaks.get('loader') }
    },
  }
}

function childrenOf(pid: number): number[] {
  const text = readProc(pid, `task/${pid}/children`) ?? ''
  return text.split(' ').filter(Boolean).map(Number)
}

function roleOf(pid: number): string | undefined {
  const command = readProc(pid, 'cmdline') ?? ''
  if (command.includes('engine-process')) return 'engine'
  return command.includes('loader-process') ? 'loader' : undefined
}

/** The most that was resident since the process began. */
function peakOf(pid: number): number | undefined {
  const [, kilobytes] = readProc(pid, 'status')?.match(/^VmHWM:\s+(\d+) kB$/m) ?? []
  return kilobytes === undefined ? undefined : (Number(kilobytes) * 1024) / 1_000_000
}

/** Undefined once the process has ended. */
function readProc(pid: number, name: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8')
  } catch {
    return undefined
  }
}
