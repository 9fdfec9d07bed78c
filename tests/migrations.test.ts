import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { migrate, migrationStatus } from '../server/engine/migrate.ts'
import { sql } from '../server/engine/sql.ts'
import {
  CONTROL_ENGINES,
  CONTROL_MIGRATIONS,
  type ControlEngine,
  migrationTarget,
} from './control-engines.ts'

const MIGRATIONS = fileURLToPath(new URL('../migrations', import.meta.url))
const ENGINES: ControlEngine[] = ['sqlite', 'postgres']

/** A folder with the given files; a file given again replaces the one of the same name. */
async function folderOf(t: TestContext, files: Record<string, string>) {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-migrations-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const put = async (more: Record<string, string>): Promise<void> => {
    for (const [name, text] of Object.entries(more)) await writeFile(join(folder, name), text)
  }
  await put(files)
  return { folder, put }
}

test('every migration has its hash in migrations/hashes.json, and none was edited since', async () => {
  const pinned: unknown = JSON.parse(await readFile(join(MIGRATIONS, 'hashes.json'), 'utf8'))
  const found: Record<string, string> = {}
  for (const store of ['control', 'warehouse']) {
    for (const name of (await readdir(join(MIGRATIONS, store))).sort()) {
      const bytes = await readFile(join(MIGRATIONS, store, name))
      found[`${store}/${name}`] = createHash('sha256').update(bytes).digest('hex')
    }
  }

  assert.deepEqual(found, pinned, 'a merged migration is never edited: add a new one, with its hash')
})

for (const engine of ENGINES) {
  describe(`migrations on ${engine}`, () => {
    const opened = async (t: TestContext) => {
      const open = await CONTROL_ENGINES[engine](t)
      const control = await open()
      return { open, control, target: migrationTarget(control) }
    }

    test('those of control bring an empty database to the current schema, once', async (t) => {
      const { control, target } = await opened(t)
      const before = await migrationStatus(target, CONTROL_MIGRATIONS, engine)

      const first = await migrate(target, CONTROL_MIGRATIONS, engine)
      const second = await migrate(target, CONTROL_MIGRATIONS, engine)

      assert.deepEqual(before.applied, [])
      assert.deepEqual(first, before.pending)
      assert.ok(first.includes('0001_accounts.sql'))
      assert.deepEqual(second, [])
      assert.deepEqual(await migrationStatus(target, CONTROL_MIGRATIONS, engine), {
        applied: first,
        pending: [],
      })
      assert.deepEqual(await control.query(sql`select acknowledged_version from ledger`), [
        { acknowledged_version: 0 },
      ])
    })

    test('two processes that start at once apply each migration once', async (t) => {
      const { open, target } = await opened(t)
      const other = migrationTarget(await open())

      const done = await Promise.all([
        migrate(target, CONTROL_MIGRATIONS, engine),
        migrate(other, CONTROL_MIGRATIONS, engine),
      ])

      const { applied } = await migrationStatus(target, CONTROL_MIGRATIONS, engine)
      assert.deepEqual(done.flat().sort(), applied.toSorted())
    })

    test('the file of one engine is applied after the one that it adds to, and only there', async (t) => {
      const { control, target } = await opened(t)
      const { folder } = await folderOf(t, {
        '0001_thing.sql': 'create table thing (id text)',
        '0001_thing.postgres.sql': "insert into thing (id) values ('postgres')",
        '0001_thing.sqlite.sql': "insert into thing (id) values ('sqlite')",
      })

      const done = await migrate(target, folder, engine)

      assert.deepEqual(done, ['0001_thing.sql', `0001_thing.${engine}.sql`])
      assert.deepEqual(await control.query(sql`select id from thing`), [{ id: engine }])
    })

    test('a migration that fails leaves nothing of its number, and says where it failed', async (t) => {
      const { control, target } = await opened(t)
      const { folder } = await folderOf(t, {
        '0001_a.sql': 'create table a (id text);',
        '0002_b.sql': 'create table b (id text); insert into nowhere (id) values (1);',
      })

      await assert.rejects(
        migrate(target, folder, engine),
        /^Error: 0002_b\.sql failed at: insert into nowhere/,
      )

      assert.deepEqual((await migrationStatus(target, folder, engine)).applied, ['0001_a.sql'])
      await assert.rejects(control.query(sql`select id from b`))
    })

    const refusals: [string, Record<string, string>, Record<string, string>, RegExp][] = [
      [
        'a file changed after it was applied',
        { '0001_a.sql': 'create table a (id text)' },
        { '0001_a.sql': 'create table a (id text, more text)' },
        /0001_a\.sql was changed after it had been applied/,
      ],
      [
        'a file added to a number that was applied',
        { '0001_a.sql': 'create table a (id text)' },
        { [`0001_a.${engine}.sql`]: 'create table b (id text)' },
        /0001_a\.\w+\.sql was added after 0001 had been applied/,
      ],
      [
        'a gap in the numbers',
        { '0001_a.sql': 'create table a (id text)' },
        { '0003_c.sql': 'create table c (id text)' },
        /migration 0002 is missing before 0003_c\.sql/,
      ],
      [
        'two files with one number',
        { '0001_a.sql': 'create table a (id text)' },
        { '0001_b.sql': 'create table b (id text)' },
        /two migrations have the number 0001/,
      ],
      [
        'a name of another form',
        { '0001_a.sql': 'create table a (id text)' },
        { '2_b.sql': 'create table b (id text)' },
        /2_b\.sql is not named like/,
      ],
    ]
    for (const [name, first, then, message] of refusals) {
      test(`refuses ${name}`, async (t) => {
        const { target } = await opened(t)
        const { folder, put } = await folderOf(t, first)
        await migrate(target, folder, engine)

        await put(then)

        await assert.rejects(migrate(target, folder, engine), message)
        await assert.rejects(migrationStatus(target, folder, engine), message)
      })
    }

    test('refuses a database newer than the folder', async (t) => {
      const { target } = await opened(t)
      const newer = await folderOf(t, {
        '0001_a.sql': 'create table a (id text)',
        '0002_b.sql': 'create table b (id text)',
      })
      const older = await folderOf(t, { '0001_a.sql': 'create table a (id text)' })
      await migrate(target, newer.folder, engine)

      await assert.rejects(
        migrate(target, older.folder, engine),
        /at migration 0002_b\.sql, newer than the last one known here \(0001_a\.sql\); start the newer version/,
      )
    })
  })
}
