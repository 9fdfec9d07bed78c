// `tidemark doctor`: whether this machine and these settings will do, line by line.

import { existsSync } from 'node:fs'
import { access, constants, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { type Config, SETTINGS } from '../config.ts'
import { inspectStores } from './stores.ts'

interface Finding {
  ok: boolean
  what: string
  says: string
}

const LEAST_NODE = 24
const LEAST_FREE_BYTES = 1_000_000_000

/** Prints what it finds; answers whether all is well. */
export async function doctor(config: Config): Promise<boolean> {
  const findings = [findNode(), ...(await findFolder(config)), findPages(), ...(await findStores(config))]
  for (const [key, { name, ...setting }] of Object.entries(SETTINGS)) {
    const value = config[key as keyof Config] // the keys of SETTINGS are those of Config
    const shown = 'secret' in setting ? (value === '' ? '' : '(set, not shown)') : String(value)
    console.log(`     ${name.padEnd(20)} ${shown || '(empty)'}`)
  }
  for (const { ok, what, says } of findings) console.log(`${ok ? ' ok ' : 'BAD '} ${what.padEnd(20)} ${says}`)
  return findings.every(({ ok }) => ok)
}

function findNode(): Finding {
  const ok = Number(process.versions.node.split('.')[0]) >= LEAST_NODE
  return {
    ok,
    what: 'node',
    says: ok ? process.version : `${process.version}; at least ${LEAST_NODE} is needed`,
  }
}

async function findFolder({ dataDir }: Config): Promise<Finding[]> {
  if (!existsSync(dataDir))
    return [{ ok: true, what: 'data folder', says: `${dataDir} will be made at the first start` }]
  const writable = await access(dataDir, constants.W_OK).then(
    () => true,
    () => false,
  )
  const { bavail, bsize } = await statfs(dataDir)
  const free = bavail * bsize
  return [
    { ok: writable, what: 'data folder', says: writable ? dataDir : `${dataDir} cannot be written to` },
    { ok: free > LEAST_FREE_BYTES, what: 'free space', says: `${(free / 1e9).toFixed(1)} GB` },
  ]
}

function findPages(): Finding {
  const ok = existsSync(join(import.meta.dirname, '../../web/dist/index.html'))
  return { ok, what: 'pages', says: ok ? 'built' : 'not built: run npm run build' }
}

/** A service that runs has the embedded warehouse to itself, so it is asked instead. */
async function findStores(config: Config): Promise<Finding[]> {
  const running = await askRunning(config)
  if (running !== undefined) return running
  try {
    const { migrations, losses } = await inspectStores(config)
    const found = Object.entries(migrations).map(([what, { pending }]) => ({
      ok: true,
      what,
      says:
        pending.length === 0
          ? 'opens, at the current schema'
          : `opens; the next start applies ${pending.join(', ')}`,
    }))
    return [...found, ...losses.map(lostData)]
  } catch (error) {
    return [{ ok: false, what: 'stores', says: error instanceof Error ? error.message : String(error) }]
  }
}

const lostData = (says: string): Finding => ({ ok: false, what: 'data', says })

async function askRunning({ host, port }: Config): Promise<Finding[] | undefined> {
  try {
    const response = await fetch(`http://${host}:${port}/readyz`, { signal: AbortSignal.timeout(3000) })
    // As /readyz answers.
    const { checks, warnings } = (await response.json()) as {
      checks: Record<string, string>
      warnings: string[]
    }
    const found = Object.entries(checks).map(([what, says]) => ({
      ok: says === 'ok',
      what,
      says: `of the running service: ${says}`,
    }))
    return [
      { ok: true, what: 'service', says: `runs at http://${host}:${port}` },
      ...found,
      ...warnings.map(lostData),
    ]
  } catch {
    return undefined
  }
}
