// What a file of this repository may be called and may contain, as pure functions over paths and source.
// Who may import whom is in `architecture.ts`.

const MAX_LINES = 300
/** Names that say nothing of what is inside. */
const EMPTY_NAMES = new Set([
  'utils',
  'util',
  'helpers',
  'helper',
  'lib',
  'common',
  'shared',
  'misc',
  'index',
  'base',
])
const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*$/
const PASCAL = /^[A-Z][A-Za-z0-9]*$/

/** Everything wrong with one file. `source` is its text; a test file may be longer and freer. */
export function faultsOfFile(path: string, source: string): string[] {
  const faults = [faultOfName(path), faultOfLength(path, source)]
  const code = withoutWords(source)
  for (const { where, pattern, says } of PATTERNS) {
    if (where(path) && pattern.test(code)) faults.push(says)
  }
  if (isWeb(path) && path !== 'web/api.ts' && /['"`]\/api\//.test(source))
    faults.push('only web/api.ts knows addresses')
  if (/\b(TODO|FIXME|XXX)\b/.test(source) && !isRule(path)) faults.push('says what is still to be done')
  return faults.filter((fault) => fault !== undefined).map((fault) => `${path}: ${fault}`)
}

const PATTERNS: { where: (path: string) => boolean; pattern: RegExp; says: string }[] = [
  { where: isCode, pattern: /^export\b[^'";]*?\bfrom\s*''/m, says: 'hands on what another file exports' },
  {
    where: isCode,
    pattern: /(?::|<|\bas|\||,|=>)\s*any\s*(?:[;,)>|=[\]{}]|$)/m,
    says: 'uses the type any',
  },
  {
    where: isProduct,
    pattern: /^(?:export )?(?:let|var) /m,
    says: 'keeps state in a variable of the module',
  },
  {
    where: isProduct,
    pattern: /\bclass\s+\w+\b(?!\s+extends\s+\w*Error\b)/,
    says: 'has a class that is no error',
  },
  {
    where: (path) => isServer(path) && path !== 'server/config.ts',
    pattern: /\bprocess\.env\b/,
    says: 'reads the environment; only server/config.ts does',
  },
  {
    // Health answers a state, which is no error.
    where: (path) => isServer(path) && !['server/errors.ts', 'server/http/health.ts'].includes(path),
    pattern: /\.(?:code|status)\(\s*[45]\d\d/,
    says: 'answers a status of its own; they are in server/errors.ts',
  },
  {
    where: (path) => /^server\/domains\/[^/]+\/(routes|jobs|service)\.ts$/.test(path),
    pattern: /\bsql`/,
    says: 'writes SQL; only a store does',
  },
  { where: isCode, pattern: /\brequire\(\s*''/, says: 'uses require' },
]

function faultOfName(path: string): string | undefined {
  const parts = path.split('/')
  const file = parts.pop() ?? ''
  const name = file.replace(/(\.[a-z]+)+$/, '')
  const empty = [...parts, name].find((part) => EMPTY_NAMES.has(part))
  if (empty && file !== 'index.html') return `the name ${empty} does not say what is inside`
  if (isCode(path) && !KEBAB.test(name) && !(isWeb(path) && PASCAL.test(name)))
    return 'is not named in kebab-case'
  return undefined
}

function faultOfLength(path: string, source: string): string | undefined {
  if (!isCode(path) || isTest(path)) return undefined
  const lines = source.split('\n').length - 1
  return lines > MAX_LINES ? `has ${lines} lines; beyond ${MAX_LINES} it is two ideas` : undefined
}

/** The source with comments left out and the contents of plain strings emptied. */
function withoutWords(source: string): string {
  return source.replace(
    /\/\*[\s\S]*?\*\/|(^|[^:'"`\\/])\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g,
    (match, before: string | undefined) => {
      if (match.startsWith("'") || match.startsWith('"')) return "''"
      return before ?? ''
    },
  )
}

function isCode(path: string): boolean {
  return /\.tsx?$/.test(path)
}

function isTest(path: string): boolean {
  return /\.test\.tsx?$/.test(path)
}

function isServer(path: string): boolean {
  return path.startsWith('server/') && !isTest(path)
}

function isWeb(path: string): boolean {
  return path.startsWith('web/') && isCode(path)
}

function isProduct(path: string): boolean {
  return isCode(path) && !isTest(path) && /^(contract|server|web)\//.test(path)
}

/** This file and its tests name what they look for. */
function isRule(path: string): boolean {
  return path === 'tests/file-rules.ts' || path === 'tests/architecture.test.ts'
}
