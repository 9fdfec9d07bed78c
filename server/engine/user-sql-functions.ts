// The functions that users' SQL may call: a list of what is allowed, never of what is not. Each is spelled as PostgreSQL
// has it, and printed for an engine that has it otherwise. All of them read nothing but their arguments, always answer
// the same to the same, and give no more than a few times what they are given: `repeat`, `lpad`, `random`, `pg_sleep`,
// everything that knows files, settings, sequences, locks or large objects stays outside.
// tests/functions-of-*.txt have what the engines offer; a test fails when an upgrade adds to it.

import { type Sql, sql } from './sql.ts'

export type EngineName = 'duckdb' | 'postgres'
type Print = (args: Sql[]) => Sql

export interface AllowedFunction {
  /** `ordered` are aggregates that need `within group (order by …)`. */
  kind: 'scalar' | 'aggregate' | 'ordered' | 'window'
  least: number
  most: number
  duckdb?: Print
  postgres?: Print
}

const call =
  (name: string): Print =>
  (args) =>
    sql`${sql.trusted(name)}(${sql.join(args)})`
const argument = (args: Sql[], index: number): Sql => args[index] ?? sql`null`

type Entry = [names: string, kind: AllowedFunction['kind'], least: number, most: number]

/** Spelled alike in both engines. */
const ALIKE: Entry[] = [
  ['abs ceil ceiling floor sign sqrt cbrt exp ln log log10 degrees radians', 'scalar', 1, 1],
  ['sin cos tan asin acos atan', 'scalar', 1, 1],
  ['atan2 power pow mod', 'scalar', 2, 2],
  ['trunc', 'scalar', 1, 1],
  ['pi', 'scalar', 0, 0],
  ['lower upper length char_length character_length reverse ascii', 'scalar', 1, 1],
  ['ltrim rtrim', 'scalar', 1, 2],
  ['left right strpos starts_with', 'scalar', 2, 2],
  ['substr substring', 'scalar', 2, 3],
  ['replace split_part', 'scalar', 3, 3],
  ['concat', 'scalar', 1, 20],
  ['concat_ws', 'scalar', 2, 20],
  ['date_trunc date_part', 'scalar', 2, 2],
  ['make_date', 'scalar', 3, 3],
  ['to_timestamp isfinite', 'scalar', 1, 1],
  ['age', 'scalar', 2, 2],
  ['count', 'aggregate', 0, 1],
  ['sum avg min max', 'aggregate', 1, 1],
  ['stddev stddev_samp stddev_pop variance var_samp var_pop', 'aggregate', 1, 1],
  ['bool_and bool_or', 'aggregate', 1, 1],
  ['corr covar_pop covar_samp regr_slope regr_intercept regr_r2 regr_count', 'aggregate', 2, 2],
  ['string_agg', 'aggregate', 2, 2],
  ['percentile_cont percentile_disc', 'ordered', 1, 1],
  ['row_number rank dense_rank percent_rank cume_dist', 'window', 0, 0],
  ['ntile first_value last_value', 'window', 1, 1],
  ['lag lead', 'window', 1, 3],
  ['nth_value', 'window', 2, 2],
]

/** Spelled by one engine otherwise. */
const OTHERWISE: Record<string, AllowedFunction> = {
  btrim: { kind: 'scalar', least: 1, most: 2, duckdb: call('trim') },
  trim: { kind: 'scalar', least: 1, most: 2, postgres: call('btrim') },
  // PostgreSQL rounds a double to whole numbers only.
  round: {
    kind: 'scalar',
    least: 1,
    most: 2,
    postgres: (args) =>
      args.length === 1
        ? call('round')(args)
        : sql`round(cast(${argument(args, 0)} as numeric), ${argument(args, 1)})`,
  },
  // What PostgreSQL calls a function of this name is its cast.
  date: {
    kind: 'scalar',
    least: 1,
    most: 1,
    duckdb: (args) => sql`cast(${argument(args, 0)} as date)`,
    postgres: (args) => sql`cast(${argument(args, 0)} as date)`,
  },
  date_bin: { kind: 'scalar', least: 3, most: 3, duckdb: call('time_bucket') },
  median: {
    kind: 'aggregate',
    least: 1,
    most: 1,
    postgres: (args) => sql`percentile_cont(0.5) within group (order by ${argument(args, 0)})`,
  },
}

/** By name, in lower case. */
export const FUNCTIONS: ReadonlyMap<string, AllowedFunction> = new Map<string, AllowedFunction>([
  ...ALIKE.flatMap(([names, kind, least, most]) =>
    names.split(' ').map((name): [string, AllowedFunction] => [name, { kind, least, most }]),
  ),
  ...Object.entries(OTHERWISE),
])

/** The call as the engine spells it. */
export function printCall(engine: EngineName, name: string, args: Sql[]): Sql {
  const print = FUNCTIONS.get(name)?.[engine] ?? call(name)
  return print(args)
}

/** Functions by which DuckDB's parser tells operators and what the gate prints of its own. */
const DUCKDB_WORDS = [
  '+ - * / // % ^ ** || -> ->> ~~ !~~ ~~* !~~* like_escape not_like_escape ilike_escape not_ilike_escape',
  'count_star greatest least nullif grouping row generate_series',
  'timezone time_bucket regexp_matches quantile_cont quantile_disc',
].join(' ')

/** All that a statement may call in DuckDB once it was printed. */
export const DUCKDB_CALLS: ReadonlySet<string> = new Set([...FUNCTIONS.keys(), ...DUCKDB_WORDS.split(' ')])
