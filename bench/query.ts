// How fast questions are answered that nobody asked before: the rows of "Asking" that are cold, each beside a baseline
// of the same run.
//
//   node bench/query.ts [--rows 3M|30M] [--repeats 5] [--only PART,…]
//
// `docs/benchmarks.md` says what each row means, and what time and disk it takes.

import { formulaLines } from './query-formula.ts'
import { meanLines, signalLines } from './query-grid.ts'
import { orderLines } from './query-order.ts'
import { createStage } from './query-stage.ts'
import { dashboardLines, rowLines } from './query-transfer.ts'
import { runBenchmark } from './workspace.ts'

const stage = createStage()

await runBenchmark({
  mean: (workspace) => meanLines(workspace, stage),
  signal: (workspace) => signalLines(workspace, stage),
  order: (workspace) => orderLines(workspace, stage),
  formula: (workspace) => formulaLines(workspace, stage),
  dashboard: (workspace) => dashboardLines(workspace, stage),
  rows: (workspace) => rowLines(workspace, stage),
})
