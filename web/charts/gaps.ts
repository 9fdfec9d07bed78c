// Lines break where values are missing, instead of being drawn across.

export type Point = [at: number, value: number | null]

/** A pause longer than this many usual steps is a gap. */
const LONG = 4

/**
 * Points to draw from times in order and their values. A null stands in each gap. A value alone between two gaps is
 * drawn twice, `dotMs` apart, so that it does not vanish.
 * @param leastGapMs no pause up to this length is a gap; for thinned series, the length of a slice
 */
export function withGaps(
  times: readonly number[],
  values: readonly (number | null)[],
  leastGapMs: number,
  dotMs: number,
): Point[] {
  const limit = Math.max(leastGapMs, LONG * usualStep(times))
  const points: Point[] = []
  let alone = true
  for (let i = 0; i < times.length; i += 1) {
    const at = times[i] ?? 0
    const next = times[i + 1]
    const gapAfter = next === undefined || next - at > limit || values[i + 1] === null
    const value = values[i] ?? null
    points.push([at, value])
    const dot = alone && gapAfter && value !== null
    if (dot) points.push([at + dotMs, value])
    if (gapAfter && next !== undefined && value !== null) points.push([dot ? at + dotMs : at, null])
    alone = gapAfter || value === null
  }
  return points
}

/** The middle one of all steps between times in order; 0 for fewer than two. */
export function usualStep(times: readonly number[]): number {
  const steps: number[] = []
  for (let i = 1; i < times.length; i += 1) steps.push((times[i] ?? 0) - (times[i - 1] ?? 0))
  steps.sort((a, b) => a - b)
  return steps[Math.floor(steps.length / 2)] ?? 0
}

/** The index of the time nearest to `at`, or -1 when there is none. Times are in order. */
export function nearest(times: readonly number[], at: number): number {
  let low = 0
  let high = times.length - 1
  if (high < 0) return -1
  while (low < high) {
    const middle = (low + high) >> 1
    if ((times[middle] ?? 0) < at) low = middle + 1
    else high = middle
  }
  const before = times[low - 1]
  return before !== undefined && at - before <= (times[low] ?? 0) - at ? low - 1 : low
}
