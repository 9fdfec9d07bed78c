// What a benchmark found: samples, and lines that hold one figure beside its baseline and its target.
// Knows nothing of what is measured.

/** Of several measurements of one thing; all in one unit. */
export interface Sample {
  median: number
  min: number
  max: number
}

export type Unit = 'ms' | 'rows/s' | 'requests/s' | 'MB' | 'bytes'

/** One line of the table, in words. `met` is null where nothing is promised. */
export interface Line {
  work: string
  measured: string
  baseline: string
  ratio: string
  target: string
  met: boolean | null
}

interface Compared {
  work: string
  ours: Sample
  /** What it is held against, in the same run. */
  baseline: Sample
  unit: Unit
  /** What the baseline is. */
  against: string
}

/** Median, least and greatest of at least one value. */
export function sampleOf(values: number[]): Sample {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle]
  const lower = sorted[sorted.length % 2 === 0 ? middle - 1 : middle]
  const min = sorted[0]
  const max = sorted.at(-1)
  if (upper === undefined || lower === undefined || min === undefined || max === undefined) {
    throw new Error('a sample needs at least one value')
  }
  return { median: (lower + upper) / 2, min, max }
}

/**
 * Does each of the works `times` times, in turns, so that what else the machine does meets all of them alike. Each
 * answers its own figure.
 */
export async function measure<K extends string>(
  times: number,
  works: Record<K, (turn: number) => Promise<number>>,
): Promise<Record<K, Sample>> {
  const names = Object.keys(works) as K[] // those of the record
  const values = new Map<K, number[]>(names.map((name) => [name, []]))
  for (let turn = 0; turn < times; turn++) {
    for (const name of names) values.get(name)?.push(await works[name](turn))
  }
  const samples = names.map((name) => [name, sampleOf(values.get(name) ?? [])])
  return Object.fromEntries(samples) as Record<K, Sample> // a sample for each name
}

/** Milliseconds that the work takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

/** The value below which `share` of the values lie. */
export function percentile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** Ours takes less time than the baseline; `times` null promises nothing. */
export function fasterThan({ work, ours, baseline, unit, against }: Compared, times: number | null): Line {
  const ratio = baseline.median / ours.median
  return {
    work,
    measured: show(ours, unit),
    baseline: `${show(baseline, unit)} ${against}`,
    ratio: `${digits(ratio)} times faster`,
    target: times === null ? '' : `at least ${times}`,
    met: times === null ? null : ratio >= times,
  }
}

/** Ours is at most `times` the baseline. */
export function atMostTimes(compared: Compared, times: number): Line {
  const { ratio, line } = inTimes(compared)
  return { ...line, target: `at most ${times}`, met: ratio <= times }
}

/** Ours is at least `times` the baseline, of rates. */
export function atLeastTimes(compared: Compared, times: number): Line {
  const { ratio, line } = inTimes(compared)
  return { ...line, target: `at least ${times}`, met: ratio >= times }
}

function inTimes({ work, ours, baseline, unit, against }: Compared) {
  const ratio = ours.median / baseline.median
  const shown = { measured: show(ours, unit), baseline: `${show(baseline, unit)} ${against}` }
  return { ratio, line: { work, ...shown, ratio: `${digits(ratio)} times` } }
}

/** Ours exceeds the baseline by at most `allowed` of the unit. */
export function within({ work, ours, baseline, unit, against }: Compared, allowed: number): Line {
  const difference = ours.median - baseline.median
  return {
    work,
    measured: show(ours, unit),
    baseline: `${show(baseline, unit)} ${against}`,
    ratio: `${difference >= 0 ? '+' : ''}${digits(difference)} ${unit}`,
    target: `at most +${allowed} ${unit}`,
    met: difference <= allowed,
  }
}

/** A figure that stands for itself: at most `limit`, or at least it. */
export function alone(
  { work, ours, unit }: Pick<Compared, 'work' | 'ours' | 'unit'>,
  bound: { atMost: number } | { atLeast: number } | null,
): Line {
  const line = { work, measured: show(ours, unit), baseline: '', ratio: '' }
  if (bound === null) return { ...line, target: '', met: null }
  if ('atMost' in bound) {
    return { ...line, target: `at most ${digits(bound.atMost)} ${unit}`, met: ours.median <= bound.atMost }
  }
  return { ...line, target: `at least ${digits(bound.atLeast)} ${unit}`, met: ours.median >= bound.atLeast }
}

/** The lines as a Markdown table, aligned for the terminal. */
export function formatTable(lines: Line[]): string {
  const head = ['work', 'measured', 'baseline of this run', 'ratio', 'target', 'met']
  const rows = lines.map(({ work, measured, baseline, ratio, target, met }) => [
    work,
    measured,
    baseline,
    ratio,
    target,
    met === null ? '' : met ? 'yes' : 'NO',
  ])
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const format = (cells: string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const rule = widths.map((width) => '-'.repeat(width))
  return [format(head), format(rule), ...rows.map(format)].join('\n')
}

function show({ median, min, max }: Sample, unit: Unit): string {
  return min === max
    ? `${digits(median)} ${unit}`
    : `${digits(median)} ${unit} (${digits(min)}–${digits(max)})`
}

/** Three figures, with a space between thousands. */
function digits(value: number): string {
  const size = Math.abs(value)
  if (size >= 100) return Math.round(value).toLocaleString('en-US').replaceAll(',', ' ')
  return value.toFixed(size >= 10 ? 1 : 2)
}
