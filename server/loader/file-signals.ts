// The signals that the readings of a file belong to: those that are there, and those that the file makes. A signal is
// known by its place: first all that are there, in their order, then those that are made.

import { ID_PATTERN, LABEL_PATTERN, NAME_LENGTH } from '../../contract/names.ts'
import type { Broken } from '../field-rule.ts'
import { FileRefused, type KnownSignal, type MadeSignal, type ReadingsTarget } from './job.ts'

/** More are no file of signals' readings, but one whose columns were mixed up. */
export const MOST_MADE = 50_000
const UNIT_LENGTH = 40

const isId = new RegExp(ID_PATTERN, 'u')
const isLabel = new RegExp(LABEL_PATTERN, 'u')

/** Why a signal cannot be made, and by which of its fields. */
export interface NotMade extends Broken {
  field: 'signal_id' | 'asset_id' | 'quantity' | 'unit'
}

/** A signal to be made; the asset is null where the file names none. */
export type SignalDraft = Omit<MadeSignal, 'signal_key' | 'asset_id'> & { asset_id: string | null }

export interface FileSignals {
  /** Whether signals that are not there are made. */
  readonly makes: boolean
  /** Those that are there, by place. */
  readonly known: KnownSignal[]
  at(place: number): KnownSignal
  /** Integer keys by place. */
  keys(): Int32Array
  /** The place of a signal that is not there yet. FileRefused for too many of them. */
  make(draft: SignalDraft): number | NotMade
  /** Those that were made, of the places that are asked for. */
  made(isUsed: (place: number) => boolean): MadeSignal[]
}

export function createFileSignals({ signals, making }: ReadingsTarget): FileSignals {
  const made: MadeSignal[] = []
  const ids = new Set<string>()
  const assets = new Set(making?.assets)
  const state = { keys: new Int32Array(0) }

  /** What keeps the signal from being made, its asset apart. */
  function faultOf({ id, quantity, unit }: SignalDraft): NotMade | undefined {
    if (!isNamed(id, isId)) return { field: 'signal_id', rule: 'pattern', reason: unnamed('a signal') }
    if (!isNamed(quantity, isLabel))
      return { field: 'quantity', rule: 'pattern', reason: unnamed('a quantity') }
    if (unit.length > UNIT_LENGTH || (unit !== '' && !isLabel.test(unit)))
      return { field: 'unit', rule: 'unit', reason: `a unit has at most ${UNIT_LENGTH} characters` }
    if (ids.size === 0) for (const signal of signals) ids.add(signal.id)
    if (ids.has(id))
      return {
        field: 'quantity',
        rule: 'unique',
        reason: 'the signal to be made would have the id of another',
      }
    return undefined
  }

  function faultOfAsset(asset: string | null | undefined): NotMade | undefined {
    const fault = (rule: Broken['rule'], reason: string): NotMade => ({ field: 'asset_id', rule, reason })
    if (!asset) return fault('required', 'the signal is not there, and no asset is named to make it on')
    if (assets.has(asset)) return undefined
    if (!making?.makes_assets) return fault('reference', 'there is no such asset')
    return isNamed(asset, isId) ? undefined : fault('pattern', unnamed('an asset'))
  }

  return {
    makes: making !== undefined,
    known: signals,
    at: (place) => (signals[place] ?? made[place - signals.length]) as KnownSignal, // a place that was given
    keys() {
      if (state.keys.length < signals.length + made.length) {
        state.keys = Int32Array.from([...signals, ...made], ({ signal_key }) => signal_key)
      }
      return state.keys
    },
    make(draft) {
      const asset_id = draft.asset_id || making?.asset_id
      const fault = faultOf(draft) ?? faultOfAsset(asset_id)
      if (fault || !making || !asset_id) return fault ?? { field: 'signal_id', ...NOT_THERE }
      if (made.length === MOST_MADE) {
        throw new FileRefused(
          `the file would make more than ${MOST_MADE} signals; the column of their names may be another`,
        )
      }
      assets.add(asset_id)
      ids.add(draft.id)
      made.push({ ...draft, asset_id, signal_key: making.next_key + made.length })
      return signals.length + made.length - 1
    },
    made: (isUsed) => made.filter((_, index) => isUsed(signals.length + index)),
  }
}

export const NOT_THERE: Broken = { rule: 'reference', reason: 'there is no such signal' }

const isNamed = (text: string, pattern: RegExp) => text.length <= NAME_LENGTH && pattern.test(text)
const unnamed = (what: string) =>
  `it cannot name ${what}: at most ${NAME_LENGTH} characters, none of them a control character${what === 'a quantity' ? '' : ' or a slash'}`
