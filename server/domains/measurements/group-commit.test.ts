import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WAREHOUSE_ENGINES } from '../../../tests/warehouse-engines.ts'
import { systemClock } from '../../clock.ts'
import type { Warehouse } from '../../engine/db.ts'
import { AppError } from '../../errors.ts'
import { createGroupCommit } from './group-commit.ts'
import { SignalGone } from './merge.ts'

const ROWS = 400_000

const portionOf = (rows: number) => ({
  signal_key: new Int32Array(rows).fill(1),
  measured_at: Float64Array.from({ length: rows }, (_, row) => row),
  value: new Float64Array(rows),
})

test('readings beyond a million that wait are refused as busy, and taken again when some were stored', async (t) => {
  const { warehouse } = await WAREHOUSE_ENGINES.duckdb(t)
  const gate = Promise.withResolvers<void>()
  // A warehouse that comes to a halt: each write waits until the gate opens, and then finds the signal gone.
  const halted: Warehouse = {
    ...warehouse,
    async appendNewer() {
      await gate.promise
      return 'not_newer'
    },
  }
  const commit = createGroupCommit(halted, systemClock)
  const one = commit.append(portionOf(ROWS))
  const waiting = [commit.append(portionOf(ROWS)), commit.append(portionOf(ROWS))]

  const refused = () => commit.append(portionOf(ROWS))

  assert.throws(refused, (error) => error instanceof AppError && error.code === 'busy')
  gate.resolve()
  const ends = await Promise.allSettled([one, ...waiting])
  const later = await Promise.allSettled([commit.append(portionOf(1))])
  for (const end of [...ends, ...later])
    assert.ok(end.status === 'rejected' && end.reason instanceof SignalGone)
})
