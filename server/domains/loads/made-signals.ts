// Signals and assets that a file names and that are not there: what the loader must know to make them, and their
// making in the write of the load.

import type { Mapping } from '../../../contract/mapping.ts'
import type { Tx } from '../../engine/db.ts'
import { AppError } from '../../errors.ts'
import type { MadeSignal, ReadingsTarget, SignalMaking } from '../../loader/job.ts'
import type { AssetService } from '../assets/service.ts'
import type { MeasurementService } from '../measurements/service.ts'
import type { SignalService } from '../signals/service.ts'

interface Deps {
  assets: AssetService
  signals: SignalService
  measurements: MeasurementService
}

/** The type of assets of which only the id is known. */
const MADE_TYPE = 'site'

/** A load of measurements, as its loader must know it. */
export async function readingsTarget(
  deps: Deps,
  mapping: Mapping,
  fileName: string,
): Promise<ReadingsTarget> {
  // Before the next key is asked for: what is made between the two must not have it.
  const signals = await deps.measurements.knownSignals()
  if (mapping.create_signals !== true) return { kind: 'measurements', signals }
  return { kind: 'measurements', signals, making: await makingOf(deps, mapping, fileName) }
}

export async function makingOf(
  { assets, signals }: Pick<Deps, 'assets' | 'signals'>,
  mapping: Mapping,
  fileName: string,
): Promise<SignalMaking> {
  const ids = await assets.listIds()
  const makesAssets = mapping.create_assets === true
  const own = mapping.constants?.asset_id
  const named = stemOf(fileName)
  const fallback = makesAssets || ids.includes(named) ? named : null
  return {
    next_key: await signals.nextKey(),
    assets: ids,
    asset_id: own === undefined ? fallback : String(own),
    makes_assets: makesAssets,
  }
}

/** The name of a file without folders and endings; of a file of mended rows that of the file they were refused from. */
function stemOf(fileName: string): string {
  const name = fileName.replace(/^(mended rows of )+/, '').replace(/^.*[\\/]/, '')
  const stem = name.replace(/\.(gz|zst)$/i, '').replace(/\.[A-Za-z0-9]{1,8}$/, '')
  return (stem || name).trim()
}

/**
 * Makes the signals inside the load's write, with their assets where the mapping says so, and gives their staged
 * readings the keys that they have now. AppError `conflict` for one that cannot be; a plain Error, after which the load
 * runs again, when one was made meanwhile in another unit.
 */
export async function storeMade(tx: Tx, deps: Deps, mapping: Mapping, made: MadeSignal[]): Promise<void> {
  if (made.length === 0) return
  const ids = made.map(({ id }) => id)
  const before = await deps.signals.findKeys(tx, ids)
  const missing = made.filter(({ id }) => !before.has(id))
  if (mapping.create_assets)
    await makeAssets(
      tx,
      deps,
      missing.map(({ asset_id }) => asset_id),
    )
  const outcomes = await deps.signals.upsertMany(
    tx,
    missing.map(({ id, asset_id, name, quantity, unit }) => ({ id, asset_id, name, quantity, unit })),
  )
  for (const [index, outcome] of outcomes.entries()) {
    if (outcome.outcome !== 'refused') continue
    const sentence = `the signal ${missing[index]?.id} cannot be made (${outcome.column}): ${outcome.reason}`
    throw new AppError('conflict', sentence)
  }
  const stored = await deps.signals.findKeys(tx, ids)
  const moved = made.flatMap(({ id, unit, signal_key }) => {
    const now = stored.get(id)
    if (now?.unit !== unit) throw new Error(`the signal ${id} was made meanwhile, in another unit`)
    return now.signal_key === signal_key ? [] : [{ from: signal_key, to: now.signal_key }]
  })
  await deps.measurements.renumberStaged(tx, moved)
}

/** Makes those of the assets that are not there, each with its id as its name. AppError `conflict` where one cannot be. */
export async function makeAssets(tx: Tx, { assets }: Pick<Deps, 'assets'>, ids: string[]): Promise<void> {
  const wanted = [...new Set(ids)]
  const there = await assets.findExisting(tx, wanted)
  const missing = wanted.filter((id) => !there.has(id))
  if (missing.length === 0) return
  const outcomes = await assets.upsertMany(
    tx,
    missing.map((id) => ({ id, type: MADE_TYPE, name: id })),
  )
  for (const [index, outcome] of outcomes.entries()) {
    if (outcome.outcome !== 'refused') continue
    throw new AppError('conflict', `the asset ${missing[index]} cannot be made: ${outcome.reason}`)
  }
}
