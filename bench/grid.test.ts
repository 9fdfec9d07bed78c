import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { type GridSummary, gridChunks } from './grid.ts'
import { GRID_3M, type Grid, gridAssets, gridFigures, gridSignals, type SignalFigures } from './grid-model.ts'

const SMALL: Grid = { ...GRID_3M, components: 12, readings: 300, bad: 0.01, duplicates: 0.01 }

function generate(grid: Grid): { text: string; summary: GridSummary } {
  const chunks = gridChunks(grid)
  const parts: Uint8Array[] = []
  for (;;) {
    const next = chunks.next()
    if (next.done) return { text: Buffer.concat(parts).toString(), summary: next.value }
    parts.push(next.value)
  }
}

/** What a store must hold after the file: the last valid value of each signal and time, in thousandths. */
function figuresOf(text: string, grid: Grid): { figures: SignalFigures[]; refused: number; repeats: number } {
  const ids = gridSignals(grid).map(({ id }) => id)
  const held = new Map(ids.map((id) => [id, new Map<string, number>()]))
  let refused = 0
  let repeats = 0
  for (const row of text.trimEnd().split('\n').slice(1)) {
    const [id = '', time = '', value = ''] = row.split(',')
    const isTime = !Number.isNaN(Date.parse(time)) && `${new Date(time).toISOString().slice(0, 19)}Z` === time
    if (!held.has(id) || !isTime || !/^-?\d+\.\d{3}$/.test(value)) {
      refused++
      continue
    }
    if (held.get(id)?.has(time)) repeats++
    held.get(id)?.set(time, Math.round(Number(value) * 1000))
  }
  const figures = ids.map((signal_id) => {
    const values = [...(held.get(signal_id)?.values() ?? [])]
    const sum = values.reduce((total, value) => total + value, 0)
    return { signal_id, count: values.length, sum, min: Math.min(...values), max: Math.max(...values) }
  })
  return { figures, refused, repeats }
}

test('the first rows of grid-3M never change', () => {
  const chunk = gridChunks(GRID_3M).next().value as Uint8Array // the first is a chunk, not the summary
  const rows = Buffer.from(chunk).toString().split('\n').slice(0, 10_001).join('\n')

  const hash = createHash('sha256').update(rows).digest('hex')

  assert.equal(rows.split('\n')[1], 'C0001-I,2026-01-01T00:00:00Z,219.022')
  assert.equal(hash, 'e975be672bcaacdc99bc7660c848c6361fa0fca350b8a028559ea6e01ce3b41e')
})

test('grid-3M has 100 components of three types under 10 substations, with three signals each', () => {
  const types = Object.groupBy(gridAssets(GRID_3M), ({ type }) => type)

  assert.deepEqual(
    Object.entries(types).map(([type, assets]) => [type, assets?.length]),
    [
      ['substation', 10],
      ['transformer', 40],
      ['line', 40],
      ['switch', 20],
    ],
  )
  assert.equal(new Set(gridSignals(GRID_3M).map(({ id }) => id)).size, 300)
})

for (const order of ['signal', 'time'] as const) {
  test(`the figures of a file ordered by ${order} are those worked out from its text`, () => {
    const grid = { ...SMALL, order }

    const { text, summary } = generate(grid)
    const { figures, refused, repeats } = figuresOf(text, grid)

    assert.deepEqual(figures, gridFigures(grid))
    assert.equal(summary.good, 12 * 3 * 300)
    assert.equal(refused, 108)
    assert.deepEqual(Object.values(summary.bad), [18, 18, 18, 18, 18, 18])
    assert.equal(repeats, summary.repeated + summary.superseded)
    assert.deepEqual([summary.repeated, summary.superseded], [54, 54])
    assert.equal(summary.rows, text.trimEnd().split('\n').length - 1)
    assert.equal(summary.size_bytes, Buffer.byteLength(text))
  })
}

test('a grid that starts later goes on where the earlier one ended', () => {
  const first = generate({ ...SMALL, bad: 0, duplicates: 0 }).text.split('\n')
  const whole = generate({ ...SMALL, bad: 0, duplicates: 0, readings: 310 }).text.split('\n')

  const later = generate({ ...SMALL, bad: 0, duplicates: 0, first_step: 300, readings: 10 }).text.split('\n')

  assert.deepEqual([...first.slice(1, 301), ...later.slice(1, 11)], whole.slice(1, 311))
})
