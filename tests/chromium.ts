/**
 * A real Chromium for tests, from the npm registry alone: @sparticuz/chromium carries the browser with
 * its fonts and libraries, playwright-core drives it. Knows nothing of the product.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'

/** Names a Chromium of the machine's own, for machines that the packaged one (Linux on x64) cannot serve. */
const OWN_PATH_VARIABLE = 'CHROMIUM_PATH'

/** Nothing is asked of the network but the pages under test. */
const FLAGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-domain-reliability',
  '--disable-dev-shm-usage',
  '--no-pings',
  '--font-render-hinting=none',
  '--force-color-profile=srgb',
]

export interface PageOptions {
  colorScheme?: 'light' | 'dark'
  width?: number
  height?: number
}

/** A browser with an empty profile, closed after the test. */
export async function launchChromium(t: Pick<TestContext, 'after'>): Promise<Browser> {
  const { path, env } = findChromium()
  const browser = await chromium.launch({
    executablePath: path,
    headless: true,
    chromiumSandbox: false, // refuses to start as root, and without user namespaces
    args: FLAGS,
    env: { ...process.env, ...env },
  })
  t.after(() => browser.close())
  return browser
}

/** A page in a context of its own: no cookies, English, UTC, 1280 × 800 and light unless told otherwise. */
export async function newPage(browser: Browser, options: PageOptions = {}): Promise<Page> {
  const { colorScheme = 'light', width = 1280, height = 800 } = options
  const context = await browser.newContext({
    colorScheme,
    viewport: { width, height },
    locale: 'en-US',
    timezoneId: 'UTC',
    reducedMotion: 'reduce',
  })
  return context.newPage()
}

interface Chromium {
  path: string
  env: Record<string, string>
}

function findChromium(): Chromium {
  const own = process.env[OWN_PATH_VARIABLE]
  if (own) return { path: own, env: {} }
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(`the packaged Chromium runs on Linux x64 only: name another in ${OWN_PATH_VARIABLE}`)
  }
  const folder = unpack()
  const path = join(folder, 'chromium')
  const env: Record<string, string> = { FONTCONFIG_PATH: join(folder, 'fonts') }
  if (lacksLibraries(path)) env.LD_LIBRARY_PATH = join(folder, 'al2023', 'lib')
  return { path, env }
}

/** Whether this machine misses a library that the browser is linked with (libnss3, usually). */
function lacksLibraries(path: string): boolean {
  const answer = spawnSync('ldd', [path], { encoding: 'utf8' })
  return answer.status !== 0 || answer.stdout.includes('not found')
}

/**
 * Decompresses the package once (2 s), beside it in node_modules. The package itself writes to fixed
 * names in the temporary folder and takes a half-written file for a whole one; so it is given a folder
 * of its own as temporary folder, which is renamed into place when whole. Who comes second throws its
 * own away.
 */
function unpack(): string {
  const entry = fileURLToPath(import.meta.resolve('@sparticuz/chromium'))
  const { version } = JSON.parse(readFileSync(join(dirname(entry), '..', 'package.json'), 'utf8'))
  const cache = join(dirname(entry), '..', '..', '..', '.cache')
  const folder = join(cache, `chromium-${version}`)
  if (existsSync(folder)) return folder
  mkdirSync(cache, { recursive: true })
  const draft = mkdtempSync(join(cache, 'chromium-draft-'))
  const address = JSON.stringify(import.meta.resolve('@sparticuz/chromium'))
  const script = `await (await import(${address})).default.executablePath()`
  const run = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    // The package adds its libraries only where it believes itself on Amazon's Linux.
    env: { ...process.env, TMPDIR: draft, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x' },
    encoding: 'utf8',
  })
  if (run.status !== 0) throw new Error(`Chromium could not be unpacked: ${run.stderr || run.error}`)
  writeFileSync(join(draft, 'fonts', 'fonts.conf'), fontSettings(join(folder, 'fonts')))
  try {
    renameSync(draft, folder)
  } catch (fault) {
    rmSync(draft, { recursive: true, force: true })
    if (!existsSync(folder)) throw fault
  }
  return folder
}

/** The package's own settings look for its fonts in /tmp/fonts only. */
function fontSettings(folder: string): string {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${folder}</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>${folder}/cache</cachedir>
</fontconfig>
`
}
