// A file that describes signals: what they belong to, and what they measure in which unit. Pure.

import { type ColumnProfile, isNumeric } from './guess-columns.ts'
import { fillFields } from './guess-fields.ts'
import { type Form, formOf, type Surroundings, weakest } from './guess-form.ts'
import { guessUnit, quantityOfUnit } from './guess-units.ts'

export function signalsForm(columns: ColumnProfile[], { known }: Surroundings): Form | undefined {
  const filled = fillFields('signals', columns)
  const [id, asset, name, quantity, unit] = ['id', 'asset_id', 'name', 'quantity', 'unit'].map((field) =>
    filled.get(field),
  )
  if (!asset || !(id || name) || !(unit || quantity)) return undefined
  const isReading = columns.some((column) => column.time && !isNumeric(column))
  const sure = weakest([asset, id ?? name, unit ?? quantity]) + (unit && (quantity ?? name) ? 0.15 : 0)
  const constant = quantity ? undefined : quantityOf(unit?.column.examples ?? [])
  const isNew = asset.column.known.assets === 0
  const notes = [
    ...(constant === undefined
      ? []
      : [`no column tells the quantity; each signal gets ${JSON.stringify(constant)}`]),
    ...(isNew ? [noteOfAssets(known.asset_ids.length)] : []),
  ]
  return formOf('signals', filled, {
    confidence: Math.min(0.95, sure) * (isReading ? 0.5 : 1),
    why: 'each row describes a signal: what it belongs to, and what it measures in which unit',
    mapping: {
      ...(constant !== undefined && { constants: { quantity: constant } }),
      ...(isNew && { create_assets: true }),
    },
    notes,
  })
}

function noteOfAssets(assets: number): string {
  const none = assets === 0 ? 'there are no assets yet' : 'none of its assets is there'
  return `${none}, so the load makes them; if a file describes them, load that one first`
}

/** What all the units measure; a word that is always true where they differ. */
function quantityOf(units: string[]): string {
  const quantities = new Set(units.map((unit) => quantityOfUnit(guessUnit(`[${unit}]`) ?? unit)))
  const [only] = quantities
  return quantities.size === 1 && only !== undefined ? only : 'measured value'
}
