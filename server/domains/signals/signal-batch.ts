// What a batch of signals does to those stored: which are new, changed, as they were, or refused. Knows no SQL.

import type { RejectRule } from '../../../contract/rejects.ts'
import type { NewSignal } from '../../../contract/signals.ts'

export interface SignalContent {
  id: string
  asset_id: string
  name: string
  quantity: string
  unit: string
}

export interface StoredSignal extends SignalContent {
  signal_key: number
  /** How many measurements it has. */
  samples: number
}

export type SignalOutcome =
  | { outcome: 'inserted' | 'updated' | 'unchanged'; id: string }
  | { outcome: 'refused'; column: string; value: string | null; rule: RejectRule; reason: string }

export interface SignalBatchPlan {
  /** What became of each row, in the order of the rows. */
  outcomes: SignalOutcome[]
  inserts: SignalContent[]
  updates: SignalContent[]
}

interface Surroundings {
  isAsset(id: string): boolean
  newId(): string
}

/**
 * Applies rows to the stored signals one after the other. A row is matched by its id, or without one by asset and
 * name. Fields left out stay as they are; the name of a new signal is its quantity.
 */
export function planSignals(
  stored: StoredSignal[],
  rows: NewSignal[],
  around: Surroundings,
): SignalBatchPlan {
  const samples = new Map(stored.map((signal) => [signal.id, signal.samples]))
  const signals = new Map(stored.map((signal): [string, SignalContent] => [signal.id, contentOf(signal)]))
  const ids = new Map(stored.map((signal) => [placeOf(signal), signal.id]))
  const written = new Map<string, 'inserted' | 'updated'>()

  function apply(row: NewSignal): SignalOutcome {
    const id = row.id ?? ids.get(placeOf({ asset_id: row.asset_id, name: row.name ?? row.quantity }))
    const before = id === undefined ? undefined : signals.get(id)
    const after = {
      id: id ?? around.newId(),
      asset_id: row.asset_id,
      name: row.name ?? before?.name ?? row.quantity,
      quantity: row.quantity,
      unit: row.unit ?? before?.unit ?? '',
    }
    const fault = findFault(before, after)
    if (fault) return fault
    if (before && signalText(before) === signalText(after)) return { outcome: 'unchanged', id: after.id }
    if (before) ids.delete(placeOf(before))
    ids.set(placeOf(after), after.id)
    signals.set(after.id, after)
    if (!written.has(after.id)) written.set(after.id, before ? 'updated' : 'inserted')
    return { outcome: before ? 'updated' : 'inserted', id: after.id }
  }

  function findFault(before: SignalContent | undefined, after: SignalContent): SignalOutcome | undefined {
    if (!around.isAsset(after.asset_id))
      return refuse('asset_id', after.asset_id, { rule: 'reference', reason: 'no asset has this id' })
    const holder = ids.get(placeOf(after))
    if (holder !== undefined && holder !== after.id) {
      const reason = 'another signal of the same asset has this name'
      return refuse('name', after.name, { rule: 'unique', reason })
    }
    if (before && losesUnit(before.unit, after.unit, samples.get(after.id) ?? 0)) {
      return refuse('unit', after.unit, {
        rule: 'unit',
        reason: `its measurements are stored in ${before.unit}`,
      })
    }
    return undefined
  }

  const outcomes = rows.map(apply)
  const changed = (kind: 'inserted' | 'updated') =>
    [...signals.values()].filter((signal) => written.get(signal.id) === kind)
  return { outcomes, inserts: changed('inserted'), updates: changed('updated') }
}

/** Whether stored values would stand under another unit than they were measured in. Naming a missing one is right. */
export function losesUnit(before: string, after: string, samples: number): boolean {
  return samples > 0 && before !== '' && before !== after
}

/** Equal for equal contents. */
export function signalText(signal: SignalContent): string {
  return JSON.stringify(contentOf(signal))
}

function contentOf({ id, asset_id, name, quantity, unit }: SignalContent): SignalContent {
  return { id, asset_id, name, quantity, unit }
}

export function placeOf(signal: { asset_id: string; name: string }): string {
  return JSON.stringify([signal.asset_id, signal.name])
}

function refuse(
  column: string,
  value: string | null,
  broken: { rule: RejectRule; reason: string },
): SignalOutcome {
  return { outcome: 'refused', column, value, ...broken }
}
