// The rules of the audit: every change is kept with who did it, when, from where, and what the thing was before and
// after; nothing is ever changed or removed. What a secret is, never gets here: things are kept as readers see them.

import { randomUUID } from 'node:crypto'
import type { AuditEntry, AuditQuery } from '../../../contract/audit.ts'
import type { PageOf } from '../../../contract/basics.ts'
import { parseWhen } from '../../calendar.ts'
import type { Clock } from '../../clock.ts'
import { currentContext } from '../../context.ts'
import { isText, pageOf, readCursor } from '../../cursor.ts'
import { timeText } from '../../engine/control/time.ts'
import type { Control } from '../../engine/db.ts'
import { csvLine } from './csv.ts'
import * as store from './store.ts'

/** A change as whoever noticed it tells it. */
export interface Change {
  action: string
  path: string
  subject: string
  subject_id: string | null
  members: string[]
  before: object | null
  after: object | null
}

/** What is larger as JSON is kept as its size alone. */
const LARGEST_LOOK = 20_000
const LARGEST_PATH = 2000
const MEMBERS_KEPT = 100
const CSV_PAGE = 1000

const COLUMNS = [
  'id',
  'happened_at',
  'account_id',
  'account_name',
  'api_key_id',
  'address',
  'request_id',
  'action',
  'path',
  'subject',
  'subject_id',
  'members',
  'before',
  'after',
] as const

export type AuditService = ReturnType<typeof createAuditService>

export function createAuditService({ control, clock, defaultZone }: Deps) {
  function filterOf({ from, to, tz = defaultZone, account_id, subject, subject_id }: AuditFilter) {
    const instant = (text: string | undefined): string | null =>
      text === undefined ? null : timeText(parseWhen(text, { tz, now: clock.now() }))
    return {
      from: instant(from),
      to: instant(to),
      account_id: account_id ?? null,
      subject: subject ?? null,
      subject_id: subject_id ?? null,
    }
  }

  async function* linesOf(filter: AuditFilter): AsyncGenerator<string> {
    const fixed = filterOf(filter)
    yield csvLine(COLUMNS)
    for (let before: store.Position | null = null; ; ) {
      const rows: store.EntryRow[] = await store.listEntries(control, { ...fixed, before, limit: CSV_PAGE })
      if (rows.length > 0) yield rows.map((row) => csvLine(COLUMNS.map((name) => row[name]))).join('')
      const last = rows.at(-1)
      if (last === undefined || rows.length < CSV_PAGE) return
      before = [last.happened_at, last.id]
    }
  }

  return {
    /** Keeps a change of the current request's caller. */
    async record(change: Change): Promise<void> {
      const context = currentContext()
      const [before, after] = differing(change.before, change.after)
      await store.insertEntry(control, {
        ...change,
        id: randomUUID(),
        happened_at: timeText(clock.now()),
        account_id: context?.account?.id ?? '',
        account_name: context?.account?.name ?? 'command line',
        api_key_id: context?.api_key_id ?? null,
        address: context?.address ?? '',
        request_id: context?.request_id ?? '',
        path: change.path.slice(0, LARGEST_PATH),
        members: JSON.stringify(change.members.slice(0, MEMBERS_KEPT)),
        before: textOf(before),
        after: textOf(after),
      })
    },

    /** Entries of [from, to), the newest first. */
    async list({
      limit,
      cursor,
      ...filter
    }: AuditFilter & Pick<AuditQuery, 'limit' | 'cursor'>): Promise<PageOf<AuditEntry>> {
      const before = readCursor(cursor, isPosition)
      const rows = await store.listEntries(control, { ...filterOf(filter), before, limit: limit + 1 })
      const page = pageOf(rows, limit, ({ happened_at, id }) => [happened_at, id])
      return { ...page, items: page.items.map(shown) }
    },

    /** All entries of [from, to) as CSV with a header, the newest first. */
    csv: linesOf,
  }
}

interface Deps {
  control: Control
  clock: Clock
  defaultZone: string
}

type AuditFilter = Omit<AuditQuery, 'format' | 'limit' | 'cursor'>

/** Of a thing that stayed, the members that differ; otherwise both as they are. */
function differing(before: object | null, after: object | null): [object | null, object | null] {
  if (before === null || after === null) return [before, after]
  const was = new Map<string, unknown>(Object.entries(before))
  const is = new Map<string, unknown>(Object.entries(after))
  const changed = [...new Set([...was.keys(), ...is.keys()])].filter(
    (name) => JSON.stringify(was.get(name)) !== JSON.stringify(is.get(name)),
  )
  const only = (members: Map<string, unknown>): object =>
    Object.fromEntries([...members].filter(([name]) => changed.includes(name)))
  return [only(was), only(is)]
}

function textOf(look: object | null): string | null {
  if (look === null) return null
  const text = JSON.stringify(look)
  return text.length > LARGEST_LOOK
    ? JSON.stringify({ too_large_to_keep: `${text.length} characters` })
    : text
}

function shown({ members, before, after, ...row }: store.EntryRow): AuditEntry {
  const read = (text: string | null) => (text === null ? null : JSON.parse(text))
  return { ...row, members: JSON.parse(members), before: read(before), after: read(after) }
}

function isPosition(value: unknown): value is store.Position {
  return Array.isArray(value) && value.length === 2 && value.every(isText)
}
