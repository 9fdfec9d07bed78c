// Expressions as PostgreSQL writes them, and how its values arrive. Used by control and by the warehouse.

import type { CustomTypesConfig } from 'pg'
import pg from 'pg'
import type { Dialect } from './db.ts'
import { type Sql, sql } from './sql.ts'

export const postgresDialect: Dialect = {
  name: 'postgres',
  argMin: (value, by) => sql`(array_agg(${value} order by ${by}) ${bothThere(value, by)})[1]`,
  argMax: (value, by) => sql`(array_agg(${value} order by ${by} desc) ${bothThere(value, by)})[1]`,
  median: (value) => sql`percentile_cont(0.5) within group (order by ${value})`,
  epochMicros: (at) => sql`(extract(epoch from ${at}) * 1000000)::bigint`,
  // PostgreSQL divides towards zero; taking off the floored remainder first leaves an exact division.
  floorDivide(dividend, divisor) {
    const a = sql`(${dividend})::bigint`
    const b = sql`(${divisor})::bigint`
    return sql`((${a} - (${a} % ${b} + ${b}) % ${b}) / ${b})`
  },
  jsonText: (column, key) => sql`(${column}::json ->> ${key}::text)`,
  oneOf: (column, values) => sql`${column} = any(${values})`,
  overflowRaises: true,
  keepApart: sql`offset 0`,
}

/** As the embedded engine has it: rows in which either is null do not count. */
const bothThere = (value: Sql, by: Sql) => sql`filter (where ${by} is not null and ${value} is not null)`

const INT8 = 20
const JSON_TEXT = 114
const FLOAT8_ARRAY = 1022
const INT8_ARRAY = 1016
const DATE = 1082
const TIMESTAMPTZ = 1184
const NUMERIC = 1700
const JSONB = 3802

type Parser = (text: string) => unknown

const asText: Parser = (text) => text
// A number array never needs quotes: `{1,NULL,3}`.
const asNumbers: Parser = (text) =>
  text === '{}'
    ? []
    : text
        .slice(1, -1)
        .split(',')
        .map((item) => (item === 'NULL' ? null : Number(item)))

const PARSERS = new Map<number, Parser>([
  [INT8, Number],
  [NUMERIC, Number],
  [INT8_ARRAY, asNumbers],
  [FLOAT8_ARRAY, asNumbers],
  [DATE, asText],
  [JSON_TEXT, asText],
  [JSONB, asText],
  [TIMESTAMPTZ, wireInstant],
])

/** For `types` of a pool or client: integers and numerics as numbers, `timestamptz` as on the wire, JSON as text. */
export const postgresTypes: CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    PARSERS.get(oid) ?? pg.types.getTypeParser(oid, format),
}

/**
 * RFC 3339 of what PostgreSQL writes in a session whose zone is UTC (`2026-01-31 12:00:00.5+00`), with a fraction of
 * three or six digits only where there is one. `infinity` and years before 1 stay as they are.
 */
export function wireInstant(text: string): string {
  const match = /^(\d{4,6}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?\+00$/.exec(text)
  if (match === null) return text
  const [, day, time, digits = ''] = match
  if (digits === '') return `${day}T${time}Z`
  return `${day}T${time}.${digits.padEnd(digits.length > 3 ? 6 : 3, '0')}Z`
}
