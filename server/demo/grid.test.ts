import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import Value from 'typebox/value'
import { NewAsset } from '../../contract/assets.ts'
import { NewDashboard } from '../../contract/dashboards.ts'
import { NewMetric } from '../../contract/metrics.ts'
import { NewSignal } from '../../contract/signals.ts'
import { DEMO_BOARD, DEMO_METRICS } from './board.ts'
import { demoChunks, PLANTED } from './file.ts'
import {
  DEMO_PERIOD,
  DEMO_ZONE,
  demoAssets,
  demoSignals,
  LINES,
  OUTAGES,
  SILENCES,
  TRANSFORMERS,
} from './grid.ts'
import { type DemoStep, demoSteps } from './readings.ts'

const STEPS: DemoStep[] = [...demoSteps()]

function series(signal_id: string): { at: number; value: number }[] {
  return STEPS.flatMap(({ at, readings }) =>
    readings.filter((reading) => reading.signal_id === signal_id).map(({ value }) => ({ at, value })),
  )
}

const localParts = new Intl.DateTimeFormat('en-GB', {
  timeZone: DEMO_ZONE,
  weekday: 'short',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
})

function local(at: number): { weekday: string; hour: number } {
  const parts = Object.fromEntries(localParts.formatToParts(at).map(({ type, value }) => [type, value]))
  return { weekday: parts.weekday ?? '', hour: Number(parts.hour) + Number(parts.minute) / 60 }
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

test('the first rows of the demo file never change, and it has over a million', () => {
  const hash = createHash('sha256')
  let rows = -1
  for (const chunk of demoChunks()) {
    if (rows < 10_000) hash.update(chunk)
    rows += chunk.toString().split('\n').length - 1
  }

  assert.equal(rows, 26_508 * 52 - 33 * 7 - 41 * 6 + 48)
  assert.equal(hash.digest('hex'), '7ea7cb1366fd849f4b951df0fb287b7707c5e78594f028ee624c826c99d007dc')
})

test('the definitions are valid by the contract and name only what exists', () => {
  const assets = demoAssets()
  const signals = demoSignals()
  const known = new Set(signals.map(({ id }) => id))

  for (const asset of assets) assert.ok(Value.Check(NewAsset, asset), asset.id)
  for (const signal of signals) assert.ok(Value.Check(NewSignal, signal), signal.id)
  for (const metric of DEMO_METRICS) assert.ok(Value.Check(NewMetric, metric), metric.id)
  assert.ok(Value.Check(NewDashboard, DEMO_BOARD))
  assert.equal(known.size, signals.length)
  assert.ok(signals.every(({ asset_id }) => assets.some(({ id }) => id === asset_id)))
  const named = [
    ...DEMO_METRICS.flatMap(({ definition }) =>
      'signals' in definition ? Object.values(definition.signals) : [],
    ),
    ...DEMO_BOARD.panels.flatMap((panel) => (panel.type === 'line' ? (panel.signal_ids ?? []) : [])),
  ]
  assert.deepEqual(
    named.filter((id) => !known.has(id)),
    [],
  )
  const panels = DEMO_BOARD.panels.map(({ i }) => i)
  assert.deepEqual(
    DEMO_BOARD.layouts.lg.map(({ i }) => i),
    panels,
  )
  assert.deepEqual(
    DEMO_BOARD.layouts.sm?.map(({ i }) => i),
    panels,
  )
})

test('each kind of planted row stands in the file as often as it says', () => {
  const known = new Set(demoSignals().map(({ id }) => id))
  const found = { unknown_signal: 0, not_a_number: 0, empty_value: 0, impossible_date: 0, missing_time: 0 }

  for (const chunk of demoChunks()) {
    for (const row of chunk.toString().trimEnd().split('\n')) {
      const [id = '', time = '', value = ''] = row.split(',')
      if (id === 'signal_id') continue
      if (!known.has(id)) found.unknown_signal++
      else if (time === '') found.missing_time++
      else if (time.includes('-09-31T')) found.impossible_date++
      else if (value === '') found.empty_value++
      else if (Number.isNaN(Number(value))) found.not_a_number++
    }
  }

  assert.deepEqual(found, PLANTED)
})

test('power is the root of three times voltage, current and a power factor', () => {
  for (const { readings } of STEPS.filter((_, index) => index % 500 === 0)) {
    const values = new Map(readings.map(({ signal_id, value }) => [signal_id, value]))
    for (const { id } of [...TRANSFORMERS, ...LINES]) {
      const power = Math.abs(values.get(`${id}-power`) ?? 0)
      const apparent =
        (Math.sqrt(3) * (values.get(`${id}-voltage`) ?? 0) * (values.get(`${id}-current`) ?? 0)) / 1000
      if (power > 0.5)
        assert.ok(power / apparent > 0.96 && power / apparent < 0.99, `${id}: ${power / apparent}`)
    }
  }
})

test('the rhythm follows the local clock across the end of summer time', () => {
  const [morning, , evening] = [7.25, 12, 19]
  const readings = series('lindenmoos-l1-power')
  const peakHour = (from: string, to: string): number => {
    const days = readings.filter(({ at }) => at >= Date.parse(from) && at < Date.parse(to))
    const afternoon = days.map(({ at, value }) => ({ value, ...local(at) })).filter(({ hour }) => hour >= 15)
    const byHour = Object.groupBy(afternoon, ({ hour }) => String(Math.floor(hour)))
    const means = Object.entries(byHour).map(([hour, of]) => [
      Number(hour),
      mean((of ?? []).map((r) => r.value)),
    ])
    return means.toSorted((a, b) => (b[1] ?? 0) - (a[1] ?? 0))[0]?.[0] ?? -1
  }

  assert.ok(
    DEMO_PERIOD.from < Date.parse('2026-10-25T01:00:00Z') &&
      DEMO_PERIOD.to > Date.parse('2026-10-25T01:00:00Z'),
  )
  assert.equal(peakHour('2026-10-19T00:00:00+02:00', '2026-10-24T00:00:00+02:00'), evening)
  assert.equal(peakHour('2026-10-26T00:00:00+01:00', '2026-10-31T00:00:00+01:00'), evening)
  const night = readings.filter(({ at }) => local(at).hour < 5)
  const early = readings.filter(({ at }) => Math.abs(local(at).hour - morning) < 0.5)
  assert.ok(mean(early.map((r) => r.value)) > 1.3 * mean(night.map((r) => r.value)))
})

test('weekends are lower, and the solar line gives power at a sunny noon', () => {
  const works = series('rothalde-l1-power').map(({ at, value }) => ({ value, ...local(at) }))
  const weekday = works.filter(({ weekday }) => weekday !== 'Sat' && weekday !== 'Sun')
  const sunday = works.filter(({ weekday }) => weekday === 'Sun')
  const farms = series('seematt-l1-power')

  assert.ok(mean(sunday.map((r) => r.value)) < 0.7 * mean(weekday.map((r) => r.value)))
  assert.ok(farms.some(({ at, value }) => value < -1 && Math.abs(local(at).hour - 13) < 2))
  assert.ok(farms.every(({ at, value }) => value > 0 || Math.abs(local(at).hour - 13) < 6))
})

test('a line that is out carries nothing, and a substation that is silent sends nothing', () => {
  for (const { line, from, to } of OUTAGES) {
    const during = series(`${line}-current`).filter(({ at }) => at >= from && at < to)
    assert.equal(during.length, (to - from) / DEMO_PERIOD.step)
    assert.ok(during.every(({ value }) => value === 0))
  }
  for (const { substation, from, to } of SILENCES) {
    const during = series(`${substation}-t1-power`).filter(({ at }) => at >= from && at < to)
    assert.equal(during.length, 0)
  }
})
