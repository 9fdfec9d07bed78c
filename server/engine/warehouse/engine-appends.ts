// Readings that are newer than all that is stored of their signals: what devices send nearly always. They need no
// comparison, so that a few of them cost one commit and little else. Anything else is left to the merge.

import type { DuckDBAppender, DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { BIGINT, DOUBLE, DuckDBTimestampTZValue, INTEGER, TIMESTAMPTZ } from '@duckdb/node-api'
import type { AppendedReadings } from '../db.ts'
import { FORGET_EVERY } from './batches.ts'
import { readResult } from './duckdb-columns.ts'
import { appendColumns } from './duckdb-staging.ts'
import { refuseFullDisk } from './engine-sessions.ts'
import { instantWords } from './run-file.ts'
import type { Turns } from './turns.ts'

export interface AppendDeps {
  instance: DuckDBInstance
  turns: Turns
  committed: { version: number }
  folder: string
}

/** The signals of one batch, each with what its readings add to `signal_state`. */
interface Added {
  first: number
  last: number
  lastValue: number
  samples: number
}

/** Not prepared once for all: a plan keeps what it knew of the table's values, such as that a column is always null. */
const UPDATE_STATE = `
  update signal_state as state
  set
    first_at = coalesce(state.first_at, added_state.first_at), last_at = added_state.last_at,
    last_value = added_state.last_value, samples = state.samples + added_state.samples
  from added_state
  where added_state.signal_key = state.signal_key`

export function createAppends({ instance, turns, committed, folder }: AppendDeps) {
  /** The last instant of each known signal, right as of the write `version`; 0 stands for none. */
  const known: { version: number; lastAt: Map<number, number>; writer: DuckDBConnection | undefined } = {
    version: -1,
    lastAt: new Map(),
    writer: undefined,
  }

  async function open(): Promise<DuckDBConnection> {
    const connection = await instance.connect()
    await connection.run(`
      create temp table added_state (
        signal_key integer, first_at timestamptz, last_at timestamptz, last_value double, samples bigint
      )`)
    return connection
  }

  async function learn(connection: DuckDBConnection): Promise<void> {
    if (known.version === committed.version) return
    const states = await readResult(
      await connection.run(`
        select signal.signal_key, coalesce(epoch_us(last_at), -9007199254740991)::double
        from signal
        join signal_state on signal_state.signal_key = signal.signal_key`),
    )
    known.lastAt = new Map()
    for (let row = 0; row < states.rows; row++) {
      known.lastAt.set(Number(states.columns[0]?.[row]), Number(states.columns[1]?.[row]))
    }
    known.version = committed.version
  }

  /** What the readings add by signal; undefined when one is of an unknown signal, or not newer than what is stored. */
  function addedBy({ signal_key, measured_at, value }: AppendedReadings): Map<number, Added> | undefined {
    const bySignal = new Map<number, Added>()
    for (let row = 0; row < signal_key.length; row++) {
      const key = signal_key[row] as number // row is within bounds, here and below
      const at = measured_at[row] as number
      const lastAt = known.lastAt.get(key)
      if (lastAt === undefined || at <= lastAt) return undefined
      const added = bySignal.get(key)
      if (!added) {
        bySignal.set(key, { first: at, last: at, lastValue: value[row] as number, samples: 1 })
        continue
      }
      added.samples++
      if (at < added.first) added.first = at
      if (at > added.last) {
        added.last = at
        added.lastValue = value[row] as number
      }
    }
    return bySignal
  }

  async function store(
    connection: DuckDBConnection,
    readings: AppendedReadings,
    bySignal: Map<number, Added>,
  ): Promise<number> {
    const version = committed.version + 1
    await connection.run('begin transaction')
    await appendReadings(await connection.createAppender('measurement'), readings, version)
    appendStates(await connection.createAppender('added_state', null, 'temp'), bySignal)
    await connection.run(UPDATE_STATE)
    await connection.run('delete from added_state')
    appendLedger(await connection.createAppender('change'), await connection.createAppender('batch'), {
      version,
      readings,
    })
    await connection.run('commit')
    committed.version = version
    known.version = version
    for (const [key, { last }] of bySignal) known.lastAt.set(key, last)
    return version
  }

  /** Stores the readings in one write; answers its version, or undefined with nothing written. */
  return async (readings: AppendedReadings): Promise<number | undefined> => {
    const endTurn = await turns.take()
    try {
      refuseFullDisk(folder)
      // The other way forgets old keys as it goes.
      if ((committed.version + 1) % FORGET_EVERY === 0) return undefined
      known.writer ??= await open()
      await learn(known.writer)
      const bySignal = addedBy(readings)
      return bySignal && (await store(known.writer, readings, bySignal))
    } catch (error) {
      known.writer?.closeSync()
      known.writer = undefined
      known.version = -1
      throw error
    } finally {
      endTurn()
    }
  }
}

async function appendReadings(
  appender: DuckDBAppender,
  { signal_key, measured_at, value }: AppendedReadings,
  version: number,
): Promise<void> {
  const rows = signal_key.length
  await appendColumns(appender, rows, [
    { type: INTEGER, values: signal_key },
    { type: TIMESTAMPTZ, values: instantWords(measured_at, rows) },
    { type: DOUBLE, values: value },
    { type: BIGINT, values: new BigInt64Array(rows).fill(BigInt(version)) },
  ])
}

function appendStates(appender: DuckDBAppender, bySignal: Map<number, Added>): void {
  for (const [key, { first, last, lastValue, samples }] of bySignal) {
    appender.appendInteger(key)
    appender.appendTimestampTZ(new DuckDBTimestampTZValue(BigInt(first)))
    appender.appendTimestampTZ(new DuckDBTimestampTZValue(BigInt(last)))
    appender.appendDouble(lastValue)
    appender.appendBigInt(BigInt(samples))
    appender.endRow()
  }
  appender.closeSync()
}

/** The same rows that any other write leaves in `change` and `batch`. */
function appendLedger(
  change: DuckDBAppender,
  batch: DuckDBAppender,
  { version, readings }: { version: number; readings: AppendedReadings },
): void {
  const at = new DuckDBTimestampTZValue(BigInt(readings.at))
  change.appendBigInt(BigInt(version))
  change.appendTimestampTZ(at)
  change.appendNull()
  change.appendNull()
  change.endRow()
  change.closeSync()
  batch.appendBigInt(BigInt(version))
  batch.appendVarchar(readings.batchKey)
  batch.appendVarchar('brief')
  batch.appendVarchar(readings.result)
  batch.appendTimestampTZ(at)
  batch.endRow()
  batch.closeSync()
}
