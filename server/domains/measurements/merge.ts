// Merging staged readings into `measurement`: new ones are appended, changed ones updated, equal ones counted.
// SQL only, the same on every engine; it runs inside a write, so that nothing else writes meanwhile.

import type { Db, Tx } from '../../engine/db.ts'
import { sql } from '../../engine/sql.ts'
import { addToStates } from './signal-state.ts'

/** What became of the readings of one layer; their sum is the layer's rows. */
export interface MergeCounts {
  layer: number
  inserted: number
  updated: number
  unchanged: number
}

/** Layers `first` to `last`, both included, are merged as one: no (signal, instant) may stand twice among them. */
export interface Merge {
  first: number
  last: number
  /** The rows of each layer where the caller knows them; counted otherwise. */
  samples?: number[]
}

interface Meeting {
  signals: number
  known: number
  /** Signals of which some staged instant lies within the stored ones. */
  meeting: number
  starts_at: string | null
  ends_at: string | null
}

/** Thrown inside a write when a staged signal is gone; the caller resolves its signals again. */
export class SignalGone extends Error {}

/** Merges the layers; answers counts for each layer that has rows. Throws SignalGone and leaves nothing behind. */
export async function mergeLayers(tx: Tx, merge: Merge): Promise<MergeCounts[]> {
  const found = await findMeeting(tx, merge)
  if (found.known !== found.signals) throw new SignalGone('a signal was deleted while its readings came in')
  const layers = await countLayers(tx, merge)
  if (found.meeting === 0 || found.starts_at === null || found.ends_at === null) {
    await insertAll(tx, merge)
    await addToStates(tx, inLayers(merge), sql`select null::integer as signal_key, 0 as samples where false`)
    return layers.map(({ layer, samples }) => ({ layer, inserted: samples, updated: 0, unchanged: 0 }))
  }
  return await mergeMeeting(tx, { merge, layers, starts_at: found.starts_at, ends_at: found.ends_at })
}

const inLayers = ({ first, last }: Merge) => sql`layer between ${first} and ${last}`

/** Which staged signals exist, and whether any has stored readings in the time of its staged ones. */
async function findMeeting(tx: Db, merge: Merge): Promise<Meeting> {
  const [row] = await tx.query<Meeting>(sql`
    select
      count(*) as signals,
      count(signal.signal_key) as known,
      count(*) filter (where staged.first_at <= state.last_at and staged.last_at >= state.first_at) as meeting,
      min(staged.first_at) filter (where staged.first_at <= state.last_at) as starts_at,
      max(staged.last_at) filter (where staged.last_at >= state.first_at) as ends_at
    from (
      select signal_key, min(measured_at) as first_at, max(measured_at) as last_at
      from staged_reading
      where ${inLayers(merge)}
      group by signal_key
    ) as staged
    left join signal on signal.signal_key = staged.signal_key
    left join signal_state as state on state.signal_key = staged.signal_key`)
  return row ?? { signals: 0, known: 0, meeting: 0, starts_at: null, ends_at: null }
}

async function countLayers(tx: Db, merge: Merge): Promise<{ layer: number; samples: number }[]> {
  if (merge.samples) return merge.samples.map((samples, index) => ({ layer: merge.first + index, samples }))
  return await tx.query(sql`
    select layer, count(*) as samples
    from staged_reading
    where ${inLayers(merge)}
    group by layer
    order by layer`)
}

async function insertAll(tx: Tx, merge: Merge): Promise<void> {
  await tx.run(sql`
    insert into measurement (signal_key, measured_at, value, version)
    select signal_key, measured_at, value, ${tx.version}
    from staged_reading
    where ${inLayers(merge)}`)
}

interface MeetingMerge {
  merge: Merge
  layers: { layer: number; samples: number }[]
  starts_at: string
  ends_at: string
}

/** The merge where some readings may be stored already; the join is limited to the time of the staged ones. */
async function mergeMeeting(
  tx: Tx,
  { merge, layers, starts_at, ends_at }: MeetingMerge,
): Promise<MergeCounts[]> {
  const stored = sql`
    from staged_reading as staged
    join measurement as stored
      on stored.signal_key = staged.signal_key
      and stored.measured_at = staged.measured_at
    where ${inLayers(merge)}
      and stored.measured_at between ${starts_at}::timestamptz and ${ends_at}::timestamptz`
  const matched = await tx.query<{ layer: number; matched: number; changed: number }>(sql`
    select staged.layer, count(*) as matched, count(*) filter (where stored.value <> staged.value) as changed
    ${stored}
    group by staged.layer`)
  const byLayer = new Map(matched.map((row) => [row.layer, row]))
  const counts = layers.map(({ layer, samples }) => {
    const { matched: met = 0, changed = 0 } = byLayer.get(layer) ?? {}
    return { layer, inserted: samples - met, updated: changed, unchanged: met - changed }
  })
  const total = (key: 'inserted' | 'updated') => counts.reduce((sum, count) => sum + count[key], 0)
  if (total('inserted') + total('updated') === 0) return counts

  // Before anything is inserted: readings of this merge would be met by themselves.
  await tx.run(sql`create temp table met_reading as select staged.signal_key, staged.measured_at ${stored}`)
  if (total('updated') > 0) await updateChanged(tx, merge)
  if (total('inserted') > 0) await insertMissing(tx, merge)
  await addToStates(
    tx,
    inLayers(merge),
    sql`select signal_key, count(*) as samples from met_reading group by signal_key`,
  )
  await tx.run(sql`drop table met_reading`)
  return counts
}

async function updateChanged(tx: Tx, merge: Merge): Promise<void> {
  await tx.run(sql`
    insert into earlier_measurement (signal_key, measured_at, value, version, replaced_version)
    select stored.signal_key, stored.measured_at, stored.value, stored.version, ${tx.version}
    from measurement as stored
    join staged_reading as staged
      on stored.signal_key = staged.signal_key
      and stored.measured_at = staged.measured_at
    where ${inLayers(merge)} and stored.value <> staged.value and stored.version <> ${tx.version}`)
  await tx.run(sql`
    update measurement
    set value = staged.value, version = ${tx.version}
    from staged_reading as staged
    where ${inLayers(merge)}
      and measurement.signal_key = staged.signal_key
      and measurement.measured_at = staged.measured_at
      and measurement.value <> staged.value`)
}

async function insertMissing(tx: Tx, merge: Merge): Promise<void> {
  await tx.run(sql`
    insert into measurement (signal_key, measured_at, value, version)
    select signal_key, measured_at, value, ${tx.version}
    from staged_reading as staged
    where ${inLayers(merge)}
      and not exists (
        select 1
        from met_reading as met
        where met.signal_key = staged.signal_key and met.measured_at = staged.measured_at
      )`)
}
