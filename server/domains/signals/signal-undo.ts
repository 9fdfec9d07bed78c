// What taking back a batch of signals does to those stored: which go, which are again as they were, and what stands in
// the way. Knows no SQL.

import type { EarlierRecord } from '../../engine/earlier-records.ts'
import { losesUnit, placeOf, type SignalContent, type StoredSignal, signalText } from './signal-batch.ts'

export interface SignalUndo {
  /** Keys of those that go. */
  removes: number[]
  restores: SignalContent[]
  /** Made by the batch, and kept since they have measurements. */
  inUse: StoredSignal[]
}

/** A signal that is no longer as the batch left it stays as it is. */
export function planSignalUndo(stored: StoredSignal[], taken: EarlierRecord[]): SignalUndo {
  const signals = new Map(stored.map((signal) => [signal.id, signal]))
  const plan: SignalUndo = { removes: [], restores: [], inUse: [] }
  for (const { record_id, before_json, after_json } of taken) {
    const signal = signals.get(record_id)
    if (signal === undefined || signalText(signal) !== after_json) continue
    if (before_json !== null)
      plan.restores.push(JSON.parse(before_json) as SignalContent) // written by `signalText`
    else if (signal.samples > 0) plan.inUse.push(signal)
    else plan.removes.push(signal.signal_key)
  }
  return plan
}

/** Why a signal cannot be as it was before; undefined when all can. */
export function findRestoreFault(
  stored: StoredSignal[],
  { removes, restores }: SignalUndo,
  isAsset: (id: string) => boolean,
): string | undefined {
  const going = new Set(removes)
  const before = new Map(stored.map((signal) => [signal.id, signal]))
  const after = new Map<string, SignalContent>(before)
  for (const signal of stored) if (going.has(signal.signal_key)) after.delete(signal.id)
  for (const signal of restores) after.set(signal.id, signal)
  const holders = Map.groupBy(after.values(), placeOf)
  for (const signal of restores) {
    const { id, asset_id, name, unit } = signal
    if (!isAsset(asset_id))
      return `the signal ${id} cannot be as it was: there is no asset ${asset_id} any more`
    const holder = holders.get(placeOf(signal))?.find((one) => one.id !== id)
    if (holder)
      return `the signal ${id} cannot be called ${name} again: ${holder.id} of the same asset has this name`
    const now = before.get(id)
    if (now && unit !== '' && losesUnit(now.unit, unit, now.samples)) {
      return `the signal ${id} cannot be in ${unit} again: ${now.samples} measurements are stored in ${now.unit}`
    }
  }
  return undefined
}
