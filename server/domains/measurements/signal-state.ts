// Rows of `signal_state`: first, last and number of the readings of each signal, kept in the transaction of every write
// to `measurement`. SQL only, the same on every engine.

import type { Db } from '../../engine/db.ts'
import { type Sql, sql } from '../../engine/sql.ts'

/**
 * Brings `signal_state` up to date for the signals of the rows of `staged_reading` that `staged` selects. `met` gives, by signal, how many of the staged
 * readings were stored before and so add nothing to the number of samples.
 */
export async function addToStates(tx: Db, staged: Sql, met: Sql): Promise<void> {
  await tx.run(sql`
    update signal_state as state
    set
      first_at = least(state.first_at, staged.first_at),
      last_value = case
        when state.last_at is null or staged.last_at >= state.last_at then staged.last_value
        else state.last_value
      end,
      last_at = greatest(state.last_at, staged.last_at),
      samples = state.samples + staged.samples - coalesce(staged.met, 0)
    from (
      select layered.*, met.samples as met
      from (
        select
          signal_key,
          min(measured_at) as first_at,
          max(measured_at) as last_at,
          ${tx.dialect.argMax(sql`value`, sql`measured_at`)} as last_value,
          count(*) as samples
        from staged_reading
        where ${staged}
        group by signal_key
      ) as layered
      left join (${met}) as met on met.signal_key = layered.signal_key
    ) as staged
    where state.signal_key = staged.signal_key`)
}

/** Works out `signal_state` of one signal from what is stored. */
export const recountState = (tx: Db, signalKey: number) =>
  recountStates(tx, sql`select ${signalKey}::integer as signal_key`)

/** Works out `signal_state` of the signals that `keys` selects as `signal_key` from what is stored. */
export async function recountStates(tx: Db, keys: Sql): Promise<void> {
  await tx.run(sql`
    update signal_state as state
    set
      first_at = whole.first_at, last_at = whole.last_at, last_value = whole.last_value,
      samples = coalesce(whole.samples, 0)
    from (
      select chosen.signal_key, stored.first_at, stored.last_at, stored.last_value, stored.samples
      from (select distinct signal_key from (${keys}) as given) as chosen
      left join (
        select
          signal_key,
          min(measured_at) as first_at,
          max(measured_at) as last_at,
          ${tx.dialect.argMax(sql`value`, sql`measured_at`)} as last_value,
          count(*) as samples
        from measurement
        where signal_key in (${keys})
        group by signal_key
      ) as stored on stored.signal_key = chosen.signal_key
    ) as whole
    where state.signal_key = whole.signal_key`)
}
