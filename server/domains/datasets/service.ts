// The rules of datasets: their names and columns, and what a row must be to be stored.

import { randomUUID } from 'node:crypto'
import type { PageOf } from '../../../contract/basics.ts'
import type {
  Cell,
  Dataset,
  DatasetQuery,
  NewDataset,
  NewRows,
  RowAppendQuery,
  RowQuery,
} from '../../../contract/datasets.ts'
import type { AppendResult } from '../../../contract/measurements.ts'
import { parseWhen } from '../../calendar.ts'
import type { Clock } from '../../clock.ts'
import { countRows } from '../../context.ts'
import { isText, isWhole, pageOf, readCursor } from '../../cursor.ts'
import type { Db, Tx, Warehouse } from '../../engine/db.ts'
import type { Instant } from '../../engine/sql.ts'
import { AppError, type Fault } from '../../errors.ts'
import { type MergeCounts, mergeStaged, mergeValues } from './merge-rows.ts'
import { compileRules, findColumnFaults, type RowFault } from './row-rules.ts'
import * as store from './store.ts'
import { undoRows } from './undo-rows.ts'

interface Deps {
  warehouse: Warehouse
  clock: Clock
  /** The zone of times without an offset; UTC when left out. */
  defaultZone?: string
}

export type DatasetService = ReturnType<typeof createDatasetService>

/** Rows to be shown: a page, or the whole dataset as text. */
export type RowAnswer =
  | { format: 'json'; page: PageOf<Record<string, Cell>> }
  | { format: 'csv' | 'ndjson'; text: AsyncIterable<Uint8Array> }

/** The public views that stored SQL reads beside the datasets. */
const TAKEN_NAMES = ['assets', 'signals', 'measurements', 'events']
/** Values that devices and people send belong to no load. */
const NO_LOAD = 0
const FAULTS_SHOWN = 100

export function createDatasetService({ warehouse, clock, defaultZone = 'UTC' }: Deps) {
  const write = <T>(work: (tx: Tx) => Promise<T>) =>
    warehouse.write(randomUUID(), work, { keep: 'brief', fresh: true })

  return {
    async list({ limit, cursor }: DatasetQuery): Promise<PageOf<Dataset>> {
      const found = await store.listDatasets(warehouse, readCursor(cursor, isText) ?? '', limit + 1)
      const rows = await store.countRows(
        warehouse,
        found.map(({ name }) => name),
      )
      const datasets = found.map((dataset) => ({ ...dataset, rows: rows.get(dataset.name) ?? 0 }))
      return pageOf(datasets, limit, ({ name }) => name)
    },

    async get(name: string): Promise<Dataset> {
      return getDataset(warehouse, name)
    },

    /** Makes an empty dataset. */
    async create(dataset: NewDataset): Promise<Dataset> {
      const definition = complete(dataset)
      return write(async (tx) => {
        if (await store.findDataset(tx, definition.name)) {
          throw new AppError('conflict', `there is already a dataset ${definition.name}; choose another name`)
        }
        await store.createDataset(tx, definition, clock.now())
        return getDataset(tx, definition.name)
      })
    },

    async remove(name: string): Promise<null> {
      return write(async (tx) => {
        await getDefinition(tx, name)
        await store.dropDataset(tx, name)
        return null
      })
    },

    /**
     * Stores the rows that keep the rules, durably, one after the other; says what became of each. With a unique key
     * the same row again is unchanged and other content replaces it. With `atomic` one bad row refuses all.
     */
    async append(name: string, rows: NewRows, { atomic }: RowAppendQuery): Promise<AppendResult> {
      const dataset = await getDefinition(warehouse, name)
      const rules = compileRules(dataset, { readInstant: readTime(clock, defaultZone) })
      countRows(rows.length)
      const valid: Cell[][] = []
      const refused: { index: number; fault: RowFault }[] = []
      for (const [index, row] of rows.entries()) {
        const outcome = rules.ofJson(row)
        if ('fault' in outcome) refused.push({ index, fault: outcome.fault })
        else valid.push(outcome.values)
      }
      if (atomic && refused.length > 0) throw refusal(refused)
      const counts = valid.length === 0 ? NOTHING : await merge(dataset, valid)
      return { ...counts, rejected: refused.map(({ index, fault }) => ({ index, reason: sentence(fault) })) }
    },

    /** Rows in the order in which they came: as JSON by pages, as CSV and NDJSON all of them. */
    async rows(name: string, { format, limit, cursor }: RowQuery): Promise<RowAnswer> {
      const dataset = await getDefinition(warehouse, name)
      if (format !== 'json') return { format, text: store.readText(warehouse, dataset, format) }
      const after = readCursor(cursor, isWhole) ?? 0
      const found = await store.listRows(warehouse, dataset, { after, limit: limit + 1 })
      const { items, next } = pageOf(found, limit, ({ _row }) => _row)
      return { format, page: { items: items.map(({ _row, ...row }) => row as Record<string, Cell>), next } } // cells only
    },

    /** The columns of the staging table that `mergeStaged` takes. */
    async stagedColumns(name: string): Promise<{ name: string; type: string }[]> {
      const { columns } = await getDefinition(warehouse, name)
      const staged = columns.map((column) => ({ name: column.name, type: store.SQL_TYPES[column.type] }))
      return [...staged, { name: '_line', type: 'bigint' }]
    },

    /** Merges rows that a load has checked and staged, in its own write. */
    async mergeStaged(tx: Tx, name: string, loadKey: number): Promise<MergeCounts> {
      return mergeStaged(tx, await getDefinition(tx, name), loadKey)
    },

    /** Takes back, inside the caller's write, what a load stored; nothing when its dataset is gone. See `undoRows`. */
    async undo(tx: Tx, name: string, load: { version: number; loadKey: number }) {
      const dataset = await store.findDataset(tx, name)
      return dataset ? undoRows(tx, dataset, load) : { removed: 0, restored: 0 }
    },

    /** Empties a dataset; answers how many rows it had. */
    async removeRows(name: string): Promise<{ deleted: number }> {
      return write(async (tx) => {
        await getDefinition(tx, name)
        return { deleted: await store.removeRows(tx, name) }
      })
    },
  }

  /** Stores rows that were checked against a dataset, cells in the order of its columns. */
  async function merge(checked: store.Definition, rows: Cell[][]): Promise<Omit<AppendResult, 'rejected'>> {
    return write(async (tx) => {
      const dataset = await getDefinition(tx, checked.name)
      if (dataset.created_at !== checked.created_at) {
        throw new AppError(
          'conflict',
          `the dataset ${dataset.name} was made anew meanwhile; send the rows again`,
        )
      }
      const { loaded, updated, unchanged } = await mergeValues(tx, dataset, rows, NO_LOAD)
      return { accepted: loaded, updated, unchanged }
    })
  }
}

