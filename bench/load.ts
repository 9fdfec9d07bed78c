// How fast data comes in, and what it costs: the rows of "Bringing in", each beside a baseline of the same run.
//
//   node bench/load.ts [--rows 3M|30M] [--repeats 5] [--only PART,…] [--sustained] [--memory]
//
// `docs/benchmarks.md` says what each row means, and what time and disk it takes.

import { dayLines, fileLines, memoryLines, mixedLines } from './load-files.ts'
import { arrayLines, singleRowLines } from './load-requests.ts'
import { runBenchmark } from './workspace.ts'

await runBenchmark({
  file: fileLines,
  mixed: mixedLines,
  day: dayLines,
  single: singleRowLines,
  arrays: arrayLines,
  memory: memoryLines,
})
