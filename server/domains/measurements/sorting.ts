// Readings kept in the order in which they are asked for: by stretch of time, then signal, then time. What devices send
// comes by time, with every signal in every block of the disk; here it is put in order, a part at a time, each in a
// write of its own, so that others wait for none of it long. SQL only; for engines that find readings by their order.

import { randomUUID } from 'node:crypto'
import type { Tx, Warehouse } from '../../engine/db.ts'
import { type Sql, sql } from '../../engine/sql.ts'

/** A stretch of time that is ordered as one: 32 days. */
const STRETCH_MICROS = 32 * 86_400_000_000
/** So many readings that came since it was ordered, and so large a share of it, make it worth doing again. */
export const WORTH_ROWS = 200_000
const WORTH_SHARE = 0.1
/** Readings of one write: about a tenth of a second. */
const PART_ROWS = 400_000

interface Stretch {
  /** Its number from 1970 on. */
  stretch: number
  samples: number
  /** Readings of writes since it was ordered, and the first and the last of these writes. */
  newer: number
  first_version: number
  last_version: number
}

interface Part {
  stretch: number
  firstKey: number
  lastKey: number
}

/**
 * Orders every stretch that is worth it, until `signal` is aborted; answers how many readings it moved. Nothing is
 * lost or doubled wherever it stops: a part is moved whole or not at all.
 */
export async function sortReadings(warehouse: Warehouse, signal: AbortSignal): Promise<number> {
  if (!warehouse.dialect.findsByOrder) return 0
  let moved = 0
  for (const { stretch } of (await listStretches(warehouse)).filter(isWorth)) {
    // What comes in meanwhile counts as newer, wherever it lands.
    const version = await warehouse.version()
    for (const part of await listParts(warehouse, stretch)) {
      if (signal.aborted) return moved
      moved += await write(warehouse, (tx) => sortPart(tx, part))
    }
    await write(warehouse, (tx) => noteSorted(tx, stretch, version))
  }
  return moved
}

const write = <T>(warehouse: Warehouse, work: (tx: Tx) => Promise<T>) =>
  warehouse.write(`sort:${randomUUID()}`, work, { keep: 'brief', fresh: true })

/** One write alone, such as a file, left its readings in order. */
function isWorth({ samples, newer, first_version, last_version }: Stretch): boolean {
  return newer >= WORTH_ROWS && newer >= samples * WORTH_SHARE && first_version !== last_version
}

async function listStretches(warehouse: Warehouse): Promise<Stretch[]> {
  return await warehouse.query<Stretch>(sql`
    select
      stored.stretch,
      count(*) as samples,
      count(*) filter (where stored.version > coalesce(ordered.version, 0)) as newer,
      coalesce(min(stored.version) filter (where stored.version > coalesce(ordered.version, 0)), 0) as first_version,
      coalesce(max(stored.version) filter (where stored.version > coalesce(ordered.version, 0)), 0) as last_version
    from (
      select ${stretchOf(warehouse, sql`measured_at`)} as stretch, version
      from measurement
    ) as stored
    left join ordered_stretch as ordered on ordered.stretch = stored.stretch
    group by stored.stretch
    order by stored.stretch desc`)
}

function stretchOf({ dialect }: Warehouse, at: Sql): Sql {
  return dialect.floorDivide(dialect.epochMicros(at), sql`${STRETCH_MICROS}`)
}

/** The signals of a stretch in parts of neighbouring keys. */
async function listParts(warehouse: Warehouse, stretch: number): Promise<Part[]> {
  const signals = await warehouse.query<{ signal_key: number; samples: number }>(sql`
    select signal_key, count(*) as samples
    from measurement
    where ${within(stretch)}
    group by signal_key
    order by signal_key`)
  const parts: (Part & { samples: number })[] = []
  for (const { signal_key, samples } of signals) {
    const last = parts.at(-1)
    if (last && last.samples + samples <= PART_ROWS) {
      last.lastKey = signal_key
      last.samples += samples
    } else parts.push({ stretch, firstKey: signal_key, lastKey: signal_key, samples })
  }
  return parts
}

function within(stretch: number): Sql {
  const from = sql.instant(stretch * STRETCH_MICROS)
  const to = sql.instant((stretch + 1) * STRETCH_MICROS)
  return sql`measured_at >= ${from} and measured_at < ${to}`
}

/** Writes the readings of a part anew, behind all others; answers how many. */
async function sortPart(tx: Tx, { stretch, firstKey, lastKey }: Part): Promise<number> {
  const readings = sql`${within(stretch)} and signal_key between ${firstKey} and ${lastKey}`
  await tx.run(sql`
    create temp table sorted_reading as
    select signal_key, measured_at, value, version
    from measurement
    where ${readings}
    order by signal_key, measured_at`)
  await tx.run(sql`
    delete from measurement
    where ${readings}`)
  const moved = await tx.run(sql`
    insert into measurement (signal_key, measured_at, value, version)
    select signal_key, measured_at, value, version
    from sorted_reading`)
  await tx.run(sql`drop table sorted_reading`)
  return moved
}

async function noteSorted(tx: Tx, stretch: number, version: number): Promise<void> {
  await tx.run(sql`
    delete from ordered_stretch
    where stretch = ${stretch}`)
  await tx.run(sql`
    insert into ordered_stretch (stretch, version)
    values (${stretch}, ${version})`)
}
