// Questions about the grid: one mean over everything, against PostgreSQL; and questions about one signal, against the
// engine asked directly.

import assert from 'node:assert/strict'
import type { MetricData } from '../contract/metrics.ts'
import { sql } from '../server/engine/sql.ts'
import type { BareEngine } from './baseline-duckdb.ts'
import { bestOf, type Postgres } from './baseline-postgres.ts'
import { GRID_3M, gridAssets, gridSignals } from './grid-model.ts'
import type { Loaded, Stage } from './query-stage.ts'
import type { Service } from './service.ts'
import { atMostTimes, fasterThan, type Line, measure, type Sample, timed, within } from './table.ts'
import type { Workspace } from './workspace.ts'

const START_MS = Date.UTC(2026, 0, 1)
const END = '2026-02-05T00:00:00Z'
const DAY_MS = 86_400_000
const DAYS = 34
const SIGNALS = gridSignals(GRID_3M)

const instantText = (ms: number) => new Date(ms).toISOString()
/** Before the first reading, and different at each turn, so that no answer can have been kept. */
const startOf = (turn: number) => instantText(START_MS - 1000 * (turn + 1))

/** Daily mean by quantity and type of asset over everything. */
export async function meanLines(workspace: Workspace, stage: Stage): Promise<Line[]> {
  const { size, repeats } = workspace.options
  const { service } = await stage.grid(workspace, size)
  const postgres = await fillPostgres(workspace, await stage.postgres(workspace))
  workspace.say('daily mean by quantity and type: PostgreSQL in several ways')
  const best = await bestOf(postgres, MEANS)
  const rows = (await askMean(service, 1000)).rows.length
  assert.equal((await postgres.run(best.statement)).rowCount, rows)
  workspace.say(`daily mean by quantity and type, in turns with PostgreSQL (${best.name})`)
  const { ours, theirs } = await measure(repeats, {
    ours: (turn) => timed(() => askMean(service, turn)),
    theirs: () => timed(() => postgres.run(best.statement)),
  })
  const work = `daily mean by quantity and type, grid-${size}`
  return [fasterThan({ work, ours, baseline: theirs, unit: 'ms', against: `PostgreSQL, ${best.name}` }, 10)]
}

function askMean(service: Service, turn: number): Promise<MetricData> {
  return service.ask('/metrics/preview', {
    definition: { kind: 'signal', aggregate: 'mean', group_by: ['quantity', 'asset_type'] },
    from: startOf(turn),
    to: END,
    bucket: '1d',
    limit: 1000,
  })
}

const DAY = "date_bin('1 day', measured_at, timestamptz '2026-01-01')"
const MEANS = {
  'joined, then put together': `
    select ${DAY} as day, quantity, type, avg(value), count(*)
    from measurement
    join signal on signal.signal_key = measurement.signal_key
    join asset on asset.id = signal.asset_id
    group by 1, 2, 3
    order by 1, 2, 3`,
  'by signal first': `
    select day, quantity, type, sum(total) / sum(samples), sum(samples)
    from (
      select signal_key, ${DAY} as day, sum(value) as total, count(*) as samples
      from measurement
      group by 1, 2
    ) as cell
    join signal on signal.signal_key = cell.signal_key
    join asset on asset.id = signal.asset_id
    group by 1, 2, 3
    order by 1, 2, 3`,
}

/** The same readings with a primary key, in its order, vacuumed and analysed. */
async function fillPostgres(workspace: Workspace, postgres: Postgres): Promise<Postgres> {
  const { grid, size } = workspace.options
  workspace.say(`filling PostgreSQL with grid-${size}`)
  const quoted = (json: object) => `'${JSON.stringify(json).replaceAll("'", "''")}'`
  await postgres.run(`
    create table asset as
    select id, type
    from json_to_recordset(${quoted(gridAssets(grid))}) as given (id text, type text)`)
  await postgres.run(`
    create table signal as
    select row_number() over (order by id)::integer as signal_key, id, asset_id, quantity
    from json_to_recordset(${quoted(gridSignals(grid))}) as given (id text, asset_id text, quantity text)`)
  await postgres.run(
    'create unlogged table sent (signal_id text, measured_at timestamptz, value double precision)',
  )
  await postgres.run(
    `copy sent from '${workspace.gridFile(`grid-${size}`, grid)}' with (format csv, header true)`,
  )
  await postgres.run(`
    create table measurement as
    select signal_key, measured_at, value
    from sent
    join signal on signal.id = sent.signal_id
    order by signal_key, measured_at`)
  await postgres.run('drop table sent')
  await postgres.run('alter table asset add primary key (id)')
  await postgres.run('alter table signal add primary key (signal_key)')
  await postgres.run('alter table measurement add primary key (signal_key, measured_at)')
  for (const table of ['asset', 'signal', 'measurement']) await postgres.run(`vacuum (analyze) ${table}`)
  return postgres
}

