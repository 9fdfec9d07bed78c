// The one instant that all charts of a page point at. Set by the chart under the pointer, drawn by every chart.

export interface CursorState {
  /** Milliseconds since 1970 UTC. */
  instant: number
  /** The chart that the pointer is over. */
  source: string
}

export interface Cursor {
  get: () => CursorState | null
  set: (state: CursorState | null) => void
  /** Returns what ends the subscription. */
  subscribe: (listener: () => void) => () => void
}

export function createCursor(): Cursor {
  let state: CursorState | null = null
  const listeners = new Set<() => void>()
  return {
    get: () => state,
    set(next) {
      if (next?.instant === state?.instant && next?.source === state?.source) return
      state = next
      for (const listener of listeners) listener()
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
