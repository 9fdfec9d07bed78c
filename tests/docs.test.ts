// What is written against what is: every setting, every route.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { SETTINGS, type Setting } from '../server/config.ts'
import { ENGINES, startApp } from './harness.ts'

/** The cells of each row of a document's tables, without their headings. */
function rowsOf(document: string): string[][] {
  const text = readFileSync(new URL(`../docs/${document}`, import.meta.url), 'utf8')
  return text
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    )
}

describe('docs/configuration.md', () => {
  const rows = rowsOf('configuration.md')

  test('has a row for each setting, and for nothing else', () => {
    const names = rows.map(([name]) => name?.replaceAll('`', ''))

    assert.deepEqual(
      names,
      Object.values<Setting>(SETTINGS).map(({ name }) => name),
    )
  })

  test('says the default of each, its unit, and whether it is a secret', () => {
    Object.values<Setting>(SETTINGS).forEach((setting, index) => {
      const [, standard = '', , meaning = ''] = rows[index] ?? []
      const shown = setting.default === '' ? 'empty' : `\`${setting.default}\``

      assert.ok(standard.startsWith(shown), `${setting.name}: ${standard} does not begin with ${shown}`)
      assert.equal(meaning.endsWith('A secret'), setting.secret === true, setting.name)
      if (setting.unit !== undefined)
        assert.match(meaning.toLowerCase(), new RegExp(setting.unit), setting.name)
    })
  })
})

describe('docs/api.md', () => {
  test('has a row for each route, with who may call it, and for nothing else', async (t) => {
    const { app } = await startApp(t, ENGINES.embedded)
    const written = rowsOf('api.md').map(([route, needs]) => `${route} ${needs}`)
    const registered = app.routes.routes
      .filter(({ method, url }) => method !== 'HEAD' && url !== '/*' && !/^\/docs\/./.test(url))
      .map(({ method, url, needs }) => `\`${method} ${url}\` ${needs}`)

    assert.deepEqual(written.toSorted(), [...new Set(registered)].toSorted())
  })
})
