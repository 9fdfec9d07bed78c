// The same work in PostgreSQL, as someone who knows it well would do it: a server with durable commits, generous memory
// and no checkpoint in the middle of a load.

import pg from 'pg'
import { startPostgres } from '../tests/postgres.ts'
import { timed } from './table.ts'
import type { Workspace } from './workspace.ts'

export interface Postgres {
  run(statement: string): Promise<pg.QueryResult>
}

/** Durable as it comes from the package, but with memory and logs for large loads; all a reader could ask for. */
const SETTINGS = {
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  shared_buffers: '1GB',
  effective_cache_size: '4GB',
  work_mem: '256MB',
  maintenance_work_mem: '512MB',
  max_wal_size: '16GB',
  checkpoint_timeout: '1h',
  // What it would do by itself afterwards would burden whose turn is next.
  autovacuum: 'off',
  timezone: 'UTC',
}

/** Started for the run, and gone with it. */
export async function openPostgres(workspace: Workspace): Promise<Postgres> {
  workspace.say('starting PostgreSQL')
  const server = await startPostgres(SETTINGS)
  workspace.defer(() => server.stop())
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  workspace.defer(() => client.end())
  return { run: (statement) => client.query(statement) }
}

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`

/** Milliseconds of `copy` of the file, read by the server itself, into an empty table with a primary key. */
export async function copyKeyed({ run }: Postgres, file: string): Promise<number> {
  await run('drop table if exists reading')
  await run(`
    create table reading (
      signal_id text not null,
      measured_at timestamptz not null,
      value double precision not null,
      primary key (signal_id, measured_at)
    )`)
  await run('checkpoint')
  const start = performance.now()
  await run(`copy reading from ${quoted(file)} with (format csv, header true)`)
  return await settled({ run }, performance.now() - start)
}

/** What it left to be written later is written before anybody else's turn. */
async function settled({ run }: Postgres, ms: number): Promise<number> {
  await run('checkpoint')
  return ms
}

/** Where checked rows go; its signals are those of the catalogue. */
export async function createChecked({ run }: Postgres, signalIds: string[]): Promise<void> {
  await run('drop table if exists signal, measurement, rejected_row')
  await run('create table signal (signal_key integer primary key, id text not null unique)')
  await run(`
    insert into signal
    select position, id
    from unnest(array[${signalIds.map(quoted).join(', ')}]) with ordinality as given (id, position)`)
  await run(`
    create table measurement (
      signal_key integer not null,
      measured_at timestamptz not null,
      value double precision not null,
      primary key (signal_key, measured_at)
    )`)
  await run('create table rejected_row (line bigint not null, reason text not null, raw text not null)')
  await run('analyze signal')
}

const REASON = `
  case
    when signal_key is null then 'signal_id: there is no such signal'
    when not time_valid then 'measured_at: not a time'
    when not number_valid then 'value: not a number'
    when value in ('NaN', 'Infinity', '-Infinity') then 'value: not finite'
  end`

/**
 * Milliseconds of the same checks as ours: the file into an unlogged table of text, each row read once, refused rows
 * kept, and of the good ones the last for an instant merged. Of five ways that were tried this is the fastest; with
 * `insert … on conflict` it takes a third longer.
 */
export async function copyChecked({ run }: Postgres, file: string): Promise<number> {
  await run('truncate measurement, rejected_row')
  await run('drop table if exists staged, checked')
  await run('set jit = off')
  await run('checkpoint')
  const start = performance.now()
  await run('begin')
  await run('lock table measurement in share row exclusive mode')
  await run(`
    create unlogged table staged (
      line bigint generated always as identity (cache 1000),
      signal_id text,
      at_text text,
      value_text text
    )`)
  await run(`
    copy staged (signal_id, at_text, value_text)
    from ${quoted(file)} with (format csv, header true)`)
  await run(CHECK)
  await run(`
    insert into rejected_row (line, reason, raw)
    select line, ${REASON}, concat_ws(',', signal_id, at_text, value_text)
    from checked
    where ${REASON} is not null`)
  await run(MERGE)
  await run('commit')
  return await settled({ run }, performance.now() - start)
}

const CHECK = `
  create unlogged table checked as
  select
    line, signal_key, signal_id, at_text, value_text, time_valid, number_valid,
    case when time_valid then at_text::timestamptz end as measured_at,
    case when number_valid then value_text::double precision end as value
  from (
    select
      line, signal_key, signal_id, at_text, value_text,
      coalesce(pg_input_is_valid(at_text, 'timestamptz'), false) as time_valid,
      coalesce(pg_input_is_valid(value_text, 'double precision'), false) as number_valid
    from staged
    left join signal on signal.id = staged.signal_id
    offset 0
  ) as looked_at`

const LAST = `
  select distinct on (signal_key, measured_at) signal_key, measured_at, value
  from checked
  where ${REASON} is null
  order by signal_key, measured_at, line desc`

const MERGE = `
  update measurement
  set value = given.value
  from (${LAST}) as given
  where measurement.signal_key = given.signal_key
    and measurement.measured_at = given.measured_at
    and measurement.value <> given.value;
  insert into measurement (signal_key, measured_at, value)
  select signal_key, measured_at, value
  from (${LAST}) as given
  where not exists (
    select 1
    from measurement
    where measurement.signal_key = given.signal_key and measurement.measured_at = given.measured_at
  )`

/** The fastest of several ways to ask the same, each with and without compiling it; left set up as it was fastest. */
export async function bestOf(
  { run }: Postgres,
  ways: Record<string, string>,
): Promise<{ name: string; statement: string }> {
  const tried: { name: string; statement: string; jit: string; ms: number }[] = []
  for (const jit of ['off', 'on']) {
    await run(`set jit = ${jit}`)
    for (const [way, statement] of Object.entries(ways)) {
      await run(statement)
      const ms = Math.min(await timed(() => run(statement)), await timed(() => run(statement)))
      tried.push({ name: `${way}, jit ${jit}`, statement, jit, ms })
    }
  }
  const [best] = tried.toSorted((a, b) => a.ms - b.ms)
  if (best === undefined) throw new Error('there is no way to ask')
  await run(`set jit = ${best.jit}`)
  return best
}
