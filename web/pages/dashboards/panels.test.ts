import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Dashboard, Panel } from '../../../contract/dashboards.ts'
import type { MetricData } from '../../../contract/metrics.ts'
import { placePanels } from './layout.ts'
import { readRows } from './metric-rows.ts'
import { extentOf, presetsFor } from './ranges.ts'

const column = (name: string, unit: string | null = null) => ({ name, type: 'number', unit })
const answer = (names: ReturnType<typeof column>[], rows: MetricData['rows']): MetricData => ({
  metric_id: 'm',
  version: 1,
  from: null,
  to: null,
  bucket: null,
  tz: 'UTC',
  columns: names,
  rows,
  next: null,
  division_by_zero: 0,
  computed_at: '2026-01-01T00:00:00Z',
  cached: false,
  truncated: false,
})

describe('rows of a metric', () => {
  test('groups are named with their units and stand in order of their numbers', () => {
    const rows = readRows(
      answer(
        [column('voltage_kv'), column('value', 'MW'), column('samples')],
        [
          [110, 28.4, 10],
          [20, 5.8, 10],
          [null, 1, 2],
        ],
      ),
    )

    assert.equal(rows.unit, 'MW')
    assert.deepEqual(
      rows.groups.map(({ name, values }) => [name, values[0]]),
      [
        ['20 kV', 5.8],
        ['110 kV', 28.4],
        ['without voltage_kv', 1],
      ],
    )
  })

  test('buckets that the range cuts are counted once, however many groups they have', () => {
    const rows = readRows(
      answer(
        [column('bucket_start'), column('asset_type'), column('value'), column('samples'), column('partial')],
        [
          ['2026-01-01T00:00:00Z', 'line', 1, 1, true],
          ['2026-01-01T00:00:00Z', 'switch', 2, 1, true],
          ['2026-01-02T00:00:00Z', 'line', null, 0, false],
        ],
      ),
    )

    assert.equal(rows.partial, 1)
    assert.deepEqual(rows.groups[0]?.times, [
      Date.parse('2026-01-01T00:00:00Z'),
      Date.parse('2026-01-02T00:00:00Z'),
    ])
    assert.deepEqual(rows.groups[0]?.values, [1, null])
  })
})

describe('places of panels', () => {
  const stat = (i: string): Panel => ({ i, title: i, type: 'stat', metric_id: 'm' })
  const bar = (i: string): Panel => ({ i, title: i, type: 'bar', metric_id: 'm' })
  const board = (panels: Panel[], lg: Dashboard['layouts']['lg']): Dashboard => ({
    id: 'd',
    name: 'd',
    default_from: 'now-1d',
    default_to: 'now',
    tz: null,
    panels,
    layouts: { lg },
    version: 1,
    created_at: '',
    updated_at: '',
  })

  test('without a layout for small screens, numbers stand in pairs and the rest across', () => {
    const placed = placePanels(
      board(
        [bar('c'), stat('a'), stat('b')],
        [
          { i: 'a', x: 0, y: 0, w: 3, h: 2 },
          { i: 'b', x: 3, y: 0, w: 3, h: 2 },
          { i: 'c', x: 0, y: 2, w: 12, h: 5 },
        ],
      ),
    )

    assert.deepEqual(
      placed.map(({ sm }) => [sm.i, sm.x, sm.y, sm.w]),
      [
        ['a', 0, 0, 6],
        ['b', 6, 0, 6],
        ['c', 0, 2, 12],
      ],
    )
  })

  test('a panel that the layout forgot is shown below the others', () => {
    const placed = placePanels(board([bar('a'), bar('b')], [{ i: 'a', x: 0, y: 0, w: 12, h: 5 }]))

    assert.deepEqual(placed.at(-1)?.lg, { i: 'b', x: 0, y: 5, w: 12, h: 5 })
  })
})

describe('presets of the range', () => {
  const now = Date.parse('2026-11-21T00:00:00Z')

  test('data that ended long ago is looked at from its own end', () => {
    const presets = presetsFor({ from: now - 90 * 86_400_000, to: now - 86_400_000 }, now)

    assert.deepEqual(presets[1], {
      name: 'Last 24 hours of data',
      from: '2026-11-19T00:00:00Z',
      to: '2026-11-20T00:00:00Z',
    })
  })

  test('data that still comes in is looked at from now, and without signals there is no whole', () => {
    assert.deepEqual(
      presetsFor(null, now).map(({ name }) => name),
      ['As designed', 'Last 24 hours', 'Last 7 days', 'Last 30 days'],
    )
    assert.equal(extentOf([]), null)
  })
})