const NOTHING = { accepted: 0, updated: 0, unchanged: 0 }

/** Checks and completes what defines a dataset; every fault is named. */
function complete(dataset: NewDataset): Omit<store.Definition, 'created_at'> {
  const { name, description = '', columns, unique_key = null } = dataset
  const faults: Fault[] = findColumnFaults(columns, unique_key, { readInstant: () => 0 })
  if (TAKEN_NAMES.includes(name)) {
    faults.unshift({ path: '/name', message: `must not be one of ${TAKEN_NAMES.join(', ')}` })
  }
  if (faults.length > 0) throw new AppError('invalid', 'the dataset cannot be made like this', { faults })
  return { name, description, columns, unique_key }
}

async function getDefinition(db: Db, name: string): Promise<store.Definition> {
  const dataset = await store.findDataset(db, name)
  if (!dataset) throw new AppError('not_found', `there is no dataset ${name}`)
  return dataset
}

async function getDataset(db: Db, name: string): Promise<Dataset> {
  const dataset = await getDefinition(db, name)
  const rows = await store.countRows(db, [name])
  return { ...dataset, rows: rows.get(name) ?? 0 }
}

/** Times in rows: RFC 3339, or local ones of the zone. A time relative to now is none that was measured. */
function readTime(clock: Clock, tz: string): (text: string) => Instant | undefined {
  return (text) => {
    if (text.length > 64 || text.startsWith('now')) return undefined
    try {
      return parseWhen(text, { tz, now: clock.now() })
    } catch (error) {
      if (error instanceof AppError) return undefined
      throw error
    }
  }
}

function refusal(refused: { index: number; fault: RowFault }[]): AppError {
  const faults = refused.slice(0, FAULTS_SHOWN).map(({ index, fault }) => ({
    path: fault.column === null ? `/${index}` : `/${index}/${fault.column}`,
    message: fault.reason,
  }))
  return new AppError('invalid', `${refused.length} rows are not valid, so that none was stored`, { faults })
}

function sentence({ column, reason }: RowFault): string {
  return column === null ? reason : `${column} ${reason}`
}
