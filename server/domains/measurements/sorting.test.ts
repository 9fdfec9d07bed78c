import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ENGINES, type Running, startApp } from '../../../tests/harness.ts'
import { sql } from '../../engine/sql.ts'

const SIGNALS = 10
const STEPS = 25_000

/** Readings of all signals, step after step, as devices send them: a write for each thousand steps. */
async function givenByTime(app: Running): Promise<void> {
  for (let index = 1; index <= SIGNALS; index++) await app.givenSignal({ id: `s${index}` })
  for (let from = 0; from < STEPS; from += 1000) {
    await app.app.warehouse.write(`steps from ${from}`, async (tx) => {
      await tx.run(sql`
        insert into measurement (signal_key, measured_at, value, version)
        select signal.signal_key, to_timestamp(1767225600 + step.place), step.place * signal.signal_key, ${tx.version}
        from signal
        cross join (select range as place from range(${from}, ${from + 1000})) as step
        order by step.place, signal.signal_key`)
    })
  }
}

/** What there is, in a form in which order does not count. */
async function contents(app: Running) {
  const [all] = await app.app.warehouse.query(sql`
    select count(*) as samples, sum(value) as total, sum(value * version) as weighted,
      count(distinct row(signal_key, measured_at)) as places
    from measurement`)
  return all
}

/** Readings that lie on the disk behind one that comes after them. */
async function countMisplaced(app: Running): Promise<unknown> {
  const [found] = await app.app.warehouse.query(sql`
    select count(*) filter (where key_before is not null and row(signal_key, measured_at) < row(key_before, at_before)) as misplaced
    from (
      select signal_key, measured_at,
        lag(signal_key) over (order by rowid) as key_before, lag(measured_at) over (order by rowid) as at_before
      from measurement
    ) as placed`)
  return found?.misplaced
}

// PostgreSQL finds readings by its index, wherever they lie: there is nothing to order.
describe('the order of readings on the disk', () => {
  test('is by signal and time after the sorting, with every reading as it was', async (t) => {
    const app = await startApp(t, ENGINES.embedded)
    await givenByTime(app)
    const before = await contents(app)
    assert.notEqual(await countMisplaced(app), 0)

    await app.app.measurements.sort(new AbortController().signal)

    assert.deepEqual(await contents(app), before)
    assert.equal(await countMisplaced(app), 0)
    const version = await app.app.warehouse.version()
    await app.app.measurements.sort(new AbortController().signal)
    assert.equal(await app.app.warehouse.version(), version, 'what is in order is left alone')
  })

  test('may be left half done, and then every reading is there as well', async (t) => {
    const app = await startApp(t, ENGINES.embedded)
    await givenByTime(app)
    const before = await contents(app)
    const stop = new AbortController()
    const query = app.app.warehouse.query
    app.app.warehouse.query = (statement) => {
      stop.abort()
      return query(statement)
    }

    await app.app.measurements.sort(stop.signal)

    app.app.warehouse.query = query
    assert.deepEqual(await contents(app), before)
  })

  test('is asked for when much has come in from devices', async (t) => {
    const app = await startApp(t, ENGINES.embedded)
    const { id } = await app.givenSignal()
    const rows = (from: number) =>
      Array.from({ length: 50_000 }, (_, step) => ({
        signal_id: id,
        measured_at: new Date(1_767_225_600_000 + (from + step) * 1000).toISOString(),
        value: step,
      }))

    for (let sent = 0; sent < 4; sent++) {
      const answer = await app.post('/measurements', rows(sent * 50_000))
      assert.equal(answer.body.accepted, 50_000)
    }

    const { body } = await app.get('/jobs?kind=sort_measurements')
    assert.equal(body.items.length, 1)
  })
})
