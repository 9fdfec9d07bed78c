// `tidemark openapi`: the interface as a document, made without touching the stores of the settings.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApp } from '../app.ts'
import { readConfig } from '../config.ts'

export async function printOpenapi(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-openapi-'))
  try {
    const app = await createApp({ config: readConfig({ TIDEMARK_ENV: 'test', DATA_DIR: folder }) })
    console.log(JSON.stringify(app.http.swagger(), null, 2))
    await app.close()
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
