// What is asked for: requests, their rows and how long they took, by day, account and route. Counted in memory and
// written to control every few seconds, so that no request waits for its count.

import type { UsageCount, UsageQuery } from '../../../contract/audit.ts'
import type { PageOf } from '../../../contract/basics.ts'
import { parseWhen } from '../../calendar.ts'
import type { Clock } from '../../clock.ts'
import { isWhole, pageOf, readCursor } from '../../cursor.ts'
import { timeText } from '../../engine/control/time.ts'
import type { Control } from '../../engine/db.ts'
import type { Instant } from '../../engine/sql.ts'
import * as store from './store.ts'

export interface Served {
  /** Empty for those who were not signed in. */
  account_id: string
  /** Method and pattern, such as `GET /api/v1/assets/:id`. */
  route: string
  failed: boolean
  rows: number
  duration_ms: number
}

const DAYS_SHOWN = 30

export type UsageService = ReturnType<typeof createUsageService>

export function createUsageService({ control, clock, defaultZone }: Deps) {
  let counted = new Map<string, store.UsageRow>()

  async function flush(): Promise<void> {
    if (counted.size === 0) return
    const rows = [...counted.values()]
    counted = new Map()
    try {
      await store.addUsage(control, rows)
    } catch (error) {
      for (const row of rows) add(row)
      throw error
    }
  }

  function add(row: store.UsageRow): void {
    const key = `${row.day} ${row.account_id} ${row.route}`
    const sum = counted.get(key)
    if (sum === undefined) {
      counted.set(key, { ...row })
      return
    }
    sum.requests += row.requests
    sum.errors += row.errors
    sum.rows += row.rows
    sum.total_ms += row.total_ms
    sum.longest_ms = Math.max(sum.longest_ms, row.longest_ms)
  }

  return {
    /** Counts an answered request. */
    note({ account_id, route, failed, rows, duration_ms }: Served): void {
      add({
        day: dayOf(clock.now()),
        account_id,
        route,
        requests: 1,
        errors: failed ? 1 : 0,
        rows,
        total_ms: duration_ms,
        longest_ms: duration_ms,
      })
    },

    /** Writes what was counted since the last time; counted again later when that fails. */
    flush,

    /** Sums of the days that [from, to) touches, the last 30 when not given; those of this process up to now. */
    async list({
      from,
      to,
      tz = defaultZone,
      by,
      account_id,
      limit,
      cursor,
    }: UsageQuery): Promise<PageOf<UsageCount>> {
      await flush()
      const now = clock.now()
      const instant = (text: string) => parseWhen(text, { tz, now })
      const offset = readCursor(cursor, isWhole) ?? 0
      const rows = await store.listUsage(control, {
        from: dayOf(instant(from ?? `now-${DAYS_SHOWN}d`)),
        to: dayOf(to === undefined ? now : instant(to) - 1),
        by,
        account_id: account_id ?? null,
        offset,
        limit: limit + 1,
      })
      const page = pageOf(rows, limit, () => offset + limit)
      return { ...page, items: page.items.map(shown) }
    },
  }
}

interface Deps {
  control: Control
  clock: Clock
  defaultZone: string
}

const dayOf = (instant: Instant): string => timeText(instant).slice(0, 10)

function shown({ total_ms, longest_ms, ...sum }: store.UsageSum): UsageCount {
  return { ...sum, mean_ms: rounded(total_ms / sum.requests), longest_ms: rounded(longest_ms) }
}

const rounded = (ms: number): number => Math.round(ms * 100) / 100
