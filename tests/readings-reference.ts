/**
 * What loads and posts of readings should do, worked out the slow way: a map of (signal, instant) to value, to which
 * rows are applied one by one. Shares nothing with the code that it judges.
 */

/** A row as it is sent; `fault` marks one that must be refused, whatever else it says. */
export interface SentRow {
  signal: string
  /** RFC 3339, the one spelling of this instant. */
  at: string
  value: number
  fault?: boolean
}

/** What became of rows; their sum is the number of rows. */
export interface Outcome {
  inserted: number
  updated: number
  unchanged: number
  rejected: number
}

/** Of a file: rows that say again what an earlier row of it said last, and rows that say something else. */
export interface FileOutcome extends Outcome {
  repeated: number
  superseded: number
}

export interface StoredRow {
  signal: string
  at: string
  value: number
}

export interface SignalSummary {
  first_at: string | null
  last_at: string | null
  last_value: number | null
  count: number
}

export function createReference() {
  const stored = new Map<string, Map<string, number>>()

  function apply(row: SentRow, outcome: Outcome): void {
    const values = stored.get(row.signal) ?? new Map<string, number>()
    stored.set(row.signal, values)
    const before = values.get(row.at)
    if (before === undefined) outcome.inserted++
    else if (before === row.value) outcome.unchanged++
    else outcome.updated++
    values.set(row.at, row.value)
  }

  return {
    /** A file: its rows count one after the other, as if each had been sent alone. */
    load(rows: SentRow[]): FileOutcome {
      const outcome = { ...nothing(), repeated: 0, superseded: 0 }
      const said = new Map<string, number>()
      for (const row of rows) {
        if (row.fault) {
          outcome.rejected++
          continue
        }
        apply(row, outcome)
        const reading = JSON.stringify([row.signal, row.at])
        const earlier = said.get(reading)
        if (earlier !== undefined) outcome[earlier === row.value ? 'repeated' : 'superseded']++
        said.set(reading, row.value)
      }
      return outcome
    },

    /** A request: of several rows for one instant the last counts, the others repeat it or are refused. */
    post(rows: SentRow[]): Outcome {
      const outcome = nothing()
      for (const [index, row] of rows.entries()) {
        const later = rows
          .slice(index + 1)
          .findLast((other) => !other.fault && other.signal === row.signal && other.at === row.at)
        if (row.fault) outcome.rejected++
        else if (later === undefined) apply(row, outcome)
        else if (later.value === row.value) outcome.unchanged++
        else outcome.rejected++
      }
      return outcome
    },

    /** Takes away [from, to) of a signal; answers how many rows there were. */
    remove(signal: string, from: string, to: string): number {
      const values = stored.get(signal) ?? new Map<string, number>()
      const gone = [...values.keys()].filter((at) => at >= from && at < to)
      for (const at of gone) values.delete(at)
      return gone.length
    },

    /** Every row, by signal and time. */
    rows(): StoredRow[] {
      return [...stored]
        .flatMap(([signal, values]) => [...values].map(([at, value]) => ({ signal, at, value })))
        .sort((a, b) => compare(a.signal, b.signal) || compare(a.at, b.at))
    },

    summary(signal: string): SignalSummary {
      const values = stored.get(signal) ?? new Map<string, number>()
      const instants = [...values.keys()].sort(compare)
      const last = instants.at(-1)
      return {
        first_at: instants[0] ?? null,
        last_at: last ?? null,
        last_value: last === undefined ? null : (values.get(last) ?? null),
        count: values.size,
      }
    },
  }
}

/** Texts by their characters; instants written alike sort as time does. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}

function nothing(): Outcome {
  return { inserted: 0, updated: 0, unchanged: 0, rejected: 0 }
}
