// Types and constants of users' SQL, printed anew: what a type is called in both engines, numbers, texts, intervals.

import type { A_Const, Node, TypeName } from 'libpg-query'
import { type Sql, sql } from './sql.ts'
import { refused } from './user-sql-fault.ts'

/** By the names that PostgreSQL's parser and people use. No JSON: a text of many brackets costs its reader dearly. */
const TYPES = new Map(
  Object.entries({
    int2: 'smallint',
    int4: 'integer',
    int8: 'bigint',
    int: 'integer',
    float4: 'real',
    float8: 'double precision',
    numeric: 'numeric',
    decimal: 'numeric',
    text: 'text',
    varchar: 'varchar',
    bool: 'boolean',
    date: 'date',
    timestamp: 'timestamp',
    timestamptz: 'timestamptz',
    time: 'time',
    interval: 'interval',
  }),
)
/** The masks by which the parser tells `interval '1' day`. */
const INTERVAL_FIELDS = new Map([
  [2, 'month'],
  [4, 'year'],
  [8, 'day'],
  [1024, 'hour'],
  [2048, 'minute'],
  [4096, 'second'],
])
const NUMBER = /^(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/
const MOST_DIGITS = 38
/** Of no script: marks the places of nodes until the statement is whole, so that no text or name may have it. */
export const MARK = '\uE000'

/** The text of a node that is a name. */
export function nameIn(node: Node | undefined): string | undefined {
  return node !== undefined && 'String' in node ? (node.String.sval ?? '') : undefined
}

/** Any name that a user chose, quoted. */
export function quotedName(name: string): Sql {
  if (name.includes(MARK)) throw refused('A name has a character that stands for nothing (U+E000)')
  return sql.trusted(`"${name.replaceAll('"', '""')}"`)
}

function quotedText(text: string): Sql {
  return sql.trusted(`'${text.replaceAll("'", "''")}'`)
}

export function printConstant(constant: A_Const): Sql {
  const { ival, fval, boolval, sval, isnull, location, ...rest } = constant
  if (Object.keys(rest).length > 0) throw refused('Bit strings are not among the constants', location)
  if (isnull) return sql`null`
  if (ival) return integer(ival.ival ?? 0)
  if (fval) return decimal(fval.fval ?? '', location)
  if (boolval) return boolval.boolval ? sql`true` : sql`false`
  const text = sval?.sval ?? ''
  if (text.includes(MARK)) throw refused('A text has a character that stands for nothing (U+E000)', location)
  return quotedText(text)
}

function integer(value: number): Sql {
  return sql.trusted(value < 0 ? `(${value})` : String(value))
}

function decimal(text: string, location?: number): Sql {
  const digits = text.replace(/^-/, '')
  if (!NUMBER.test(digits) || digits.length > 60 || !Number.isFinite(Number(digits))) {
    throw refused('Numbers are written with decimal digits, at most 60 of them, up to 1.8e308', location)
  }
  return sql.trusted(text === digits ? digits : `(${text})`)
}

/** The type of a cast. */
export function printType(type: TypeName): Sql {
  const { names = [], typmods = [], arrayBounds = [], setof, pct_type: ofColumn, location } = type
  const parts = names.map(nameIn)
  const name = parts.length === 2 && parts[0] === 'pg_catalog' ? parts[1] : parts.length === 1 ? parts[0] : ''
  const printed = TYPES.get(name ?? '')
  if (printed === undefined || arrayBounds.length > 0 || setof || ofColumn) {
    throw refused(
      `There is no cast to ${parts.filter((part) => part !== 'pg_catalog').join('.')}; types are ${[...new Set(TYPES.values())].join(', ')}`,
      location,
    )
  }
  if (typmods.length === 0) return sql.trusted(printed)
  const sizes = typmods.map(wholeIn)
  const [digits = 0, scale = 0] = sizes
  const fits = printed === 'numeric' && sizes.length <= 2 && digits >= 1 && digits <= MOST_DIGITS
  if (!fits || scale < 0 || scale > digits || sizes.includes(undefined)) {
    throw refused(`Only numeric takes sizes, of at most ${MOST_DIGITS} digits`, location)
  }
  return sql.trusted(`numeric(${digits}, ${scale})`)
}

/** `interval '30' day`, which DuckDB reads otherwise than with its unit inside; undefined for any other cast. */
export function printIntervalField(type: TypeName, arg: Node | undefined): Sql | undefined {
  const [mask] = type.typmods ?? []
  if (nameIn(type.names?.at(-1)) !== 'interval' || mask === undefined) return undefined
  const field = INTERVAL_FIELDS.get(wholeIn(mask) ?? 0)
  const count = arg !== undefined && 'A_Const' in arg ? (arg.A_Const.sval?.sval ?? '') : ''
  if (field === undefined || !/^\s*-?\d{1,9}\s*$/.test(count)) {
    throw refused("Write an interval as '90 minutes' or '1' day, with one unit", type.location)
  }
  return sql`cast(${quotedText(`${count.trim()} ${field}`)} as interval)`
}

/** The whole number that a node is. */
export function wholeIn(node: Node | undefined): number | undefined {
  if (node === undefined || !('A_Const' in node) || !node.A_Const.ival) return undefined
  return node.A_Const.ival.ival ?? 0
}
