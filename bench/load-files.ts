// Files through the front door: the whole workload, the same again, one with faults, one more day. Beside them the same
// bytes in PostgreSQL and in bare DuckDB.

import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { readCsvUnchecked, usedBytes } from './baseline-duckdb.ts'
import { copyChecked, copyKeyed, createChecked, openPostgres } from './baseline-postgres.ts'
import { GRID_3M, type Grid, gridSignals } from './grid-model.ts'
import { type Peaks, watchMemory } from './memory.ts'
import { prepareEmpty, type Service, warehouseFiles } from './service.ts'
import { alone, atMostTimes, fasterThan, type Line, measure, type Sample, sampleOf } from './table.ts'
import type { Workspace } from './workspace.ts'

const READINGS = 'measurements'

/** Grid-3M: a day of its 300 signals is 86 400 readings; as many are sent to grid-30M. */
const DAY: Grid = { ...GRID_3M, readings: 288 }
const DAY_ROWS = 86_400
/** Components whose readings make a file of 2 GB. */
const COMPONENTS_OF_2_GB = 1810

const sizeOf = (files: string[]) => files.reduce((sum, file) => sum + statSync(file).size, 0)
const rowsOf = ({ components, readings }: Grid) => components * 3 * readings

/** The workload into an empty warehouse, and the same file a second time. */
export async function fileLines(workspace: Workspace): Promise<Line[]> {
  const { grid, size, repeats } = workspace.options
  const file = workspace.gridFile('grid', grid)
  const empty = await prepareEmpty(workspace, grid)
  const postgres = await openPostgres(workspace)
  await createChecked(
    postgres,
    gridSignals(grid).map(({ id }) => id),
  )
  workspace.say(`grid-${size}: the service, DuckDB and PostgreSQL in turns, ${repeats} times`)
  const visits: Visit[] = []
  const { ours, bare, keyed, checked } = await measure(repeats, {
    ours: async () => {
      const visit = await empty.use((service) => loadTwice(service, file, rowsOf(grid)))
      visits.push(visit)
      return visit.first_ms
    },
    bare: () => readCsvUnchecked(workspace, file),
    keyed: () => copyKeyed(postgres, file),
    checked: () => copyChecked(postgres, file),
  })
  const line = { work: `grid-${size} CSV, checked and durable`, ours, unit: 'ms' as const }
  return [
    fasterThan({ ...line, baseline: keyed, against: 'PostgreSQL copy, primary key' }, 4),
    fasterThan({ ...line, baseline: checked, against: 'PostgreSQL, equal checks' }, 9),
    atMostTimes({ ...line, baseline: bare, against: 'DuckDB read_csv, no checks' }, 4),
    ...visitLines(visits, ours),
  ]
}

interface Visit {
  first_ms: number
  again_ms: number
  /** Of a reading: of the files, and of those blocks in them that hold something. */
  stored_bytes: number
  used_bytes: number
}

/** Loads the file, loads it again, ends the service and looks at what it left. */
async function loadTwice(service: Service, file: string, rows: number): Promise<Visit> {
  const first_ms = await loadAll(service, file, rows)
  const again_ms = await loadUnchanged(service, file, rows)
  await service.stop()
  const files = warehouseFiles(service.folder)
  const stored_bytes = sizeOf(files) / rows
  return { first_ms, again_ms, stored_bytes, used_bytes: (await usedBytes(files[0] ?? '')) / rows }
}

function visitLines(visits: Visit[], first: Sample): Line[] {
  const of = (figure: keyof Visit) => sampleOf(visits.map((visit) => visit[figure]))
  const again = { work: 'the same file again', ours: of('again_ms'), baseline: first, unit: 'ms' as const }
  return [
    atMostTimes({ ...again, against: 'first load' }, 1.2),
    alone({ work: 'stored size of a reading', ours: of('stored_bytes'), unit: 'bytes' }, { atMost: 6 }),
    alone({ work: 'of it in use, the rest free for later', ours: of('used_bytes'), unit: 'bytes' }, null),
  ]
}

async function loadAll(service: Service, file: string, rows: number): Promise<number> {
  const { ms, load } = await service.load(file, READINGS)
  assert.equal(load.rows_loaded, rows)
  return ms
}

