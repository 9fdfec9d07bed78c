// Bare DuckDB in this process: what the engine itself takes, without checks, without a service around it.

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import type { Columns } from '../server/engine/db.ts'
import { render, type Sql } from '../server/engine/sql.ts'
import { bindValue, readResult } from '../server/engine/warehouse/duckdb-columns.ts'
import type { Workspace } from './workspace.ts'

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`

/** Milliseconds of `read_csv` of the file into a table of a new database file, durably. */
export async function readCsvUnchecked({ folder }: Workspace, file: string): Promise<number> {
  return await withDatabase(join(folder, 'bare.duckdb'), async (connection) => {
    const start = performance.now()
    await connection.run(`create table reading as select * from read_csv(${quoted(file)})`)
    return performance.now() - start
  })
}

/** How many rows a second are stored durably when each is a transaction of its own. */
export async function commitSingly({ folder }: Workspace, durationMs: number): Promise<number> {
  return await withDatabase(join(folder, 'single.duckdb'), async (connection) => {
    await connection.run(
      'create table measurement (signal_key integer, measured_at timestamptz, value double, load_key integer)',
    )
    const insert = await connection.prepare(
      'insert into measurement values ($1, make_timestamptz($2), $3, 0)',
    )
    const start = performance.now()
    let rows = 0
    while (performance.now() - start < durationMs) {
      insert.bindInteger(1, rows % 300)
      insert.bindBigInt(2, 1_767_225_600_000_000n + BigInt(rows) * 1_000_000n)
      insert.bindDouble(3, rows / 8)
      await insert.run()
      rows++
    }
    return (rows * 1000) / (performance.now() - start)
  })
}

/** Bytes of a database file that hold something; nobody else may have it open. */
export async function usedBytes(path: string): Promise<number> {
  const instance = await DuckDBInstance.create(path)
  const connection = await instance.connect()
  try {
    const answer = await connection.runAndReadAll(
      'select used_blocks::double * block_size::double as used_bytes from pragma_database_size()',
    )
    return Number(answer.getRows()[0]?.[0])
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

async function withDatabase<T>(path: string, work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  const remove = () => {
    for (const file of [path, `${path}.wal`]) rmSync(file, { force: true })
  }
  remove()
  const instance = await DuckDBInstance.create(path)
  const connection = await instance.connect()
  try {
    return await work(connection)
  } finally {
    connection.closeSync()
    instance.closeSync()
    remove()
  }
}

/** A warehouse file opened in this process: statements and nothing around them. */
export interface BareEngine {
  /** The answer's columns, read into memory. */
  ask(statement: Sql): Promise<Columns>
  close(): void
}

/** The file must be a copy: one that a service has open must not be opened twice. */
export async function openBareEngine(path: string): Promise<BareEngine> {
  const instance = await DuckDBInstance.create(path)
  const connection = await instance.connect()
  await connection.run("set TimeZone = 'UTC'; set integer_division = true")
  return {
    async ask(statement) {
      const { text, values } = render(statement, (position) => `$${position}`)
      const bound = values.map(bindValue)
      const items = bound.map(({ value }) => value)
      const types = bound.map(({ type }) => type)
      return await readResult(await connection.run(text, items, types))
    },
    close() {
      connection.closeSync()
      instance.closeSync()
    },
  }
}
