import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { instantOf, offsetAt } from '../zone.ts'
import { createLocalReader } from './local-time.ts'

/** Some with changes that are not on quarters of an hour. */
const ZONES = ['Europe/Berlin', 'Africa/Monrovia', 'Australia/Lord_Howe', 'Pacific/Apia', 'Asia/Kathmandu']
const CHANGES = [
  Date.UTC(2026, 2, 29, 2),
  Date.UTC(2026, 9, 25, 2),
  Date.UTC(2026, 3, 5, 1, 30),
  Date.UTC(1972, 0, 7, 0, 44, 30),
  Date.UTC(1972, 0, 7),
  Date.UTC(2011, 11, 30),
]

/** How often the zone's clock shows a local time, by trying every offset around. */
function timesShown(tz: string, local: number): number {
  const hours = Array.from({ length: 97 }, (_, index) => (index - 48) * 3_600_000_000)
  const offsets = new Set(hours.map((away) => offsetAt(tz, local + away)))
  return [...offsets].filter((offset) => offsetAt(tz, local - offset) === offset).length
}

test('local times are settled as everywhere, and those around clock changes are counted', () => {
  const second = fc.integer({ min: -5400, max: 5400 })
  const times = fc.array(fc.tuple(fc.constantFrom(...CHANGES), second), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(fc.constantFrom(...ZONES), times, (tz, near) => {
      const counts = { times_skipped: 0, times_repeated: 0 }
      const read = createLocalReader(tz, counts)
      const locals = near.map(([change, away]) => (change + away * 1000) * 1000)

      for (const local of locals) assert.equal(read(local), instantOf(tz, local), `${local} in ${tz}`)

      const shown = locals.map((local) => timesShown(tz, local))
      assert.equal(counts.times_skipped, shown.filter((times) => times === 0).length)
      assert.equal(counts.times_repeated, shown.filter((times) => times === 2).length)
    }),
    { numRuns: 300 },
  )
})
