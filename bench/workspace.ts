// What both benchmarks stand on: options, a temporary folder with the files of the workload, a limit on the whole run,
// and the table at its end. Everything that was started or written is gone afterwards, however the run ends.

import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { writeGrid } from './grid.ts'
import { GRID_3M, GRID_30M, type Grid, gridAssets, gridSignals } from './grid-model.ts'
import { formatTable, type Line } from './table.ts'

export interface Options {
  size: '3M' | '30M'
  grid: Grid
  /** Measurements of each line. */
  repeats: number
  /** Arrays are sent for a minute instead of ten seconds. */
  sustained: boolean
  /** Memory is watched over a file of 2 GB. */
  memory: boolean
}

export interface Workspace {
  options: Options
  folder: string
  /** The CSV of a grid, written at the first call with its name. */
  gridFile(name: string, grid: Grid): string
  /** Tells the terminal what is being measured. */
  say(text: string): void
  /** Done at the end, the last first. */
  defer(close: () => Promise<unknown>): void
}

/** A part of a benchmark, which can be asked for by its name. */
export type Part = (workspace: Workspace) => Promise<Line[]>

const LIMIT_MINUTES = { '3M': 20, '30M': 120 }

/** Runs the parts in their order and prints the table; a target that is missed is printed, not a failure. */
export async function runBenchmark(parts: Record<string, Part>): Promise<void> {
  const { options, only } = readOptions(Object.keys(parts))
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-bench-'))
  chmodSync(folder, 0o755) // PostgreSQL, which runs as another user, reads the files too
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
  const limitMinutes = LIMIT_MINUTES[options.size]
  const limit = setTimeout(() => {
    console.error(`The run took longer than ${limitMinutes} minutes and was ended.`)
    process.exit(1)
  }, limitMinutes * 60_000)
  const closers: (() => Promise<unknown>)[] = []
  const workspace = createWorkspace(options, folder, closers)
  const lines: Line[] = []
  const [busyBefore = 0] = loadavg()
  try {
    for (const [name, part] of Object.entries(parts)) {
      if (only.length === 0 || only.includes(name)) lines.push(...(await part(workspace)))
    }
  } finally {
    if (lines.length > 0) console.log(`${formatTable(lines)}\n\n${describeMachine(busyBefore)}`)
    for (const close of closers.toReversed()) await close()
    clearTimeout(limit)
  }
}

/** Figures of a machine that others use too are worth less; the load says how much. */
function describeMachine(busyBefore: number): string {
  const [busyAfter = 0] = loadavg()
  const load = `load average ${busyBefore.toFixed(1)} before and ${busyAfter.toFixed(1)} after`
  return `${availableParallelism()} cores, Node ${process.versions.node}, ${load}`
}

function createWorkspace(options: Options, folder: string, closers: (() => Promise<unknown>)[]): Workspace {
  const files = new Map<string, string>()
  const started = performance.now()
  const workspace: Workspace = {
    options,
    folder,
    gridFile(name, grid) {
      const known = files.get(name)
      if (known !== undefined) return known
      const path = join(folder, `${name}.csv`)
      workspace.say(`writing ${name}.csv`)
      writeGrid(path, grid)
      files.set(name, path)
      return path
    },
    say: (text) =>
      console.error(`${((performance.now() - started) / 1000).toFixed(0).padStart(4)} s  ${text}`),
    defer: (close) => {
      closers.push(close)
    },
  }
  return workspace
}

/** Assets and signals of a grid as files for the service. */
export function writeCatalogue({ folder }: Workspace, grid: Grid): { assets: string; signals: string } {
  const place = join(folder, `catalogue-${grid.components}`)
  mkdirSync(place, { recursive: true })
  const assets = join(place, 'assets.json')
  const signals = join(place, 'signals.json')
  writeFileSync(assets, JSON.stringify(gridAssets(grid)))
  writeFileSync(signals, JSON.stringify(gridSignals(grid)))
  return { assets, signals }
}

function readOptions(parts: string[]): { options: Options; only: string[] } {
  const { values } = parseArgs({
    options: {
      rows: { type: 'string', default: '3M' },
      repeats: { type: 'string', default: '5' },
      only: { type: 'string', default: '' },
      sustained: { type: 'boolean', default: false },
      memory: { type: 'boolean', default: false },
    },
  })
  const { rows: size, sustained, memory } = values
  const repeats = Number(values.repeats)
  const only = values.only === '' ? [] : values.only.split(',')
  if (size !== '3M' && size !== '30M') throw new Error('--rows is 3M or 30M')
  if (!Number.isInteger(repeats) || repeats < 1 || repeats > 100) throw new Error('--repeats is 1 to 100')
  const strange = only.find((name) => !parts.includes(name))
  if (strange !== undefined) throw new Error(`--only names parts, of which there are ${parts.join(', ')}`)
  const grid = size === '30M' ? GRID_30M : GRID_3M
  return { options: { size, grid, repeats, sustained, memory }, only }
}
