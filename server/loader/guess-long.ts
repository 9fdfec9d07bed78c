// Measurements in long form: each row is one reading. Pure.

import { convert } from '../unit.ts'
import type { ColumnProfile } from './guess-columns.ts'
import { type FilledField, fillFields } from './guess-fields.ts'
import { type Form, formOf, type Surroundings, weakest } from './guess-form.ts'

/** With the ids of signals beside them, a time and a number are what they seem, whatever they are called. */
const SURE_OF_KNOWN = 0.75

export function longForm(columns: ColumnProfile[], around: Surroundings): Form | undefined {
  const filled = fillFields('measurements', columns)
  const [time, value, signal] = ['measured_at', 'value', 'signal_id'].map((field) => filled.get(field))
  const [asset, quantity] = [filled.get('asset_id'), filled.get('quantity')]
  if (!time || !value || !(signal || (asset && quantity))) return undefined
  const byPair = weakest([asset, quantity])
  const bySignal = signal !== undefined && signal.confidence >= byPair
  if (!bySignal) filled.delete('signal_id')
  const creates = bySignal ? signal.column.known.signals === 0 : isNew(asset, quantity, around)
  // Only signals that are made need more than their id.
  if (bySignal && !creates) for (const field of ['asset_id', 'quantity']) filled.delete(field)
  const sure = Math.min(weakest([time, value]), bySignal ? signal.confidence : byPair)
  const isKnown = bySignal && signal.column.telling && signal.column.known.signals > 0.5
  const units = unitsOf(filled, bySignal ? signal : undefined, creates)
  const how = bySignal ? `its signal (${signal.column.name})` : 'its asset and quantity'
  return formOf('measurements', filled, {
    confidence: Math.max(sure, isKnown ? SURE_OF_KNOWN : 0),
    why: `each row is one reading: a time (${time.column.name}), a number (${value.column.name}) and ${how}`,
    mapping: { ...units.mapping, ...(creates && CREATION) },
    notes: [...units.notes, ...(creates ? [noteOfNew(around, filled.has('asset_id'))] : [])],
  })
}

function isNew(
  asset: FilledField | undefined,
  quantity: FilledField | undefined,
  { known }: Surroundings,
): boolean {
  const isThere = (asset?.column.known.assets ?? 0) > 0 && (quantity?.column.known.quantities ?? 0) > 0
  return known.signals.length === 0 || !isThere
}

/** Signals are made on the assets that the file names, or else on one that is called like the file. */
export const CREATION: Form['mapping'] = { create_signals: true, create_assets: true }

export function noteOfNew({ known, fileName }: Surroundings, namesAssets: boolean): string {
  const none = known.signals.length === 0 ? 'there are no signals yet' : 'none of its signals is there'
  const where = namesAssets ? 'with their assets' : `on an asset that is called like the file (${fileName})`
  return `${none}, so the load makes them ${where}; if a file describes them, load that one first`
}

/** A unit counts where signals are made with it, or where those that are there have one that it converts to. */
function unitsOf(filled: Map<string, FilledField>, signal: FilledField | undefined, creates: boolean) {
  const [value, unit] = [filled.get('value'), filled.get('unit')]
  const signals = signal?.column.signals ?? []
  const counts = (text: string) =>
    creates || (signals.length > 0 && signals.every((one) => convert(text, one.unit) !== undefined))
  if (unit) {
    if (creates || !signals.every((one) => one.unit === '') || signals.length === 0)
      return { mapping: {}, notes: [] }
    filled.delete('unit')
    return {
      mapping: {},
      notes: [`its signals have no units, so the units in ${unit.column.name} are passed over`],
    }
  }
  const named = value?.column.unit
  if (value === undefined || named === undefined) return { mapping: {}, notes: [] }
  if (counts(named)) return { mapping: { units: { [value.column.name]: named } }, notes: [] }
  const why = `its values may be in ${named}, which is no unit that those of its signals convert to; they are taken as they stand`
  return { mapping: {}, notes: signals.length > 0 ? [why] : [] }
}
