import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { faultOfImport, listImports, NOUNS } from './architecture.ts'
import { faultsOfFile } from './file-rules.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const IGNORED = /(^|\/)(node_modules|dist)(\/|$)|^(examples\/.*\/)?data\/|^tests\/\.artifacts/
const FILES = globSync(
  '{contract,server,web,tests,bench,examples,migrations,config,docs}/**/*.{ts,tsx,sql,css,html,md,env,yaml}',
  {
    cwd: ROOT,
  },
)
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => !IGNORED.test(path))
const SOURCES = FILES.filter((path) => /\.tsx?$/.test(path))

function read(path: string): string {
  return readFileSync(`${ROOT}/${path}`, 'utf8')
}

describe('the tree', () => {
  test('each file imports only what its place allows', () => {
    const faults = SOURCES.flatMap((path) =>
      listImports(path, read(path)).map((each) => faultOfImport(path, each)),
    )

    assert.deepEqual(
      faults.filter((fault) => fault !== undefined),
      [],
    )
  })

  test('each file is named for what it holds, is short, and keeps to what its place allows', () => {
    const faults = FILES.flatMap((path) => faultsOfFile(path, read(path)))

    assert.deepEqual(faults, [])
  })

  test('each domain is a known noun, and has its test', () => {
    const folders = globSync('server/domains/*', { cwd: ROOT }).map((path) => basename(path))

    for (const noun of folders) {
      assert.ok(NOUNS.flat().includes(noun), `server/domains/${noun} is not in the order of nouns`)
      assert.ok(globSync(`server/domains/${noun}/*.test.ts`, { cwd: ROOT }).length > 0, `${noun} has no test`)
    }
  })

  test('docs/architecture.md names every folder of the server, every page and every noun', () => {
    const text = read('docs/architecture.md')
    const folders = globSync(['server/*', 'server/domains/*', 'server/engine/*', 'web/*', 'tests/*'], {
      cwd: ROOT,
      withFileTypes: true,
    }).filter((entry) => entry.isDirectory() && !/node_modules|dist|\.artifacts/.test(entry.name))

    for (const folder of folders) {
      assert.match(
        text,
        new RegExp(`\\b${folder.name}\\b`),
        `docs/architecture.md does not name ${folder.name}`,
      )
    }
  })
})

