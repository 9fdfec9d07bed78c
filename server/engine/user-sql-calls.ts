// Calls of functions in users' SQL: scalar, aggregate, over a window. Only those of the list are printed.

import type { FuncCall, Node, SortBy, WindowDef } from 'libpg-query'
import { type Sql, sql } from './sql.ts'
import { refused } from './user-sql-fault.ts'
import { FUNCTIONS, printCall } from './user-sql-functions.ts'
import { mark, nothingElse, type Place } from './user-sql-place.ts'
import { nameIn, quotedName } from './user-sql-types.ts'

type Expression = (node: Node | undefined, place: Place) => Sql

const EXTRACTED = new Set(
  'year quarter month week day hour minute second dow isodow doy isoyear epoch'.split(' '),
)

/** What a frame of a window may be, by the bits of its tree (PostgreSQL's `nodes/parsenodes.h`). */
const UNITS = new Map([
  [0x02, 'range'],
  [0x04, 'rows'],
  [0x08, 'groups'],
])
const FRAME_GIVEN = 0x01
const FRAME_EXCLUDES = 0x8000 | 0x10000 | 0x20000
const STARTS = new Map([
  [0x20, 'unbounded preceding'],
  [0x200, 'current row'],
  [0x800, 'preceding'],
  [0x2000, 'following'],
])
const ENDS = new Map([
  [0x100, 'unbounded following'],
  [0x400, 'current row'],
  [0x1000, 'preceding'],
  [0x4000, 'following'],
])

/** The call as its engine spells it. `expression` prints what stands within. */
export function printFunction(node: FuncCall, here: Place, expression: Expression): Sql {
  const { funcname = [], funcformat, args = [], ...rest } = node
  const name = nameIn(funcname.at(-1))?.toLowerCase() ?? ''
  const byGrammar = funcformat === 'COERCE_SQL_SYNTAX' && nameIn(funcname[0]) === 'pg_catalog'
  if (byGrammar) {
    const printed = ofGrammar(name, args, here, expression)
    if (printed) {
      nothingElse(rest, here, name)
      return printed
    }
  }
  const known = funcname.length === (byGrammar ? 2 : 1) ? FUNCTIONS.get(name) : undefined
  if (name === 'now' && funcname.length === 1 && args.length === 0) {
    nothingElse(rest, here, name)
    return here.gate.now
  }
  if (known === undefined) throw refused(`There is no function ${JSON.stringify(name)} here`, here.location)
  const { agg_star: star = false, ...more } = rest
  const isCount = name === 'count' && args.length + Number(star) === 1
  if (args.length < known.least || args.length > known.most || (name === 'count' && !isCount)) {
    throw refused(`${name} does not take ${args.length} arguments`, here.location)
  }
  const printed = args.map((arg) => expression(arg, here))
  if (known.kind === 'scalar') {
    nothingElse({ ...more, ...(star && { '*': true }) }, here, name)
    checkUnit(name, args, here)
    return printCall(here.gate.engine, name, printed)
  }
  return aggregate({ name, kind: known.kind, args: star ? [sql`*`] : printed }, more, { here, expression })
}

/** What the grammar writes as words: `extract(year from x)`, `x at time zone z`, `position(a in b)`. */
function ofGrammar(name: string, args: Node[], here: Place, expression: Expression): Sql | undefined {
  const [first, second] = args
  if (name === 'timezone') return sql`(${expression(second, here)} at time zone ${expression(first, here)})`
  if (name === 'position') return sql`strpos(${expression(first, here)}, ${expression(second, here)})`
  if (name !== 'extract') return undefined
  const field = textIn(first)?.toLowerCase() ?? ''
  if (!EXTRACTED.has(field)) throw refused(`extract takes one of ${[...EXTRACTED].join(', ')}`, here.location)
  return sql`extract(${sql.trusted(field)} from ${expression(second, here)})`
}

/** The units that both engines know alike; those of a parameter are found when it is asked. */
function checkUnit(name: string, [unit]: Node[], here: Place): void {
  if (name !== 'date_part') return
  if (!EXTRACTED.has(textIn(unit)?.toLowerCase() ?? '')) {
    throw refused(`date_part takes one of ${[...EXTRACTED].join(', ')}`, here.location)
  }
}

function textIn(node: Node | undefined): string | undefined {
  return node !== undefined && 'A_Const' in node ? node.A_Const.sval?.sval : undefined
}

interface Aggregate {
  name: string
  kind: 'aggregate' | 'ordered' | 'window'
  args: Sql[]
}

