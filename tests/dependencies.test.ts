import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

interface Package {
  dependencies: Record<string, string>
  optionalDependencies: Record<string, string>
  devDependencies: Record<string, string>
  overrides: Record<string, string>
}

interface Lock {
  packages: Record<string, { version?: string; license?: string; dev?: boolean; hasInstallScript?: boolean }>
}

/** May be given on to whoever runs the service. */
const FREE = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'ISC',
  'MIT',
  'Unlicense',
  'Zlib',
])
/** Asks that changes to its own files be published; fine for tools, which are not given on. */
const FREE_FOR_TOOLS = new Set([...FREE, 'MPL-2.0'])

const root = new URL('..', import.meta.url)
const manifest: Package = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))
const lock: Lock = JSON.parse(readFileSync(new URL('package-lock.json', root), 'utf8'))
const direct = { ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.devDependencies }

test('docs/dependencies.md names each direct dependency with its licence, and no other', () => {
  const rows = readFileSync(new URL('docs/dependencies.md', root), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim()))
  const named = rows.flatMap(([, names = '', , licence]) =>
    [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => ({ name, licence })),
  )

  const installed = Object.keys(direct).map((name) => ({
    name,
    licence: lock.packages[`node_modules/${name}`]?.license,
  }))

  const byName = (a: { name?: string | undefined }, b: typeof a) => (a.name ?? '').localeCompare(b.name ?? '')
  assert.deepEqual(named.toSorted(byName), installed.toSorted(byName))
})

test('each direct dependency is pinned to one version, which the lock file has', () => {
  for (const [name, version] of Object.entries(direct)) {
    assert.match(version, /^\d+\.\d+\.\d+(-[\w.]+)?$/, name)
    assert.equal(lock.packages[`node_modules/${name}`]?.version, version, name)
  }
  for (const [name, version] of Object.entries(manifest.overrides)) {
    const copies = Object.entries(lock.packages).filter(([path]) => path.endsWith(`node_modules/${name}`))
    for (const [path, copy] of copies) assert.equal(copy.version, version, path)
  }
})

test('each installed package has a licence that allows what we do with it', () => {
  const others = Object.entries(lock.packages).filter(([, { license = 'none', dev }]) => {
    const allowed = dev ? FREE_FOR_TOOLS : FREE
    const parts = license.replaceAll(/[()]/g, '').split(/ (?:AND|OR) /)
    const isAllowed = (part: string) => allowed.has(part)
    return !(license.includes(' OR ') ? parts.some(isAllowed) : parts.every(isAllowed))
  })

  assert.deepEqual(
    others.map(([path, { license }]) => `${path}: ${license}`),
    [],
  )
})

test('nothing that the service needs at run time has an install script', () => {
  const withScript = Object.entries(lock.packages).filter(([, entry]) => entry.hasInstallScript && !entry.dev)

  assert.deepEqual(
    withScript.map(([path]) => path),
    [],
  )
})
