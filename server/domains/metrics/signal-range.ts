// Over which instants and buckets the measurements of signals are read.

import { bucketEdges, bucketText, parseBucket } from '../../bucket.ts'
import type { Db } from '../../engine/db.ts'
import { type Instant, type Sql, sql } from '../../engine/sql.ts'
import type { Buckets, Question } from './answer.ts'
import * as store from './store.ts'

/** The ends that were asked for, and those of the data in place of the missing. */
export async function completeRange(
  db: Db,
  { range }: Pick<Question, 'range'>,
  signals: store.ReadSignal[] | store.SignalFilter,
): Promise<{ from: Instant | null; to: Instant | null }> {
  if (range.from !== null && range.to !== null) return { from: range.from, to: range.to }
  const { first_at, last_at } = Array.isArray(signals)
    ? extentOf(signals)
    : await store.findExtent(db, signals)
  const from = range.from ?? first_at
  const to = range.to ?? (last_at === null ? null : last_at + 1)
  if (from === null || to === null || from <= to) return { from, to }
  // The end that was asked for lies beyond the data.
  return range.from === null ? { from: to, to } : { from, to: from }
}

/** Buckets over a range of instants; none where it is empty, has no end, or ends before it begins. */
export function bucketsOf(
  text: string,
  { from, to }: { from: Instant | null; to: Instant | null },
  tz: string,
): Buckets {
  const range = { from: from ?? 0, to: from === null ? 0 : (to ?? from) }
  const bucket = parseBucket(text, range)
  const edges = bucketEdges(bucket, range, tz)
  return { text: bucketText(bucket), edges, ...range, toInstant: (time) => time }
}

/** Measurements of a range. */
export function conditionsOf({ from, to }: { from: Instant | null; to: Instant | null }): Sql[] {
  const conditions = [sql`true`]
  if (from !== null) conditions.push(sql`measured_at >= ${sql.instant(from)}`)
  if (to !== null) conditions.push(sql`measured_at < ${sql.instant(to)}`)
  return conditions
}

function extentOf(signals: store.ReadSignal[]): { first_at: Instant | null; last_at: Instant | null } {
  const firsts = signals.flatMap(({ first_at }) => (first_at === null ? [] : [first_at]))
  const lasts = signals.flatMap(({ last_at }) => (last_at === null ? [] : [last_at]))
  return {
    first_at: firsts.length === 0 ? null : Math.min(...firsts),
    last_at: lasts.length === 0 ? null : Math.max(...lasts),
  }
}
