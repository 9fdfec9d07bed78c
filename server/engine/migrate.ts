// Numbered migrations: files that bring a database to the current schema, each applied once and never edited after.
// Knows no engine but for the lock that PostgreSQL needs; what may run them gives a MigrationTarget.

import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Db, Row } from './db.ts'
import { type Sql, sql } from './sql.ts'
import { splitStatements } from './statements.ts'

/** What a database must offer to be migrated. `transaction` commits when `work` returns and rolls back when it throws. */
export interface MigrationTarget {
  query<R extends object = Row>(statement: Sql): Promise<R[]>
  transaction<T>(work: (tx: Db) => Promise<T>): Promise<T>
}

export type MigrationEngine = 'sqlite' | 'duckdb' | 'postgres'

/** One file of a migration: `0001_measured.sql`, or `0001_measured.postgres.sql` for what one engine adds. */
export interface MigrationFile {
  number: number
  name: string
  /** SHA-256 of the file's bytes, hexadecimal. */
  hash: string
  text: string
}

export interface MigrationStatus {
  /** File names, in the order in which they were applied. */
  applied: string[]
  /** File names, in the order in which they will be applied. */
  pending: string[]
}

interface Applied {
  name: string
  hash: string
}

const FILE_NAME = /^(\d{4})_([a-z0-9_]+)(?:\.(sqlite|duckdb|postgres))?\.sql$/

/**
 * Applies what is missing, each number in one transaction, and answers the names of the files applied. Several
 * processes may do so at once. Refuses, with a plain Error, a database newer than the folder, a file changed after it
 * was applied, and numbers with a gap.
 */
export async function migrate(
  target: MigrationTarget,
  folder: string,
  engine: MigrationEngine,
): Promise<string[]> {
  const files = await readMigrations(folder, engine)
  const done: string[] = []
  for (;;) {
    const step = await target.transaction((tx) => applyNext(tx, files, engine))
    if (step.length === 0) return done
    done.push(...step)
  }
}

/** What was applied and what is missing; refuses what `migrate` refuses, and writes nothing. */
export async function migrationStatus(
  target: MigrationTarget,
  folder: string,
  engine: MigrationEngine,
): Promise<MigrationStatus> {
  const files = await readMigrations(folder, engine)
  const applied = (await hasTable(target, engine)) ? await listApplied(target) : []
  const pending = findPending(files, applied)
  return {
    applied: applied.map((row) => row.name).toSorted(byNumber),
    pending: pending.map((file) => file.name),
  }
}

/** The files for one engine in the order of application. Refuses a gap, two files with one number, and other names. */
export async function readMigrations(folder: string, engine: MigrationEngine): Promise<MigrationFile[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort(byNumber)
  const files: MigrationFile[] = []
  let last = 0
  for (const name of names) {
    const match = FILE_NAME.exec(name)
    if (match === null)
      throw new Error(`${name} is not named like 0001_measured.sql or 0001_measured.postgres.sql`)
    const number = Number(match[1])
    if (match[3] === undefined) {
      if (number === last)
        throw new Error(`two migrations have the number ${match[1]}: one of them is ${name}`)
      if (number !== last + 1)
        throw new Error(`migration ${String(last + 1).padStart(4, '0')} is missing before ${name}`)
      last = number
    } else if (number !== last) {
      throw new Error(`${name} has no ${match[1]}_${match[2]}.sql that it adds to`)
    }
    if (match[3] !== undefined && match[3] !== engine) continue
    const text = await readFile(join(folder, name), 'utf8')
    files.push({ number, name, hash: createHash('sha256').update(text).digest('hex'), text })
  }
  return files
}

/** By number, and a number's own file before those of single engines. */
function byNumber(a: string, b: string): number {
  const key = (name: string): string => `${name.slice(0, 4)}${name.split('.').length}${name}`
  return key(a) < key(b) ? -1 : 1
}

async function applyNext(tx: Db, files: MigrationFile[], engine: MigrationEngine): Promise<string[]> {
  if (engine === 'postgres') {
    // Held until this transaction ends, so that of two processes starting at once the second finds it done.
    await tx.query(sql`select pg_advisory_xact_lock(hashtext('tidemark migrate ' || current_schema()))`)
  }
  await tx.run(sql`
    create table if not exists migration (
      name text primary key,
      hash text not null,
      applied_at text not null
    )`)
  const pending = findPending(files, await listApplied(tx))
  const number = pending[0]?.number
  const step = pending.filter((file) => file.number === number)
  for (const file of step) await apply(tx, file)
  return step.map((file) => file.name)
}

async function apply(tx: Db, file: MigrationFile): Promise<void> {
  for (const statement of splitStatements(file.text)) {
    try {
      await tx.run(sql.trusted(statement))
    } catch (cause) {
      throw new Error(`${file.name} failed at: ${statement.slice(0, 200)}`, { cause })
    }
  }
  await tx.run(sql`
    insert into migration (name, hash, applied_at)
    values (${file.name}, ${file.hash}, ${new Date().toISOString()})`)
}

/** The files not yet applied; throws when what was applied is not the beginning of what there is. */
function findPending(files: MigrationFile[], applied: Applied[]): MigrationFile[] {
  const known = new Map(files.map((file) => [file.name, file]))
  const newest = files.at(-1)?.number ?? 0
  for (const row of applied) {
    const file = known.get(row.name)
    if (file === undefined && Number(row.name.slice(0, 4)) > newest) {
      throw new Error(
        `the database is at migration ${row.name}, newer than the last one known here (${files.at(-1)?.name ?? 'none'}); start the newer version of Tidemark`,
      )
    }
    if (file === undefined)
      throw new Error(`migration ${row.name} was applied to the database and is missing here`)
    if (file.hash !== row.hash) {
      throw new Error(
        `migration ${row.name} was changed after it had been applied; restore it, and add a new one instead`,
      )
    }
  }
  const done = new Set(applied.map((row) => row.name))
  const reached = Math.max(0, ...applied.map((row) => Number(row.name.slice(0, 4))))
  const pending = files.filter((file) => !done.has(file.name))
  const late = pending.find((file) => file.number <= reached)
  if (late !== undefined) {
    throw new Error(
      `migration ${late.name} was added after ${String(reached).padStart(4, '0')} had been applied; give it the next number`,
    )
  }
  return pending
}

async function hasTable(target: MigrationTarget, engine: MigrationEngine): Promise<boolean> {
  const rows =
    engine === 'sqlite'
      ? await target.query(
          sql`select 1 as found from sqlite_master where type = 'table' and name = 'migration'`,
        )
      : await target.query(sql`
          select 1 as found
          from information_schema.tables
          where table_name = 'migration' and table_schema = current_schema()`)
  return rows.length > 0
}

function listApplied(db: Pick<Db, 'query'>): Promise<Applied[]> {
  return db.query<Applied>(sql`
    select name, hash
    from migration
    order by name`)
}
