// Rows of assets and signals from a file into the warehouse, each refused with its reason where it does not fit.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Mapping } from '../../../contract/loads.ts'
import type { Db } from '../../engine/db.ts'
import { RECORDS_FILE } from '../../loader/job.ts'
import type { AssetService } from '../assets/service.ts'
import type { SignalService } from '../signals/service.ts'
import { assetOf, type FieldFault, type FileRow, signalOf } from './record-fields.ts'
import { insertReject, type StoredLoad } from './store.ts'

export interface RecordDeps {
  assets: AssetService
  signals: SignalService
}

interface RecordLoad {
  /** Where the loader left the rows. */
  folder: string
  load: StoredLoad
}

export interface RecordCounts {
  rows_loaded: number
  rows_updated: number
  rows_unchanged: number
  rows_rejected: number
}

/** Assets and signals are few: their rows are checked here, against what is stored. */
export async function mergeRecords(
  tx: Db,
  deps: RecordDeps,
  { folder, load }: RecordLoad,
): Promise<RecordCounts> {
  const rows = (await readFile(join(folder, RECORDS_FILE), 'utf8'))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as FileRow) // written by the loader
  const outcomes =
    load.target === 'assets'
      ? await mergeAssets(tx, deps, { rows, load })
      : await mergeSignals(tx, deps, rows)
  const counts = { rows_loaded: 0, rows_updated: 0, rows_unchanged: 0, rows_rejected: 0 }
  for (const [index, outcome] of outcomes.entries()) {
    if (typeof outcome === 'string') counts[outcome]++
    else {
      counts.rows_rejected++
      const { line, raw } = rows[index] as FileRow // an outcome for each row
      await insertReject(tx, load.load_key, { line, raw, rule: 'type', ...outcome })
    }
  }
  return counts
}

type RowOutcome = 'rows_loaded' | 'rows_updated' | 'rows_unchanged' | FieldFault

const OUTCOMES = { inserted: 'rows_loaded', updated: 'rows_updated', unchanged: 'rows_unchanged' } as const

async function mergeAssets(tx: Db, deps: RecordDeps, { rows, load }: { rows: FileRow[]; load: StoredLoad }) {
  const { items: types } = await deps.assets.listTypes({ limit: 1000 })
  const schemas = new Map(types.map((type) => [type.name, type.attributes_schema]))
  const mapping = JSON.parse(load.mapping) as Mapping // checked when the load was accepted
  const typeOf = (assetType: string, attribute: string) => declaredType(schemas.get(assetType), attribute)
  const read = rows.map((row) => assetOf(row, typeOf, mapping.decimal ?? '.'))
  const given = read.flatMap((one) => ('row' in one ? [one.row] : []))
  return spread(read, await deps.assets.upsertMany(tx, given))
}

async function mergeSignals(tx: Db, deps: RecordDeps, rows: FileRow[]) {
  const read = rows.map(signalOf)
  const given = read.flatMap((one) => ('row' in one ? [one.row] : []))
  return spread(read, await deps.signals.upsertMany(tx, given))
}

type Outcome =
  | { outcome: 'inserted' | 'updated' | 'unchanged' }
  | { outcome: 'refused'; column: string; value: string | null; reason: string }

/** Outcomes for every row: those of the rows that could be read, in their places among those that could not. */
function spread(read: ({ row: unknown } | { fault: FieldFault })[], outcomes: Outcome[]): RowOutcome[] {
  const next = outcomes.values()
  return read.map((one) => {
    if ('fault' in one) return one.fault
    const outcome = next.next().value
    if (!outcome) throw new Error('fewer outcomes than rows')
    if (outcome.outcome !== 'refused') return OUTCOMES[outcome.outcome]
    return { column: outcome.column, value: outcome.value, reason: outcome.reason }
  })
}

function declaredType(schema: Record<string, unknown> | undefined, attribute: string): string | undefined {
  const properties = schema?.properties
  if (typeof properties !== 'object' || properties === null) return undefined
  const property: unknown = Object.getOwnPropertyDescriptor(properties, attribute)?.value
  if (typeof property !== 'object' || property === null || !('type' in property)) return undefined
  return typeof property.type === 'string' ? property.type : undefined
}