/** One way to ask about one signal: over HTTP, and as the statement that the engine runs for it. */
interface SignalQuestion {
  work: string
  service(service: Service, turn: number): Promise<unknown>
  bare(bare: BareEngine, turn: number): Promise<unknown>
}

/** Three questions about one signal; with grid-30M also how much longer they take there than in grid-3M. */
export async function signalLines(workspace: Workspace, stage: Stage): Promise<Line[]> {
  const { size, repeats } = workspace.options
  const loaded = await stage.grid(workspace, size)
  const smaller = size === '30M' ? await stage.grid(workspace, '3M') : undefined
  const lines: Line[] = []
  for (const question of QUESTIONS) {
    workspace.say(`${question.work}, in turns with the engine alone`)
    const { ours, bare } = await askSignal(loaded, question, repeats * 5)
    const compared = { work: `${question.work}, grid-${size}`, ours, unit: 'ms' as const }
    lines.push(within({ ...compared, baseline: bare, against: 'the engine alone' }, 3))
    if (smaller === undefined) continue
    const { ours: before } = await askSignal(smaller, question, repeats * 5)
    lines.push(atMostTimes({ ...compared, baseline: before, against: 'grid-3M' }, 2))
  }
  return lines
}

/** Every signal and day is touched once before, so that both sides have their blocks in memory. */
async function askSignal(
  { service, bare }: Loaded,
  question: SignalQuestion,
  times: number,
): Promise<{ ours: Sample; bare: Sample }> {
  for (let turn = 0; turn < times; turn++) {
    await question.service(service, turn + times)
    await question.bare(bare, turn)
  }
  return await measure(times, {
    ours: (turn) => timed(() => question.service(service, turn)),
    bare: (turn) => timed(() => question.bare(bare, turn)),
  })
}

const signalOf = (turn: number) => (turn * 37) % SIGNALS.length
const idOf = (turn: number) => SIGNALS[signalOf(turn)]?.id ?? ''
const dayOf = (turn: number) => START_MS + (turn % DAYS) * DAY_MS
const keyOf = (turn: number) => sql`(select signal_key from signal where id = ${idOf(turn)})`

const SLICES = 200
const SLICE_MICROS = Math.ceil((Date.parse(END) - START_MS) * 1000) / SLICES

const QUESTIONS: SignalQuestion[] = [
  {
    work: 'one signal, one day, raw',
    service: (service, turn) =>
      service.ask(
        `/measurements?signal_id=${idOf(turn)}&from=${instantText(dayOf(turn))}&to=${instantText(dayOf(turn) + DAY_MS)}&limit=1000`,
      ),
    bare: (bare, turn) =>
      bare.ask(sql`
        select measured_at, value
        from measurement
        where signal_key = ${keyOf(turn)}
          and measured_at >= ${sql.instant(dayOf(turn) * 1000)}
          and measured_at < ${sql.instant((dayOf(turn) + DAY_MS) * 1000)}
        order by measured_at`),
  },
  {
    work: 'one signal, whole range, 800 points',
    service: (service, turn) =>
      service.ask(`/series?signal_id=${idOf(turn)}&from=${startOf(turn)}&to=${END}&points=800`),
    bare: (bare, turn) =>
      bare.ask(sql`
        select
          epoch_us(measured_at) // ${SLICE_MICROS}::bigint as slice,
          min(measured_at), arg_min(value, measured_at), max(measured_at), arg_max(value, measured_at),
          arg_min(measured_at, value), min(value), arg_max(measured_at, value), max(value)
        from measurement
        where signal_key = ${keyOf(turn)}
        group by 1
        order by 1`),
  },
  {
    work: 'statistics of one signal',
    service: (service, turn) => service.ask(`/signals/${idOf(turn)}/stats?from=${startOf(turn)}&to=${END}`),
    bare: (bare, turn) =>
      bare.ask(sql`
        select count(*), avg(value), min(value), max(value), median(value), stddev_samp(value),
          min(measured_at), max(measured_at)
        from measurement
        where signal_key = ${keyOf(turn)}`),
  },
]
