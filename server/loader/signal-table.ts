// Which signal some bytes name: a hash table over the bytes themselves, so that no text is made of each row's name.

import type { KnownSignal } from './job.ts'

/** Between an asset's id and a quantity; neither may contain it. */
export const NAME_SEPARATOR = 0x1f

export interface SignalTable {
  /** The place of the signal in the job's list, -1 when there is none, -2 when the name means several. */
  find(data: Uint8Array, start: number, end: number): number
  /** Gives a name that is not found the next place; at most `room` times. */
  add(name: Buffer<ArrayBuffer>): number
}

export const NOT_FOUND = -1
const FREE = NOT_FOUND
const AMBIGUOUS = -2

function hashOf(data: Uint8Array, start: number, end: number): number {
  // FNV-1a, 32 bits (Fowler, Noll, Vo).
  let hash = 0x811c9dc5
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (data[at] as number), 0x01000193) // within bounds
  return hash >>> 0
}

/** By id, or by asset and quantity joined with the separator. `room` is for names that are added. */
export function createSignalTable(
  signals: KnownSignal[],
  by: 'id' | 'asset_and_quantity',
  room = 0,
): SignalTable {
  const size = 2 ** Math.ceil(Math.log2(Math.max(16, (signals.length + room) * 2)))
  const slots = new Int32Array(size).fill(FREE)
  const names = signals.map((signal) =>
    Buffer.from(
      by === 'id' ? signal.id : `${signal.asset_id}${String.fromCharCode(NAME_SEPARATOR)}${signal.quantity}`,
    ),
  )
  const meanings = new Int32Array(signals.length + room)

  function slotOf(data: Uint8Array, start: number, end: number): number {
    let slot = hashOf(data, start, end) & (size - 1)
    for (;;) {
      const held = slots[slot] as number // masked to the size
      if (held === FREE || sameBytes(names[held] as Buffer, data, start, end)) return slot // held is a place in names
      slot = (slot + 1) & (size - 1)
    }
  }

  for (const [index, name] of names.entries()) {
    const slot = slotOf(name, 0, name.length)
    const held = slots[slot] as number // as in slotOf
    if (held === FREE) {
      slots[slot] = index
      meanings[index] = index
    } else meanings[held] = AMBIGUOUS
  }

  const last: { name: Uint8Array; meaning: number } = { name: new Uint8Array(0), meaning: FREE }
  return {
    find(data, start, end) {
      // Files are mostly sorted by signal: the name of the row before is tried first.
      if (end - start === last.name.length && end > start && sameBytes(last.name, data, start, end))
        return last.meaning
      const held = slots[slotOf(data, start, end)] as number // as in slotOf
      if (held === FREE) return FREE
      last.name = names[held] as Buffer // held is a place in names
      last.meaning = meanings[held] as number
      return last.meaning
    },
    add(name) {
      const place = names.push(name) - 1
      slots[slotOf(name, 0, name.length)] = place
      meanings[place] = place
      return place
    },
  }
}

function sameBytes(name: Uint8Array, data: Uint8Array, start: number, end: number): boolean {
  if (name.length !== end - start) return false
  for (let index = 0; index < name.length; index++) if (name[index] !== data[start + index]) return false
  return true
}