/** Nothing may be written: all rows are counted as unchanged. */
async function loadUnchanged(service: Service, file: string, rows: number): Promise<number> {
  const { ms, load } = await service.load(file, READINGS)
  assert.equal(load.rows_unchanged, rows)
  return ms
}

/** One row in a hundred must be refused, one in a hundred stands twice. */
export async function mixedLines(workspace: Workspace): Promise<Line[]> {
  const { grid, repeats } = workspace.options
  const clean = workspace.gridFile('grid', grid)
  const mixed = workspace.gridFile('mixed', { ...grid, bad: 0.01, duplicates: 0.01 })
  const empty = await prepareEmpty(workspace, grid)
  const refusedAtLeast = rowsOf(grid) / 100
  workspace.say('a file with bad rows and duplicates, and the clean file, in turns')
  const samples = await measure(repeats, {
    clean: () => empty.use((service) => loadAll(service, clean, rowsOf(grid))),
    mixed: () =>
      empty.use(async (service) => {
        const { ms, load } = await service.load(mixed, READINGS)
        assert.equal(load.rows_loaded, rowsOf(grid))
        assert.ok(load.rows_rejected >= refusedAtLeast)
        const { items } = await service.ask<{ items: object[] }>(`/loads/${load.id}/rejects?limit=1000`)
        assert.equal(items.length, 1000)
        return ms
      }),
  })
  const { clean: baseline, mixed: ours } = samples
  return [
    atMostTimes(
      { work: '1 % bad rows, 1 % duplicates', ours, baseline, unit: 'ms', against: 'clean file' },
      2,
    ),
  ]
}

/** A day of readings into what is there already, each time another day. */
export async function dayLines(workspace: Workspace): Promise<Line[]> {
  const { grid, size, repeats } = workspace.options
  const file = workspace.gridFile('grid', grid)
  const days = Array.from({ length: repeats + 1 }, (_, day) =>
    workspace.gridFile(`day-${day}`, { ...DAY, first_step: grid.readings + day * DAY.readings }),
  )
  const empty = await prepareEmpty(workspace, grid)
  workspace.say(`a day of ${DAY_ROWS} rows into grid-${size} and into nothing, in turns`)
  const samples = await empty.use(async (full) => {
    await loadAll(full, file, rowsOf(grid))
    await loadAll(full, days[repeats] ?? '', DAY_ROWS) // so that both sides have loaded before
    return await measure(repeats, {
      full: (turn) => loadAll(full, days[turn] ?? '', DAY_ROWS),
      empty: (turn) => empty.use((service) => loadAll(service, days[turn] ?? '', DAY_ROWS)),
    })
  })
  const line = { ours: samples.full, baseline: samples.empty, unit: 'ms' as const, against: 'into nothing' }
  return [atMostTimes({ ...line, work: `a day of 86 400 rows into grid-${size}` }, 2)]
}

/** The peaks of the three processes over the workload, or over 2 GB when asked for. */
export async function memoryLines(workspace: Workspace): Promise<Line[]> {
  const { options } = workspace
  const grid = options.memory ? { ...GRID_3M, components: COMPONENTS_OF_2_GB } : options.grid
  const file = workspace.gridFile(options.memory ? 'large' : 'grid', grid)
  const empty = await prepareEmpty(workspace, grid)
  const sizeMb = Math.round(statSync(file).size / 1_000_000)
  workspace.say(`memory while a file of ${sizeMb} MB comes in`)
  const peaks = await empty.use(async (service) => {
    const watch = watchMemory(service.pid)
    await loadAll(service, file, rowsOf(grid))
    return watch.stop()
  })
  return (['server', 'engine', 'loader'] as const).flatMap((role) => memoryLine(peaks, role, sizeMb))
}

function memoryLine(peaks: Peaks, role: keyof Peaks, sizeMb: number): Line[] {
  const peakMb = peaks[role]
  if (peakMb === undefined) return []
  const work = `memory of the ${role}, loading ${sizeMb} MB`
  return [alone({ work, ours: sampleOf([peakMb]), unit: 'MB' }, { atMost: 1000 })]
}
