// Local times of a file, settled in its zone; those that a clock change leaves out or brings twice are counted.

import { checkZone, settleLocal } from '../zone.ts'
import type { LocalToInstant } from './instant-parts.ts'
import type { LoaderCounts } from './job.ts'

const QUARTER_MICROS = 900_000_000

/**
 * Clocks change at quarters of an hour, with few exceptions, so each quarter that no change touches is worked out once;
 * times in the others are settled one by one. AppError `invalid` when there is no such zone.
 */
export function createLocalReader(
  tz: string,
  counts: Pick<LoaderCounts, 'times_skipped' | 'times_repeated'>,
): LocalToInstant {
  checkZone(tz)
  if (tz === 'UTC') return (local) => local
  const shifts = new Map<number, number>()

  function settle(local: number, quarter: number): number {
    const { instant, times } = settleLocal(tz, local)
    if (times === 0) counts.times_skipped++
    if (times === 2) counts.times_repeated++
    const first = settleLocal(tz, quarter * QUARTER_MICROS)
    const last = settleLocal(tz, (quarter + 1) * QUARTER_MICROS - 1)
    const whole = first.times === 1 && last.times === 1
    if (whole && last.instant - first.instant === QUARTER_MICROS - 1) {
      shifts.set(quarter, instant - local)
    }
    return instant
  }

  return (local) => {
    if (Number.isNaN(local)) return local
    const quarter = Math.floor(local / QUARTER_MICROS)
    const shift = shifts.get(quarter)
    return shift === undefined ? settle(local, quarter) : local + shift
  }
}
