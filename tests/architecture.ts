// The rules of who may import whom, and of what a file may be, as pure functions over paths and source.
// `docs/architecture.md` says them in words; `architecture.test.ts` applies them to the tree.

import { posix } from 'node:path'

/** An import of a file of ours (`server/errors.ts`), of a package (`fastify`) or of Node (`node:fs`). */
export interface Import {
  target: string
  typeOnly: boolean
}

/** Each noun may take the types of services of the nouns before it. */
export const NOUNS = [
  ['accounts', 'audit', 'jobs'],
  ['assets'],
  ['signals'],
  ['measurements', 'events', 'datasets'],
  ['mappings'],
  ['loads'],
  ['sources'],
  ['metrics'],
  ['dashboards'],
  ['reports', 'alerts'],
]

const DRIVERS = /^(@duckdb\/|pg$|pg-|node:sqlite$)/
/** What any code of the server may build on: pure words and the request's own context. */
const GROUND = [
  'errors',
  'clock',
  'calendar',
  'zone',
  'bucket',
  'context',
  'cursor',
  'pattern',
  'field-rule',
  'number-text',
  'unit',
].map((name) => `server/${name}.ts`)
/** The engine as the others see it: interfaces, the tag, the gate, what is kept of each write, how control writes a time. */
const ENGINE_FACE = ['db', 'sql', 'user-sql', 'changes', 'earlier-records', 'control/time'].map(
  (name) => `server/engine/${name}.ts`,
)
const LOADER_MAY = [
  'server/errors.ts',
  'server/calendar.ts',
  'server/zone.ts',
  'server/pattern.ts',
  'server/field-rule.ts',
  'server/number-text.ts',
  'server/unit.ts',
  'server/engine/warehouse/run-file.ts',
  'server/domains/datasets/row-rules.ts',
]
const LOADER_FACE = ['job', 'sniff-format', 'staged-csv'].map((name) => `server/loader/${name}.ts`)

