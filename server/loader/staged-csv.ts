// Our own CSV, written for the engine to stage: no header, `\N` for null, text always quoted.

import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import type { Cell } from '../../contract/datasets.ts'

const FLUSH_LENGTH = 256 * 1024

export interface StagedWriter {
  write(cells: Cell[]): void
  /** Waits while the disk is behind; call it between chunks of the file. */
  drain(): Promise<void>
  close(): Promise<void>
}

export function createStagedWriter(path: string): StagedWriter {
  const stream = createWriteStream(path)
  const state = { text: '' }
  const flush = () => {
    if (state.text.length > 0) stream.write(state.text)
    state.text = ''
  }
  return {
    write(cells) {
      state.text += stagedLine(cells)
      if (state.text.length > FLUSH_LENGTH) flush()
    },
    async drain() {
      if (stream.writableNeedDrain) await once(stream, 'drain')
    },
    async close() {
      flush()
      stream.end()
      await once(stream, 'close')
    },
  }
}

/** A row as a line of that CSV. */
export const stagedLine = (cells: Cell[]) => `${cells.map(stagedCell).join(',')}\n`

function stagedCell(cell: Cell): string {
  if (cell === null) return '\\N'
  return typeof cell === 'string' ? `"${cell.replaceAll('"', '""')}"` : String(cell)
}