function aggregate(
  { name, kind, args }: Aggregate,
  rest: Omit<FuncCall, 'funcname' | 'funcformat' | 'args' | 'location' | 'agg_star'>,
  { here, expression }: { here: Place; expression: Expression },
): Sql {
  const {
    agg_order: order,
    agg_filter: filter,
    agg_within_group: within,
    agg_distinct: distinct,
    over,
    ...more
  } = rest
  nothingElse(more, here, name)
  const plain = order === undefined && !distinct
  if (kind === 'window' && (over === undefined || !plain || filter !== undefined)) {
    throw refused(`${name} stands before over (…)`, here.location)
  }
  if ((kind === 'ordered') !== (within ?? false)) {
    throw refused(
      `${name} ${kind === 'ordered' ? 'needs' : 'does not take'} within group (order by …)`,
      here.location,
    )
  }
  const sorted = order === undefined ? sql`` : sql`order by ${sortedBy(order, here, expression)}`
  const ending = [
    ...(filter === undefined ? [] : [sql` filter (where ${expression(filter, here)})`]),
    ...(over === undefined ? [] : [sql` over ${windowOf(over, here, expression)}`]),
  ]
  if (kind === 'ordered') {
    return sql`${printCall(here.gate.engine, name, args)} within group (${sorted})${sql.join(ending, sql``)}`
  }
  if (plain) return sql`${printCall(here.gate.engine, name, args)}${sql.join(ending, sql``)}`
  if (name === 'median') throw refused('median takes neither distinct nor an order', here.location)
  const inner = sql`${distinct ? sql`distinct ` : sql``}${sql.join(args)} ${sorted}`
  return sql`${sql.trusted(name)}(${inner})${sql.join(ending, sql``)}`
}

/** What follows `order by`. */
export function sortedBy(nodes: readonly Node[], place: Place, expression: Expression): Sql {
  return sql.join(
    nodes.map((node) => {
      if (!('SortBy' in node)) throw refused('order by has values', place.location)
      return sortKey(node.SortBy, place, expression)
    }),
  )
}

function sortKey(sort: SortBy, place: Place, expression: Expression): Sql {
  const { node, sortby_dir: direction, sortby_nulls: nulls } = sort
  if (direction === 'SORTBY_USING') throw refused('order by goes up (asc) or down (desc)', place.location)
  const way = direction === 'SORTBY_DESC' ? sql` desc` : sql``
  const where =
    nulls === 'SORTBY_NULLS_FIRST'
      ? sql` nulls first`
      : nulls === 'SORTBY_NULLS_LAST'
        ? sql` nulls last`
        : sql``
  return sql`${expression(node, place)}${way}${where}`
}

/** A window in brackets, or the name of one. */
export function windowOf(window: WindowDef, place: Place, expression: Expression): Sql {
  const {
    name,
    refname,
    partitionClause,
    orderClause,
    frameOptions = 0,
    startOffset,
    endOffset,
    ...rest
  } = window
  nothingElse(rest, place, 'A window')
  if (name !== undefined) return quotedName(name)
  const parts: Sql[] = []
  if (refname !== undefined) parts.push(quotedName(refname))
  if (partitionClause)
    parts.push(sql`partition by ${sql.join(partitionClause.map((node) => expression(node, place)))}`)
  if (orderClause) parts.push(sql`order by ${sortedBy(orderClause, place, expression)}`)
  if (frameOptions & FRAME_GIVEN) {
    if (frameOptions & FRAME_EXCLUDES) throw refused('A window excludes no rows', place.location)
    const start = frameEnd(STARTS, frameOptions, { offset: startOffset, place, expression })
    const end = frameEnd(ENDS, frameOptions, { offset: endOffset, place, expression })
    parts.push(sql`${wordOf(UNITS, frameOptions, place)} between ${start} and ${end}`)
  }
  return sql`(${sql.join(parts, sql` `)})`
}

function frameEnd(
  words: Map<number, string>,
  options: number,
  { offset, place, expression }: { offset: Node | undefined; place: Place; expression: Expression },
): Sql {
  const word = wordOf(words, options, place)
  return offset === undefined ? word : sql`${expression(offset, place)} ${word}`
}

function wordOf(words: Map<number, string>, options: number, place: Place): Sql {
  const found = [...words].find(([bit]) => options & bit)
  if (!found) throw refused('A window has no such frame', place.location)
  return sql`${mark(place)}${sql.trusted(found[1])}`
}
