// Expressions as SQLite writes them.

import type { Dialect } from '../db.ts'
import { sql } from '../sql.ts'

export const sqliteDialect: Dialect = {
  name: 'sqlite',
  argMin: (value, by) =>
    sql`(json_group_array(${value} order by ${by}) filter (where ${by} is not null) ->> 0)`,
  argMax: (value, by) =>
    sql`(json_group_array(${value} order by ${by} desc) filter (where ${by} is not null) ->> 0)`,
  median: (value) => sql`median(${value})`,
  epochMicros: (at) => sql`(cast(round(unixepoch(${at}, 'subsec') * 1000) as integer) * 1000)`,
  // SQLite divides towards zero; taking off the floored remainder first leaves an exact division.
  floorDivide(dividend, divisor) {
    const a = sql`cast(${dividend} as integer)`
    const b = sql`cast(${divisor} as integer)`
    return sql`((${a} - (${a} % ${b} + ${b}) % ${b}) / ${b})`
  },
  // `->>` gives 1 and 0 for true and false where the other engines give the words.
  jsonText(column, key) {
    const path = `$.${JSON.stringify(key)}`
    return sql`case json_type(${column}, ${path})
      when 'true' then 'true'
      when 'false' then 'false'
      else cast(json_extract(${column}, ${path}) as text) end`
  },
  oneOf: (column, values) => sql`${column} in (select value from json_each(${values}))`,
}
