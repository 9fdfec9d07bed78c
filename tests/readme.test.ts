import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ENGINES, startApp } from './harness.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const missing = ['bash', 'curl'].filter((name) => spawnSync(name, ['--version']).status !== 0)
const skip = missing.length > 0 && `SKIPPED: this machine has no ${missing.join(' and no ')}`

test('the commands of the README work as they stand there', { skip }, async (t) => {
  const app = await startApp(t, ENGINES.embedded)
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-readme-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))

  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script(app.url)], {
    cwd: folder,
  })

  assert.match(stdout, /"accepted":2,"updated":0,"unchanged":0,"rejected":\[\]/)
  assert.match(stdout, /2 rows read: 1 new, 0 changed, 0 unchanged, 1 refused/)
  assert.match(stdout, /line 3, MeasurementValue: .*viel/)
})

/** The blocks of the README after those that install, for a service at `url`; an answer that is an error ends it. */
function script(url: string): string {
  const [, text = ''] = readFileSync(join(ROOT, 'README.md'), 'utf8').split('## The first five minutes')
  const blocks = [...text.matchAll(/^```\n([\s\S]*?)^```$/gm)].map(([, block]) => block)
  return blocks
    .join('\n')
    .replaceAll('localhost:8080', new URL(url).host)
    .replaceAll('curl -s ', 'curl -sS --fail-with-body ')
    .replaceAll('npm run --silent tidemark --', `${process.execPath} ${join(ROOT, 'server/main.ts')}`)
    .replaceAll('--target measurements', `--target measurements --url ${url}`)
}
