// A formula over five columns of a million rows, summed: against PostgreSQL with the same file.

import assert from 'node:assert/strict'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { MetricData } from '../contract/metrics.ts'
import { bestOf, type Postgres } from './baseline-postgres.ts'
import type { Stage } from './query-stage.ts'
import type { Service } from './service.ts'
import { fasterThan, type Line, measure, timed } from './table.ts'
import type { Workspace } from './workspace.ts'

const ROWS = 1_000_000
const COLUMNS = [1, 2, 3, 4, 5].map((index) => `column_${index}`)

export async function formulaLines(workspace: Workspace, stage: Stage): Promise<Line[]> {
  const { repeats, size } = workspace.options
  const { service } = await stage.grid(workspace, size)
  const postgres = await stage.postgres(workspace)
  await fillBoth(workspace, service, postgres)
  const best = await bestOf(postgres, { 'one statement': SUM })
  await compareSums(service, postgres)
  workspace.say('the formula summed, in turns with PostgreSQL')
  const { ours, theirs } = await measure(repeats * 3, {
    ours: (turn) => timed(() => askSum(service, turn + 1)),
    theirs: () => timed(() => postgres.run(best.statement)),
  })
  const work = 'formula over five columns of a million rows'
  return [fasterThan({ work, ours, baseline: theirs, unit: 'ms', against: `PostgreSQL, ${best.name}` }, 8)]
}

async function fillBoth(workspace: Workspace, service: Service, postgres: Postgres): Promise<void> {
  workspace.say('a dataset of a million rows and five columns, into both')
  const file = join(workspace.folder, 'stats.csv')
  await pipeline(Readable.from(statsCsv()), createWriteStream(file))
  await service.ask('/datasets', {
    name: 'stats',
    columns: COLUMNS.map((name) => ({ name, type: 'integer' })),
  })
  const { load } = await service.load(file, 'dataset:stats')
  assert.equal(load.rows_loaded, ROWS)
  await postgres.run(`create table stats (${COLUMNS.map((name) => `${name} integer`).join(', ')})`)
  await postgres.run(`copy stats from '${file}' with (format csv, header true)`)
  await postgres.run('vacuum (analyze) stats')
}

/** The number added differs at each turn, so that no answer can have been kept. */
async function askSum(service: Service, added: number): Promise<number> {
  const { columns, rows } = await service.ask<MetricData>('/metrics/preview', {
    definition: {
      kind: 'formula',
      dataset: 'stats',
      expression: `sum(column_1 - column_2 / column_3 * column_4 + column_5 + ${added})`,
    },
  })
  return Number(rows[0]?.[columns.findIndex(({ name }) => name === 'value')])
}

/** Both must say the same, but for the last digits, which depend on the order of summing. */
async function compareSums(service: Service, postgres: Postgres): Promise<void> {
  const [row] = (await postgres.run(SUM)).rows as [{ sum: number }] // an aggregate without groups
  const ours = await askSum(service, 0)
  assert.ok(Math.abs(ours / row.sum - 1) < 1e-9, `the sums differ: ${ours} and ${row.sum}`)
}

const SUM = `
  select sum(column_1 - column_2::double precision / nullif(column_3, 0) * column_4 + column_5 + 0)
  from stats`

/** Whole numbers from 1 to 1000, the same in every run. */
function* statsCsv(): Generator<string> {
  yield `${COLUMNS.join(',')}\n`
  let lines = ''
  for (let row = 0; row < ROWS; row++) {
    const numbers = COLUMNS.map(
      (_, column) => 1 + ((Math.imul(row * 5 + column + 1, 0x9e3779b1) >>> 8) % 1000),
    )
    lines += `${numbers.join(',')}\n`
    if (row % 10_000 === 9_999) {
      yield lines
      lines = ''
    }
  }
}
