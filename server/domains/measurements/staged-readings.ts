// What is asked of staged readings before and after they are merged. SQL only, inside the write of their load.

import type { Tx } from '../../engine/db.ts'
import { sql } from '../../engine/sql.ts'

/** Gives readings of signals that were staged under another key the one that their signals have. */
export async function renumberStaged(tx: Tx, keys: { from: number; to: number }[]): Promise<void> {
  if (keys.length === 0) return
  await tx.run(sql`
    update staged_reading as staged
    set signal_key = given.new_key
    from (
      select cast(old_key as integer) as old_key, cast(new_key as integer) as new_key
      from (
        select unnest(${keys.map(({ from }) => String(from))}::text[]) as old_key,
          unnest(${keys.map(({ to }) => String(to))}::text[]) as new_key
      ) as sent
    ) as given
    where staged.signal_key = given.old_key`)
}

const NO_REPEATS = { repeated: 0, superseded: 0 }

/**
 * How many readings of the layers stand in a lower layer, too: with the value that they had there last (`repeated`) or
 * with another (`superseded`). The first of several layers repeats none.
 */
export async function countRepeats(
  tx: Tx,
  layers: number[],
): Promise<{ repeated: number; superseded: number }> {
  if (layers.length < 2) return NO_REPEATS
  const [row] = await tx.query<{ repeated: number; superseded: number }>(sql`
    select count(*) filter (where value = earlier_value) as repeated,
      count(*) filter (where value <> earlier_value) as superseded
    from (
      select layer, value,
        lag(value) over (partition by signal_key, measured_at order by layer) as earlier_value
      from staged_reading
    ) as chained
    where earlier_value is not null and ${tx.dialect.oneOf(sql`layer`, layers)}`)
  return row ?? NO_REPEATS
}
