// Where the printing of users' SQL is: what it may read, how deep it is, and the place in the text that a node has.

import type { SelectStmt } from 'libpg-query'
import type { Sql } from './sql.ts'
import { sql } from './sql.ts'
import { refused } from './user-sql-fault.ts'
import type { EngineName } from './user-sql-functions.ts'
import { MARK } from './user-sql-types.ts'

const MOST_DEPTH = 200
/** Where a node begins, and where its list does: places, not parts. */
const PLACES = new Set(['location', 'rexpr_list_start', 'rexpr_list_end'])

/** What does not change while a statement is printed. */
export interface Gate {
  engine: EngineName
  /** What stands for a view or dataset in a FROM; undefined when there is none of the name. */
  table(name: string): Sql | undefined
  tableNames: string[]
  /** The value of `$number`. */
  parameter(number: number): Sql
  /** The instant of the question, a `timestamptz`, and its zone. */
  now: Sql
  tz: Sql
  /** Tables, subqueries and joins seen so far. */
  sources: { count: number }
  select(statement: SelectStmt, place: Place): Sql
}

/** Where in the statement we are. */
export interface Place {
  gate: Gate
  /** Names of WITH that can be seen from here. */
  ctes: ReadonlySet<string>
  depth: number
  /** The last known byte of the text. */
  location: number
}

/** One level down; remembers where a node begins and puts it on a line of its own, by which an engine's fault is found. */
export function below(place: Place, location: number | undefined): Place {
  const depth = place.depth + 1
  const at = location === undefined || location < 0 ? place.location : location
  if (depth > MOST_DEPTH) throw refused(`More than ${MOST_DEPTH} levels within each other`, at)
  return { ...place, depth, location: at }
}

/** Begins a line that `originsOf` in user-sql.ts reads and takes away again. */
export function mark({ location }: Place): Sql {
  return sql.trusted(`\n${MARK}${location}${MARK}`)
}

/** Refuses a node with members that were not printed. */
export function nothingElse(rest: object, place: Place, what: string): void {
  const member = Object.keys(rest).find((name) => !PLACES.has(name))
  if (member !== undefined)
    throw refused(`${what} with ${member} is not among what is allowed`, place.location)
}
