import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ENGINES, type Running, startApp } from '../../../tests/harness.ts'
import { recordChange } from '../../engine/changes.ts'
import { sql } from '../../engine/sql.ts'

const NOON = Date.parse('2026-06-01T12:00:00Z') * 1000
const SECOND = 1_000_000
const at = (minute: number) => new Date(NOON / 1000 + minute * 60_000).toISOString().replace('.000', '')

/** A clock that stands still until it is moved. */
function createClock() {
  const state = { now: NOON }
  return {
    now: () => state.now,
    /** Moves on by a second; answers the time it was. */
    tick() {
      state.now += SECOND
      return new Date((state.now - SECOND) / 1000).toISOString()
    },
  }
}

async function readings(app: Running, id: string, asKnownAt?: string): Promise<[string, number][]> {
  const known = asKnownAt === undefined ? '' : `&as_known_at=${asKnownAt}`
  const { body } = await app.get(`/measurements?signal_id=${id}&limit=1000${known}`)
  return body.items.map((item: { measured_at: string; value: number }) => [item.measured_at, item.value])
}

/** Takes a write back as the undoing of a load does. */
async function undo(app: Running, version: number, now: number) {
  return await app.app.warehouse.write(randomUUID(), async (tx) => {
    await recordChange(tx, null, now)
    const undone = await app.app.measurements.undo(tx, version)
    await tx.run(sql`update change set undone_version = ${tx.version} where version = ${version}`)
    return undone
  })
}

for (const [name, open] of Object.entries(ENGINES)) {
  describe(`what was known when, on ${name}`, () => {
    test('a correction keeps the earlier value, and each reads as it was known', async (t) => {
      const clock = createClock()
      const app = await startApp(t, open, { clock })
      const { id } = await app.givenSignal()
      const send = (value: number) =>
        app.post('/measurements', [{ signal_id: id, measured_at: at(0), value }])
      const before = clock.tick()
      await send(110)
      const first = clock.tick()
      await send(111)
      const second = clock.tick()
      await send(111)

      assert.deepEqual(await readings(app, id), [[at(0), 111]])
      assert.deepEqual(await readings(app, id, before), [])
      assert.deepEqual(await readings(app, id, first), [[at(0), 110]])
      assert.deepEqual(await readings(app, id, second), [[at(0), 111]])
      const { body } = await app.get(`/series?signal_id=${id}&as_known_at=${first}`)
      assert.deepEqual(body.series[0].value, [110])
      const known = await app.app.measurements.knownValues({ signal_id: id, measured_at: at(0) })
      assert.deepEqual(
        known.map(({ value, load_key }) => [value, load_key]),
        [
          [111, null],
          [110, null],
        ],
      )
      assert.equal(known[0]?.known_until, null)
      assert.equal(known[1]?.known_until, known[0]?.known_from)
    })

    test('what is removed is gone with its history', async (t) => {
      const clock = createClock()
      const app = await startApp(t, open, { clock })
      const { id } = await app.givenSignal()
      for (const value of [1, 2]) {
        await app.post('/measurements', [{ signal_id: id, measured_at: at(0), value }])
        clock.tick()
      }

      await app.delete(`/measurements?signal_id=${id}&from=${at(0)}&to=${at(1)}`)

      assert.deepEqual(await readings(app, id, at(0)), [])
      assert.deepEqual(await app.app.measurements.knownValues({ signal_id: id, measured_at: at(0) }), [])
    })

    test('writes undone in any order leave what the others brought; what was known stays known', async (t) => {
      const clock = createClock()
      const app = await startApp(t, open, { clock })
      const step = fc.oneof(
        fc.dictionary(fc.constantFrom('0', '1', '2'), fc.integer({ min: 1, max: 3 }), { minKeys: 1 }),
        fc.nat(8),
      )

      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
          const { id } = await app.givenSignal({ id: randomUUID() })
          const writes: { version: number; rows: Map<string, number>; undone: boolean }[] = []
          const past: [string, [string, number][]][] = []
          for (const each of steps) {
            if (typeof each === 'number') {
              const chosen = writes[each]
              if (!chosen || chosen.undone) continue
              chosen.undone = true
              await undo(app, chosen.version, clock.now())
            } else {
              const now = new Map(stateOf(writes))
              const changed = Object.entries(each).filter(([minute, value]) => now.get(at(+minute)) !== value)
              const sent = Object.entries(each).map(([minute, value]) => ({
                signal_id: id,
                measured_at: at(+minute),
                value,
              }))
              await app.post('/measurements', sent)
              const rows = new Map(changed.map(([minute, value]) => [at(+minute), value]))
              writes.push({ version: await app.app.warehouse.version(), rows, undone: false })
            }
            const expected = stateOf(writes)
            assert.deepEqual(await readings(app, id), expected)
            past.push([clock.tick(), expected])
          }
          for (const [then, expected] of past) assert.deepEqual(await readings(app, id, then), expected)
          const { body } = await app.get(`/signals/${id}`)
          const final = stateOf(writes)
          assert.deepEqual([body.count, body.first_at ?? undefined], [final.length, final[0]?.[0]])
          assert.equal(body.last_value ?? undefined, final.at(-1)?.[1])
        }),
        { numRuns: 25 },
      )
    })
  })
}

/** What the writes that are not undone leave: each row that a write changed, the latest over the earlier. */
function stateOf(writes: { rows: Map<string, number>; undone: boolean }[]): [string, number][] {
  const state = new Map<string, number>()
  for (const { rows, undone } of writes) if (!undone) for (const [when, value] of rows) state.set(when, value)
  return [...state].sort(([a], [b]) => (a < b ? -1 : 1))
}
