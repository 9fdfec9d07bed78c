// Metrics of kind `signal`: an aggregate of measurements by bucket and by what is known of their signals.

import type { Cell } from '../../../contract/datasets.ts'
import type { SignalDefinition } from '../../../contract/metrics.ts'
import type { Db, Warehouse } from '../../engine/db.ts'
import { sql } from '../../engine/sql.ts'
import { AppError, type Fault } from '../../errors.ts'
import {
  type Answer,
  cellsOf,
  type Part,
  partialPart,
  type Question,
  readPage,
  rowsOf,
  samplesPart,
  startsPart,
  valuePart,
} from './answer.ts'
import { bucketsOf, completeRange, conditionsOf } from './signal-range.ts'
import { signalStatement } from './signal-statement.ts'
import * as store from './store.ts'

/** Up to so many signals are named in the statement, by which the engine skips what it need not read. */
const NAMED_SIGNALS = 1000

/** Refuses what names signals, assets or types that do not exist: AppError `invalid`. */
export async function checkSignalMetric(db: Db, definition: SignalDefinition): Promise<void> {
  const { signal_ids = [], asset_ids = [], asset_type } = definition
  const faults: Fault[] = []
  if (signal_ids.length > 0) {
    const known = new Set(
      (await store.listSignals(db, { signal_ids }, signal_ids.length)).map(({ id }) => id),
    )
    faults.push(...faultsOf(signal_ids, known, { path: '/definition/signal_ids', noun: 'signal' }))
  }
  if (asset_ids.length > 0) {
    const known = new Set(await store.listAssetIds(db, asset_ids))
    faults.push(...faultsOf(asset_ids, known, { path: '/definition/asset_ids', noun: 'asset' }))
  }
  if (asset_type !== undefined && !(await store.hasAssetType(db, asset_type))) {
    faults.push({
      path: '/definition/asset_type',
      message: `there is no asset type ${JSON.stringify(asset_type)}`,
    })
  }
  if (faults.length === 0) return
  throw new AppError('invalid', `The metric cannot be calculated: ${faults[0]?.message}.`, { faults })
}

/** One row a group, or one a bucket and group that has measurements; without groups and bucket always one row. */
export async function answerSignalMetric(
  warehouse: Warehouse,
  definition: SignalDefinition,
  question: Question,
): Promise<Answer> {
  const { kind: _, aggregate, group_by: groups = [], ...filter } = definition
  if (filter.signal_ids !== undefined) await checkSignalMetric(warehouse, definition)
  const isFiltered = Object.keys(filter).length > 0
  const signals = await store.listSignals(warehouse, filter, NAMED_SIGNALS + 1)
  const isNamed = signals.length <= NAMED_SIGNALS
  const range = await completeRange(warehouse, question, isNamed ? signals : filter)
  const buckets = question.bucket === undefined ? null : bucketsOf(question.bucket, range, question.range.tz)
  const conditions = conditionsOf(range)
  if (isFiltered && isNamed)
    conditions.push(
      warehouse.dialect.oneOf(
        sql`signal_key`,
        signals.map((each) => each.signal_key),
      ),
    )
  if (isFiltered && !isNamed) conditions.push(sql`signal_key in (${store.keysOf(warehouse, filter)})`)
  const statement = signalStatement(warehouse.dialect, {
    aggregate,
    groups,
    conditions,
    buckets,
  })
  const { found, rows, next } = await readPage(warehouse, statement, question)
  const parts: Part[] = [
    ...groups.map((group, index) => groupPart(group, cellsOf(found, `g${index}`))),
    valuePart(cellsOf(found, 'value'), aggregate === 'count' ? null : question.unit),
    samplesPart(cellsOf(found, 'samples')),
  ]
  if (buckets !== null) {
    parts.unshift(startsPart(cellsOf(found, 'place'), buckets))
    parts.push(partialPart(cellsOf(found, 'place'), buckets))
  }
  return {
    columns: parts.map((part) => part.head),
    rows: rowsOf(parts, rows),
    ...range,
    bucket: buckets?.text ?? null,
    next,
    division_by_zero: 0,
  }
}

function faultsOf(
  ids: string[],
  known: Set<string>,
  { path, noun }: { path: string; noun: string },
): Fault[] {
  return ids.flatMap((id, index) =>
    known.has(id) ? [] : [{ path: `${path}/${index}`, message: `there is no ${noun} ${JSON.stringify(id)}` }],
  )
}

/** An attribute that is a number in every row is answered as one. */
function groupPart(group: string, cells: ArrayLike<Cell>): Part {
  const texts = Array.from(cells)
  const isNumeric =
    group.startsWith('attribute.') &&
    texts.some((text) => text !== null) &&
    texts.every((text) => text === null || String(Number(text)) === text)
  const values = isNumeric ? texts.map((text) => (text === null ? null : Number(text))) : texts
  return { head: { name: group, type: isNumeric ? 'number' : 'text', unit: null }, cells: values }
}
