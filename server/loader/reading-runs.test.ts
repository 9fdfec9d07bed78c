import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { readRun } from '../engine/warehouse/run-file.ts'
import { NO_COUNTS } from './job.ts'
import { createRunWriter, sortRows } from './reading-runs.ts'

interface Reading {
  place: number
  instant: number
  value: number
}

const KEYS = [10, 20, 30]
const DAY = 86_400_000_000
const INSTANTS = [-DAY * 25_000, -1, 0, 1, DAY * 20_000, DAY * 20_000 + 1, DAY * 20_031, DAY * 84_000]
const reading: fc.Arbitrary<Reading> = fc.record({
  place: fc.nat(2),
  instant: fc.constantFrom(...INSTANTS),
  value: fc.constantFrom(1, 2, 3),
})

interface Stored {
  key: number
  instant: number
  value: number
  layer: number
}

/** Writes the readings with a flush before each of `cuts`; answers what stands in the files, in their order. */
async function write(folder: string, readings: Reading[], cuts: number[], capacity = readings.length) {
  const counts = { ...NO_COUNTS }
  const files: { path: string; layer: number }[] = []
  const runs = createRunWriter({
    folder,
    keys: () => Int32Array.from(KEYS),
    counts,
    wrote: (path, layer) => files.push({ path, layer }),
    capacity,
  })
  for (const [index, { place, instant, value }] of readings.entries()) {
    if (cuts.includes(index)) runs.flush()
    runs.add(place, instant, value)
  }
  runs.flush()
  await runs.finish()
  const stored: Stored[][] = []
  for (const { path, layer } of files) {
    const { rows, signal_key, measured_at, value } = await readRun(path)
    stored.push(
      Array.from({ length: rows }, (_, row) => ({
        key: signal_key[row] ?? 0,
        instant: (measured_at[2 * row + 1] ?? 0) * 2 ** 32 + ((measured_at[2 * row] ?? 0) >>> 0),
        value: value[row] ?? 0,
        layer,
      })),
    )
  }
  return { counts, stored, layers: runs.layers(), firsts: runs.firstLayers() }
}

const nameOf = ({ key, instant }: { key: number; instant: number }) => `${key} ${instant}`

describe('runs of readings', () => {
  test('layer upon layer they leave what the readings would one by one, and count the same', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'tidemark-runs-'))
    t.after(() => rm(folder, { recursive: true, force: true }))

    await fc.assert(
      fc.asyncProperty(
        fc.array(reading, { maxLength: 40 }),
        fc.array(fc.nat(40), { maxLength: 6 }),
        fc.integer({ min: 1, max: 40 }),
        async (readings, cuts, capacity) => {
          const { counts, stored, layers, firsts } = await write(folder, readings, cuts, capacity)

          // Whatever is said twice within the file is an update or a repetition of it.
          const expected = { inserted: 0, updated: 0, unchanged: 0 }
          const values = new Map<string, number>()
          for (const { place, instant, value } of readings) {
            const name = nameOf({ key: KEYS[place] ?? 0, instant })
            const before = values.get(name)
            expected[before === undefined ? 'inserted' : before === value ? 'unchanged' : 'updated']++
            values.set(name, value)
          }
          const found = {
            inserted: 0,
            updated: counts.rows_updated,
            unchanged: counts.rows_unchanged,
          }
          const across = { updated: 0, unchanged: 0 }
          const merged = new Map<string, number>()
          for (let layer = 0; layer < layers; layer++) {
            const rows = stored.flat().filter((row) => row.layer === layer)
            assert.equal(new Set(rows.map(nameOf)).size, rows.length, 'a layer has no reading twice')
            for (const row of rows) {
              const before = merged.get(nameOf(row))
              const kind = before === row.value ? 'unchanged' : 'updated'
              found[before === undefined ? 'inserted' : kind]++
              if (before !== undefined && firsts.includes(layer)) across[kind]++
              merged.set(nameOf(row), row.value)
            }
          }
          assert.deepEqual(found, expected)
          assert.equal(counts.rows_superseded + across.updated, expected.updated)
          assert.equal(counts.rows_repeated + across.unchanged, expected.unchanged)
          assert.deepEqual(Object.fromEntries(merged), Object.fromEntries(values))
          assert.ok(stored.flat().every(({ layer }) => layer < layers))
        },
      ),
      { numRuns: 200 },
    )
  })

  test('readings of a month stand together, then by signal and time', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'tidemark-runs-'))
    t.after(() => rm(folder, { recursive: true, force: true }))
    const readings: Reading[] = []
    for (let hour = 0; hour < 24 * 60; hour += 6) {
      for (const place of [2, 0, 1]) readings.push({ place, instant: hour * 3_600_000_000, value: hour })
    }

    const { stored } = await write(folder, readings, [])

    const month = (instant: number) => Math.floor(instant / (30.4375 * DAY))
    const [run] = stored
    assert.equal(stored.length, 1)
    assert.deepEqual(
      run,
      run?.toSorted((a, b) => month(a.instant) - month(b.instant) || a.key - b.key || a.instant - b.instant),
    )
  })

  test('no readings make no run', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'tidemark-runs-'))
    t.after(() => rm(folder, { recursive: true, force: true }))

    const { stored, layers } = await write(folder, [], [])

    assert.deepEqual([stored, layers], [[], 0])
  })

  test('equal times keep the order in which they came, far-flung ones too', () => {
    fc.assert(
      fc.property(fc.array(reading, { minLength: 1, maxLength: 60 }), (readings) => {
        const { order } = sortRows({
          rows: readings.length,
          places: Int32Array.from(readings, ({ place }) => place),
          instants: Float64Array.from(readings, ({ instant }) => instant),
          signals: KEYS.length,
        })
        for (const place of [0, 1, 2]) {
          const mine = [...order].filter((row) => readings[row]?.place === place)
          const sorted = mine.toSorted(
            (a, b) => (readings[a]?.instant ?? 0) - (readings[b]?.instant ?? 0) || a - b,
          )
          assert.deepEqual(mine, sorted)
        }
        assert.deepEqual(
          [...order].sort((a, b) => a - b),
          readings.map((_, index) => index),
        )
      }),
    )
  })
})
