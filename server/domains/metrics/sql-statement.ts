// The statements around a metric's SQL: which columns it gives, and its rows with values as they go on the wire. Pure.

import type { ValueType } from '../../engine/db.ts'
import { type Instant, type Sql, sql } from '../../engine/sql.ts'
import { localOf } from '../../zone.ts'

const DAY_MICROS = sql.trusted('86400000000')

/** A column of the select, by its place. */
export interface Given {
  name: string
  type: ValueType
}

export interface Narrowed {
  column: number
  from: Instant | null
  to: Instant | null
}

/** What stands in a FROM for the views and for datasets. */
export function tableMap(datasets: { name: string; columns: string[] }[]): Map<string, Sql> {
  const views = ['assets', 'signals', 'measurements']
  return new Map([
    ...views.map((name): [string, Sql] => [name, sql`public_data.${sql.identifier(name)}`]),
    ...datasets.map(({ name, columns }): [string, Sql] => {
      const list = sql.join(columns.map((column) => sql.identifier(column)))
      return [name, sql`(select ${list} from dataset.${sql.identifier(name)})`]
    }),
  ])
}

/** No rows, to know the columns. */
export function shapeOf(inner: Sql): Sql {
  return sql`select * from (${inner}) as answer limit 0`
}

/** At most `limit` rows, those of a range when there is a column of time. Times without a zone are those of `tz`. */
export function rowsOf(
  inner: Sql,
  columns: readonly Given[],
  { narrowed, tz, limit }: { narrowed: Narrowed | null; tz: string; limit: number },
): Sql {
  const names = columns.map((_, index) => sql.trusted(`c${index}`))
  const shown = columns.map(({ type }, index) => {
    const name = sql.trusted(`c${index}`)
    return sql`${shownAs(type, name, tz)} as ${name}`
  })
  const conditions = narrowed === null ? [] : conditionsOf(narrowed, columns, tz)
  const where = conditions.length === 0 ? sql`` : sql` where ${sql.join(conditions, sql` and `)}`
  return sql`select ${sql.join(shown)} from (${inner}) as answer (${sql.join(names)})${where} limit ${limit}`
}

function shownAs(type: ValueType, name: Sql, tz: string): Sql {
  if (type === 'integer') return sql`cast(${name} as bigint)`
  if (type === 'number') return sql`cast(${name} as double precision)`
  if (type === 'local') return sql`(${name} at time zone cast(${tz} as text))`
  if (type === 'date' || type === 'other') return sql`cast(${name} as text)`
  return name
}

function conditionsOf({ column, from, to }: Narrowed, columns: readonly Given[], tz: string): Sql[] {
  const name = sql.trusted(`c${column}`)
  const isDate = columns[column]?.type === 'date'
  const time = isDate
    ? sql`cast(${name} - date '1970-01-01' as bigint) * ${DAY_MICROS}`
    : shownAs(columns[column]?.type ?? 'timestamp', name, tz)
  // A day is its first instant in the zone of the question.
  const end = (at: Instant): Sql => (isDate ? sql`${localOf(tz, at)}` : sql.instant(at))
  return [
    ...(from === null ? [] : [sql`${time} >= ${end(from)}`]),
    ...(to === null ? [] : [sql`${time} < ${end(to)}`]),
  ]
}
