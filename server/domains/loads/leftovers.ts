// What a process that was killed left in the data folder: files that became no load, and rows on their way to the
// engine. Knows folders, not stores.

import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { rawPath } from './raw-file.ts'

/** Empties the staging folder, and removes files that belong to none of the loads. */
export async function removeLeftovers(
  { dataDir, stagingDir }: { dataDir: string; stagingDir: string },
  loadIds: Set<string>,
): Promise<void> {
  for (const name of await namesIn(stagingDir)) {
    await rm(join(stagingDir, name), { recursive: true, force: true })
  }
  for (const id of await namesIn(rawPath(dataDir, '.'))) {
    if (!loadIds.has(id)) await rm(rawPath(dataDir, id), { force: true })
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch {
    // Nothing came in yet.
    return []
  }
}
