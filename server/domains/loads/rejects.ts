// The rules of refused rows: they are looked at by reason, sent again, or set aside. A part of the service of loads.

import { randomUUID } from 'node:crypto'
import type { PageOf } from '../../../contract/basics.ts'
import type { Load } from '../../../contract/loads.ts'
import type { Mapping } from '../../../contract/mapping.ts'
import type {
  Reject,
  RejectDismissal,
  RejectGroup,
  RejectQuery,
  RejectReplay,
} from '../../../contract/rejects.ts'
import { isText, isWhole, pageOf, readCursor } from '../../cursor.ts'
import * as rejectStore from './reject-store.ts'
import { rejectsCsv } from './rejects-csv.ts'
import { type ReplayDeps, replayRejects } from './replay.ts'
import type { StoredLoad } from './store.ts'

type Filter = Pick<RejectQuery, 'rule' | 'column' | 'reason' | 'state'>

interface Deps extends ReplayDeps {
  getStored(id: string): Promise<StoredLoad>
}

export function rejectRules(deps: Deps) {
  const { warehouse, getStored } = deps
  return {
    /** Refused rows by line and column. */
    async rejects(
      id: string,
      { limit, cursor, ...filter }: Omit<RejectQuery, 'format'>,
    ): Promise<PageOf<Reject>> {
      const { load_key } = await getStored(id)
      const key = readCursor(cursor, isPlace)
      const page = {
        choice: choiceOf(filter),
        after: key && { line: key[0], column: key[1] },
        limit: limit + 1,
      }
      const found = await rejectStore.listRejects(warehouse, load_key, page)
      return pageOf(found, limit, ({ line, column }) => [line, column ?? ''])
    },

    /** Refused rows by rule, column and reason, those with the most rows first; with the header that they stood under. */
    async rejectGroups(id: string): Promise<{ items: RejectGroup[]; header: string | null }> {
      const load = await getStored(id)
      return { items: await rejectStore.listGroups(warehouse, load.load_key), header: headerOf(load) }
    },

    /** Refused rows as CSV: those of a CSV file under its own header, so that they can be mended and loaded again. */
    async rejectsCsv(id: string, filter: Filter): Promise<AsyncIterable<string>> {
      const load = await getStored(id)
      const mapping = JSON.parse(load.mapping) as Mapping // checked when the load was accepted
      const lines = rejectStore.readRefusedLines(warehouse, load.load_key, choiceOf(filter))
      return rejectsCsv({ ...mapping, header: headerOf(load) }, lines)
    },

    /** Sets open rows aside: those of the lines or of the filter, or all. */
    async dismissRejects(id: string, choice: RejectDismissal): Promise<{ dismissed: number }> {
      const { load_key } = await getStored(id)
      const dismissed = await warehouse.write(
        `dismiss:${randomUUID()}`,
        (tx) => rejectStore.dismissRejects(tx, load_key, choice),
        { keep: 'brief', fresh: true },
      )
      return { dismissed }
    },

    /** See `replayRejects`. */
    async replayRejects(id: string, request: RejectReplay & { account_id: string }): Promise<Load> {
      return replayRejects(deps, await getStored(id), request)
    },
  }
}

const choiceOf = ({ state, ...filter }: Filter): rejectStore.RejectChoice => ({
  ...filter,
  states: state && [state],
})

const headerOf = ({ format, header }: StoredLoad) => (format === 'csv' ? header : null)

const isPlace = (value: unknown): value is [number, string] =>
  Array.isArray(value) && value.length === 2 && isWhole(value[0]) && isText(value[1])
