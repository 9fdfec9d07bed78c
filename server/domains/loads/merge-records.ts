// Rows of assets and signals from a file into the warehouse, each refused with its reason where it does not fit.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { NewAsset } from '../../../contract/assets.ts'
import type { Mapping } from '../../../contract/mapping.ts'
import type { NewSignal } from '../../../contract/signals.ts'
import type { Tx } from '../../engine/db.ts'
import { RECORDS_FILE } from '../../loader/job.ts'
import type { AssetService } from '../assets/service.ts'
import type { SignalService } from '../signals/service.ts'
import { makeAssets } from './made-signals.ts'
import {
  type Checked,
  createAssetReader,
  createSignalReader,
  type FieldFault,
  type FileRow,
} from './record-fields.ts'
import { insertReject } from './reject-store.ts'
import type { StoredLoad } from './store.ts'

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
  rows_repeated: number
  rows_superseded: number
}

/** Assets and signals are few: their rows are checked here, against what is stored. */
export async function mergeRecords(
  tx: Tx,
  deps: RecordDeps,
  { folder, load }: RecordLoad,
): Promise<RecordCounts> {
  const rows = (await readFile(join(folder, RECORDS_FILE), 'utf8'))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as FileRow) // written by the loader
  const mapping = JSON.parse(load.mapping) as Mapping // checked when the load was accepted
  const outcomes = await settleRecords(deps, load.target, {
    rows,
    mapping,
    storeAssets: (given) => deps.assets.upsertMany(tx, given),
    async storeSignals(given) {
      if (mapping.create_assets)
        await makeAssets(
          tx,
          deps,
          given.map(({ asset_id }) => asset_id),
        )
      return await deps.signals.upsertMany(tx, given)
    },
  })
  const counts = { ...NOTHING }
  const seen = new Set<string>()
  for (const [index, outcome] of outcomes.entries()) {
    if ('reason' in outcome) {
      counts.rows_rejected++
      const { line, raw } = rows[index] as FileRow // an outcome for each row
      const { value, rule, reason } = outcome
      const column = columnOf(mapping, outcome.column)
      await insertReject(tx, load.load_key, { line, raw, column, value, rule, reason })
      continue
    }
    count(counts, outcome, seen)
  }
  return counts
}

/** A row of something that an earlier row of the file was about repeats or corrects it. */
function count(counts: RecordCounts, { outcome, id }: Stored, seen: Set<string>): void {
  counts[OUTCOMES[outcome]]++
  if (seen.has(id) && outcome === 'unchanged') counts.rows_repeated++
  if (seen.has(id) && outcome === 'updated') counts.rows_superseded++
  seen.add(id)
}

const NOTHING: RecordCounts = {
  rows_loaded: 0,
  rows_updated: 0,
  rows_unchanged: 0,
  rows_rejected: 0,
  rows_repeated: 0,
  rows_superseded: 0,
}

/** The column of the file that fills a field, for whoever mends it; the field itself where none does. */
export function columnOf({ columns = {} }: Mapping, field: string): string {
  return Object.keys(columns).find((name) => columns[name] === field) ?? field
}

type Stored = { outcome: 'inserted' | 'updated' | 'unchanged'; id: string }
/** What became of a row: stored as `row`, or refused. */
type RowOutcome = (Stored & { row: NewAsset | NewSignal }) | FieldFault

const OUTCOMES = { inserted: 'rows_loaded', updated: 'rows_updated', unchanged: 'rows_unchanged' } as const

interface FileRows {
  rows: FileRow[]
  mapping: Mapping
  /** Stores rows that could be read, or only says what would become of them. */
  storeAssets(rows: NewAsset[]): Promise<Outcome[]>
  storeSignals(rows: NewSignal[]): Promise<Outcome[]>
}

/** Reads the rows of a file of assets or signals and stores those that can be read; one outcome for each row. */
export async function settleRecords(
  deps: { assets: Pick<AssetService, 'listTypes'> },
  target: string,
  { rows, mapping, storeAssets, storeSignals }: FileRows,
): Promise<RowOutcome[]> {
  if (target === 'signals') {
    const read = rows.map(createSignalReader(mapping))
    return spread(read, await storeSignals(read.flatMap((one) => ('row' in one ? [one.row] : []))))
  }
  const { items: types } = await deps.assets.listTypes({ limit: 1000 })
  const schemas = new Map(types.map((type) => [type.name, type.attributes_schema]))
  const read = rows.map(
    createAssetReader(mapping, (assetType, attribute) => declaredType(schemas.get(assetType), attribute)),
  )
  return spread(read, await storeAssets(read.flatMap((one) => ('row' in one ? [one.row] : []))))
}

type Outcome = Stored | ({ outcome: 'refused' } & FieldFault)

/** Outcomes for every row: those of the rows that could be read, in their places among those that could not. */
function spread(read: Checked<NewAsset | NewSignal>[], outcomes: Outcome[]): RowOutcome[] {
  const next = outcomes.values()
  return read.map((one) => {
    if ('fault' in one) return one.fault
    const outcome = next.next().value
    if (!outcome) throw new Error('fewer outcomes than rows')
    return outcome.outcome === 'refused' ? outcome : { ...outcome, row: one.row }
  })
}

function declaredType(schema: Record<string, unknown> | undefined, attribute: string): string | undefined {
  const properties = schema?.properties
  if (typeof properties !== 'object' || properties === null) return undefined
  const property: unknown = Object.getOwnPropertyDescriptor(properties, attribute)?.value
  if (typeof property !== 'object' || property === null || !('type' in property)) return undefined
  return typeof property.type === 'string' ? property.type : undefined
}
