// How DuckDB writes the expressions that engines write differently.

import type { Dialect } from '../db.ts'
import { sql } from '../sql.ts'

export const duckdbDialect: Dialect = {
  name: 'duckdb',
  findsByOrder: true,
  argMin: (value, by) => sql`arg_min(${value}, ${by})`,
  argMax: (value, by) => sql`arg_max(${value}, ${by})`,
  median: (value) => sql`median(${value})`,
  epochMicros: (at) => sql`epoch_us(${at})`,
  // With integer_division = true `/` truncates towards zero; floor_mod style rounding needs the correction.
  floorDivide: (dividend, divisor) =>
    sql`((${dividend}) // (${divisor}) - case when (${dividend}) % (${divisor}) < 0 then 1 else 0 end)`,
  // A JSON pointer (RFC 6901) takes any key; a path breaks at quotes.
  jsonText: (column, key) =>
    sql`json_extract_string(${column}, ${`/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`})`,
  // As a list of values, not `= any(list)`: only that reaches the statistics of stored blocks and skips them.
  oneOf: (column, values) =>
    values.length === 0 ? sql`false` : sql`${column} in (${sql.join(values.map((value) => sql`${value}`))})`,
}