/** The imports of a file at `path`, formatted as this repository is (one statement starts a line). */
export function listImports(path: string, source: string): Import[] {
  const statements = source.matchAll(/^(?:import|export)\s+(type\s+)?(?:[^'"`;]*?\sfrom\s+)?'([^']+)'/gm)
  const dynamic = source.matchAll(/\bimport\(\s*'([^']+)'/g)
  return [
    ...[...statements].map(([, type, name]) => ({ target: resolve(path, name), typeOnly: Boolean(type) })),
    ...[...dynamic].map(([, name]) => ({ target: resolve(path, name), typeOnly: false })),
  ]
}

/** What is wrong with one import of a file, or undefined. */
export function faultOfImport(path: string, { target, typeOnly }: Import): string | undefined {
  const allowed = isAllowed(path, target, typeOnly)
  return allowed ? undefined : `${path} may not import ${typeOnly ? 'types of ' : ''}${target}`
}

/** Tests, benchmarks and the command line that ties all together import what they need. */
function isAllowed(path: string, target: string, typeOnly: boolean): boolean {
  if (/\.test\.tsx?$/.test(path)) return true
  const [area] = path.split('/')
  if (area === 'contract') return isWithin(target, 'contract') || /^typebox(\/|$)/.test(target)
  if (area === 'web') return mayWebImport(path, target)
  if (area === 'examples') return !isOurs(target)
  if (area === 'server') return mayServerImport(path, target, typeOnly)
  return true
}

function mayServerImport(path: string, target: string, typeOnly: boolean): boolean {
  if (DRIVERS.test(target)) return isWithin(path, 'server/engine') || decodesParquet(path, target)
  if (!isOurs(target)) return true
  if (isWithin(target, 'contract')) return !isWithin(path, 'server/engine')
  if (!isWithin(target, 'server')) return false
  if (path === 'server/app.ts' || path === 'server/main.ts' || isWithin(path, 'server/commands')) return true
  if (typeOnly && target === 'server/engine/sql.ts') return true
  const [, door] = path.split('/')
  if (door === 'engine')
    return isWithin(target, 'server/engine') || isOneOf(target, ['server/errors.ts', 'server/clock.ts'])
  if (door === 'loader') return isWithin(target, 'server/loader') || LOADER_MAY.includes(target)
  // The language between the service of loads and the process that it starts, how a file's first bytes are told, and
  // how rows are written for the engine.
  if (isWithin(path, 'server/domains/loads') && LOADER_FACE.includes(target)) return true
  if (door === 'domains') return mayDomainImport(path, target, typeOnly)
  if (door === 'http' || door === 'worker') return mayDoorImport(path, target, typeOnly)
  if (door === 'demo') return isWithin(target, 'server/demo') || GROUND.includes(target) || typeOnly
  // A file directly under server/: the ground, which stands on itself and knows how SQL is written.
  return /^server\/[^/]+$/.test(target) || (GROUND.includes(path) && ENGINE_FACE.includes(target))
}

/**
 * The loader reads Parquet by DuckDB: no other reader knows all of the format. Its engine is in memory, sees that one
 * file and dies with the loader; what is stored it never meets.
 */
function decodesParquet(path: string, target: string): boolean {
  return path === 'server/loader/parquet-records.ts' && target === '@duckdb/node-api'
}

function mayDoorImport(path: string, target: string, typeOnly: boolean): boolean {
  const [, door] = path.split('/')
  if (isWithin(target, `server/${door}`) || GROUND.includes(target) || ENGINE_FACE.includes(target))
    return true
  const words = door === 'http' ? 'routes' : 'jobs'
  if (new RegExp(`^server/domains/[^/]+/${words}\\.ts$`).test(target)) return true
  if (target === 'server/log.ts' || target === 'server/config.ts') return true
  // How a door reaches the rules: it is handed services, and names their types.
  return typeOnly && /^server\/domains\/[^/]+\/(service|jobs|kind)\.ts$/.test(target)
}

function mayDomainImport(path: string, target: string, typeOnly: boolean): boolean {
  if (GROUND.includes(target) || ENGINE_FACE.includes(target)) return mayKindImport(path, target, typeOnly)
  const [, , noun = '', file] = path.split('/')
  const [, inDomains, otherNoun = '', otherFile] = target.split('/')
  if (inDomains !== 'domains') return typeOnly && target === 'server/log.ts'
  if (noun === otherNoun) return mayKindImport(path, target, typeOnly)
  // A directory is a service of its own: what there is, kept in memory for those who come after.
  const isService = ['service.ts', 'kind.ts', 'directory.ts'].includes(otherFile ?? '')
  return file !== 'store.ts' && typeOnly && isService && comesBefore(otherNoun, noun)
}

/** Inside one noun: routes ask the service, the service asks the store, the store asks the engine. */
function mayKindImport(path: string, target: string, typeOnly: boolean): boolean {
  const from = posix.basename(path, '.ts')
  const to = posix.basename(target, '.ts')
  if (typeOnly) return true
  if (from === 'routes') return !['store', 'service'].includes(to)
  if (from === 'service') return !['routes', 'jobs'].includes(to)
  if (from === 'store') return !['routes', 'jobs', 'service'].includes(to)
  if (from === 'jobs') return !['routes', 'store', 'service'].includes(to)
  // Any other file computes, or is a part of the service: what uses it, it does not know.
  return !['routes', 'jobs', 'service'].includes(to)
}

function comesBefore(noun: string, other: string): boolean {
  const place = (name: string) => NOUNS.findIndex((names) => names.includes(name))
  return place(noun) >= 0 && place(noun) <= place(other) && noun !== other
}

function mayWebImport(path: string, target: string): boolean {
  if (!isOurs(target)) return !target.startsWith('node:') || path === 'web/vite.config.ts'
  if (!isWithin(target, 'web') && !isWithin(target, 'contract')) return false
  const [, part, page] = path.split('/')
  if (part === 'ui') return isWithin(target, 'web/ui') || target === 'web/theme.ts'
  if (part === 'charts')
    return ['web/charts', 'web/ui'].some((area) => isWithin(target, area)) || target === 'web/theme.ts'
  if (part === 'pages') return !isWithin(target, 'web/pages') || isWithin(target, `web/pages/${page}`)
  return true
}

function resolve(path: string, name = ''): string {
  return name.startsWith('.') ? posix.join(posix.dirname(path), name) : name
}

function isOurs(target: string): boolean {
  return /^(contract|server|web|tests|bench|examples)\//.test(target)
}

function isWithin(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`)
}

function isOneOf(target: string, files: string[]): boolean {
  return files.includes(target)
}