describe('the rules of imports', () => {
  const refused: [string, string, string][] = [
    ['the contract knows no server', 'contract/assets.ts', `import { AppError } from '../server/errors.ts'`],
    ['drivers stay in the engine', 'server/domains/assets/store.ts', `import pg from 'pg'`],
    ['so does node:sqlite', 'server/http/server.ts', `import { DatabaseSync } from 'node:sqlite'`],
    ['so does DuckDB, also when loaded later', 'server/app.ts', `const x = await import('@duckdb/node-api')`],
    [
      'the engine knows no noun',
      'server/engine/open.ts',
      `import type { X } from '../domains/assets/service.ts'`,
    ],
    ['nor the contract', 'server/engine/sql.ts', `import type { X } from '../../contract/assets.ts'`],
    [
      'nothing calls upward',
      'server/domains/assets/service.ts',
      `import type { S } from '../signals/service.ts'`,
    ],
    [
      'only types of another service',
      'server/domains/signals/service.ts',
      `import { x } from '../assets/service.ts'`,
    ],
    [
      "nobody reads another's tables",
      'server/domains/signals/service.ts',
      `import type { x } from '../assets/store.ts'`,
    ],
    [
      'a route asks the service it was given',
      'server/domains/assets/routes.ts',
      `import * as store from './store.ts'`,
    ],
    ['a store has no rules', 'server/domains/assets/store.ts', `import { x } from './service.ts'`],
    [
      'a domain knows no engine from inside',
      'server/domains/loads/store.ts',
      `import { x } from '../../engine/open.ts'`,
    ],
    ['a door uses routes only', 'server/http/server.ts', `import { x } from '../domains/assets/store.ts'`],
    ['the loader knows little', 'server/loader/main.ts', `import { x } from '../engine/open.ts'`],
    ['the server knows no page', 'server/http/pages.ts', `import { x } from '../../web/theme.ts'`],
    ['pages do not know each other', 'web/pages/home/Home.tsx', `import { x } from '../data/Loads.tsx'`],
    ['a chart fetches nothing', 'web/charts/Bars.tsx', `import { x } from '../api.ts'`],
    ['the pages know no server', 'web/api.ts', `import type { x } from '../server/errors.ts'`],
    ['an example is data', 'examples/columns/run.ts', `import { x } from '../../server/app.ts'`],
    [
      'imports of several lines count',
      'contract/assets.ts',
      `import {\n  A,\n  type B,\n} from '../server/errors.ts'`,
    ],
  ]
  for (const [name, path, source] of refused) {
    test(name, () => {
      const imports = listImports(path, source)

      assert.equal(imports.length, 1)
      assert.ok(imports.every((each) => faultOfImport(path, each)))
    })
  }

  test('what the places are for is allowed', () => {
    const allowed: [string, string][] = [
      ['contract/assets.ts', `import { Type } from 'typebox'`],
      ['server/engine/warehouse/duckdb-sessions.ts', `import { x } from '@duckdb/node-api'`],
      ['server/domains/signals/service.ts', `import type { AssetService } from '../assets/service.ts'`],
      ['server/domains/signals/store.ts', `import { sql } from '../../engine/sql.ts'`],
      ['server/app.ts', `import { createAssetService } from './domains/assets/service.ts'`],
      ['server/domains/assets/assets.test.ts', `import { startApp } from '../../../tests/harness.ts'`],
      ['web/pages/home/Home.tsx', `import { x } from '../../queries.ts'`],
      ['web/api.ts', `import type { Asset } from '../contract/assets.ts'`],
    ]

    for (const [path, source] of allowed) {
      const faults = listImports(path, source).map((each) => faultOfImport(path, each))
      assert.deepEqual(faults, [undefined])
    }
  })
})

describe('the rules of files', () => {
  const refused: [string, string, string][] = [
    ['a folder named for nothing', 'server/utils/text.ts', ''],
    ['a file named for nothing', 'server/helpers.ts', ''],
    ['camelCase', 'server/domains/assets/assetBatch.ts', ''],
    ['more than 300 lines', 'server/log.ts', 'x\n'.repeat(301)],
    ['an export handed on', 'contract/all.ts', `export { Id } from './basics.ts'`],
    ['every export handed on', 'contract/all.ts', `export * from './basics.ts'`],
    ['the type any', 'server/log.ts', 'const x: any = 1'],
    ['a cast to any', 'web/api.ts', 'run(x as any)'],
    ['a list of any', 'server/log.ts', 'function f(x: any[]) {}'],
    ['the environment', 'server/log.ts', 'const level = process.env.LOG_LEVEL'],
    ['state of the module', 'server/log.ts', 'let count = 0'],
    ['a class', 'server/log.ts', 'class Logger {}'],
    ['a status in a route', 'server/domains/assets/routes.ts', 'reply.code(404)'],
    ['an address in a page', 'web/pages/home/Home.tsx', `fetch('/api/v1/assets')`],
    ['SQL in a service', 'server/domains/assets/service.ts', 'const all = sql`select 1`'],
    ['work left over', 'server/log.ts', '// TODO later'],
  ]
  for (const [name, path, source] of refused) {
    test(`${name} is found`, () => {
      assert.equal(faultsOfFile(path, source).length, 1)
    })
  }

  test('comments and texts may speak of these things', () => {
    const source = `// any class that process.env\n/* let any: any */\nconst text = 'x: any; class A'\nconst many = 1 // any\n`

    assert.deepEqual(faultsOfFile('server/log.ts', source), [])
  })

  test('an error may be a class', () => {
    assert.deepEqual(faultsOfFile('server/errors.ts', 'export class AppError extends Error {}'), [])
  })
})
