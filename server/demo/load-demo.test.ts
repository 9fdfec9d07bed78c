import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Load } from '../../contract/loads.ts'
import type { MetricData } from '../../contract/metrics.ts'
import type { Reject } from '../../contract/rejects.ts'
import { ENGINES, type Running, startApp } from '../../tests/harness.ts'
import { DEMO_BOARD, DEMO_METRICS } from './board.ts'
import { PLANTED } from './file.ts'
import { demoAssets, demoSignals } from './grid.ts'
import { demoSteps } from './readings.ts'

const RANGE = `from=${DEMO_BOARD.default_from}&to=${DEMO_BOARD.default_to}&tz=${DEMO_BOARD.tz}`

/** Mean and greatest intake in MW over the range on which the dashboard opens. */
function intakeOfRange(): { mean: number; max: number; steps: number } {
  const [from, to] = [Date.parse('2026-10-19T00:00:00+02:00'), Date.parse('2026-11-02T00:00:00+01:00')]
  const sums = [...demoSteps()]
    .filter(({ at }) => at >= from && at < to)
    .map(({ readings }) =>
      readings
        .filter(({ signal_id }) => /^auenfeld-t[12]-power$/.test(signal_id))
        .reduce((sum, { value }) => sum + value, 0),
    )
  return {
    mean: sums.reduce((sum, value) => sum + value, 0) / sums.length,
    max: Math.max(...sums),
    steps: sums.length,
  }
}

for (const [engine, open] of Object.entries(ENGINES)) {
  describe(`the demo on ${engine}`, () => {
    test('fills an empty workspace once, and its dashboard answers with the figures of its readings', async (t) => {
      const app = await startApp(t, open)

      const answer = await app.post('/demo')
      const load = await app.loaded(answer.body.id)
      const again = await app.post('/demo')

      assert.equal(answer.status, 202)
      assert.equal(load.status, 'done', load.error ?? '')
      assert.equal(load.rows_loaded, 26_508 * 52 - 33 * 7 - 41 * 6)
      assert.equal(load.rows_rejected, 48)
      assert.equal(again.status, 409)
      await assertStored(app, load)
      await assertFigures(app)
    })

    test('is refused where there is data of someone else, and to those who only read', async (t) => {
      const app = await startApp(t, open)
      await app.givenAsset()

      const taken = await app.post('/demo')
      const reader = await app.as('user').post('/demo')

      assert.equal(taken.status, 409)
      assert.equal(reader.status, 403)
    })
  })
}

/** Assets and signals are all there, and each planted row is to be seen as refused. */
async function assertStored(app: Running, load: Load): Promise<void> {
  const assets = await app.get('/assets?limit=1000')
  const signals = await app.get('/signals?limit=1000')
  const rejects = await app.get(`/loads/${load.id}/rejects`)

  assert.equal(assets.body.items.length, demoAssets().length)
  assert.equal(signals.body.items.length, demoSignals().length)
  const columns = Object.groupBy(rejects.body.items as Reject[], ({ column }) => column ?? '') // by the contract
  assert.equal(columns.signal_id?.length, PLANTED.unknown_signal)
  assert.equal(columns.measured_at?.length, PLANTED.impossible_date + PLANTED.missing_time)
  assert.equal(columns.value?.length, PLANTED.not_a_number + PLANTED.empty_value)
}

async function assertFigures(app: Running): Promise<void> {
  const intake = intakeOfRange()
  const board = await app.get(`/dashboards/${DEMO_BOARD.id}`)
  const answers = new Map<string, MetricData>()
  for (const { id } of DEMO_METRICS) {
    const answer = await app.get(`/metrics/${id}/data?${RANGE}`)
    assert.equal(answer.status, 200, answer.text)
    answers.set(id, answer.body)
  }
  const numberOf = (id: string): number => {
    const place = answers.get(id)?.columns.findIndex(({ name }) => name === 'value') ?? -1
    return Number(answers.get(id)?.rows[0]?.[place])
  }

  assert.deepEqual(board.body.panels, DEMO_BOARD.panels)
  assert.ok(Math.abs(numberOf('grid-load') - intake.mean) < 1e-6)
  assert.ok(Math.abs(numberOf('grid-peak-load') - intake.max) < 1e-6)
  assert.ok(Math.abs(numberOf('grid-energy') - (intake.mean * intake.steps) / 12) < 1e-6)
  assert.ok(numberOf('grid-utilisation') > 20 && numberOf('grid-utilisation') < 60)
  assert.ok(numberOf('grid-solar-feed-in') > 0)
  assert.equal(answers.get('grid-power-by-level')?.rows.length, 3)
}
