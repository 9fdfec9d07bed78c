// Selects of users' SQL, printed anew from the parser's tree: what is read, joined, grouped and ordered.

import type { Alias, JoinExpr, Node, RangeFunction, RangeVar, ResTarget, SelectStmt } from 'libpg-query'
import { type Sql, sql } from './sql.ts'
import { sortedBy, windowOf } from './user-sql-calls.ts'
import { expression, expressions } from './user-sql-expression.ts'
import { refused } from './user-sql-fault.ts'
import { below, mark, nothingElse, type Place } from './user-sql-place.ts'
import { nameIn, quotedName, wholeIn } from './user-sql-types.ts'

const MOST_SOURCES = 16
const MOST_STEPS = 100_000
const JOINS = new Map([
  ['JOIN_INNER', 'join'],
  ['JOIN_LEFT', 'left join'],
  ['JOIN_RIGHT', 'right join'],
  ['JOIN_FULL', 'full join'],
])

/** One select, or several put together. */
export function select(statement: SelectStmt, above: Place): Sql {
  const { withClause, op, all, larg, rarg, sortClause, limitOffset, limitCount, limitOption, ...body } =
    statement
  const place = below(above, undefined)
  if (limitOption === 'LIMIT_OPTION_WITH_TIES') throw refused('limit takes no ties', place.location)
  const { ctes, printed } = commonTables(withClause, place)
  const inner = { ...place, ctes }
  const parts = [printed, combined({ op, all, larg, rarg }, inner) ?? core(body, inner)]
  if (sortClause) parts.push(sql` order by ${sortedBy(sortClause, inner, expression)}`)
  if (limitCount) parts.push(sql` limit ${expression(limitCount, inner)}`)
  if (limitOffset) parts.push(sql` offset ${expression(limitOffset, inner)}`)
  return sql.join(parts, sql``)
}

/** `union`, `intersect`, `except` of two selects; undefined of one. */
function combined(
  { op, all, larg, rarg }: { [K in 'op' | 'all' | 'larg' | 'rarg']: SelectStmt[K] | undefined },
  place: Place,
): Sql | undefined {
  if (op === undefined || op === 'SETOP_NONE' || larg === undefined || rarg === undefined) return undefined
  const word = sql.trusted(`${op.replace('SETOP_', '').toLowerCase()}${all ? ' all' : ''}`)
  return sql`(${select(larg, place)}) ${word} (${select(rarg, place)})`
}

function core(body: SelectStmt, place: Place): Sql {
  const {
    distinctClause,
    targetList,
    fromClause,
    whereClause,
    groupClause,
    groupDistinct,
    havingClause,
    windowClause,
    valuesLists,
    ...rest
  } = body
  nothingElse(rest, place, 'A select')
  if (valuesLists) return values(valuesLists, place)
  if (!targetList) throw refused('A select names what it gives', place.location)
  const from = fromClause && sql` from ${sql.join(fromClause.map((node) => source(node, place)))}`
  const parts = [
    sql`select ${distinct(distinctClause, place)}`,
    sql.join(targetList.map((node) => target(node, place))),
    from ?? sql``,
  ]
  if (whereClause) parts.push(sql` where ${expression(whereClause, place)}`)
  if (groupClause) {
    const groups = groupClause.map((node) => group(node, place))
    parts.push(sql` group by ${groupDistinct ? sql`distinct ` : sql``}${sql.join(groups)}`)
  }
  if (havingClause) parts.push(sql` having ${expression(havingClause, place)}`)
  if (windowClause) parts.push(sql` window ${sql.join(windowClause.map((node) => named(node, place)))}`)
  return sql.join(parts, sql``)
}

function named(node: Node, place: Place): Sql {
  if (!('WindowDef' in node)) throw refused('window names a window', place.location)
  const { name = '', ...window } = node.WindowDef
  return sql`${quotedName(name)} as ${windowOf(window, place, expression)}`
}

function values(lists: Node[], place: Place): Sql {
  const rows = lists.map((list) => {
    if (!('List' in list)) throw refused('values has rows', place.location)
    return sql`(${sql.join(expressions(list.List.items, place))})`
  })
  return sql`values ${sql.join(rows)}`
}

/** `distinct` has one empty node in the tree, `distinct on` its expressions. */
function distinct(clause: Node[] | undefined, place: Place): Sql {
  if (clause === undefined) return sql``
  const on = clause.filter((node) => Object.keys(node).length > 0)
  return on.length === 0 ? sql`distinct ` : sql`distinct on (${sql.join(expressions(on, place))}) `
}

function target(node: Node, place: Place): Sql {
  if (!('ResTarget' in node)) throw refused('A select gives values', place.location)
  const { name, val, location, ...rest } = node.ResTarget
  const here = below(place, location)
  nothingElse(rest, here, 'A column')
  const star = val !== undefined && 'ColumnRef' in val ? starOf(val.ColumnRef.fields ?? [], here) : undefined
  if (star) return star
  const printed = expression(val, here)
  const given = name ?? nameOf(node.ResTarget)
  return given === undefined ? printed : sql`${printed} as ${quotedName(given)}`
}

/** `*` or `table.*`. */
function starOf(fields: Node[], here: Place): Sql | undefined {
  const last = fields.at(-1)
  if (last === undefined || !('A_Star' in last)) return undefined
  if (fields.length > 2) throw refused('Write * or table.*', here.location)
  const table = fields.length === 2 ? sql`${quotedName(nameIn(fields[0]) ?? '')}.` : sql``
  return sql`${mark(here)}${table}*`
}

/** What PostgreSQL calls a column that nobody named; undefined where the column it shows has a name. */
function nameOf({ val }: ResTarget): string | undefined {
  if (val === undefined || 'ColumnRef' in val) return undefined
  if ('FuncCall' in val) return nameIn(val.FuncCall.funcname?.at(-1))
  if ('TypeCast' in val) {
    const { arg, typeName } = val.TypeCast
    if (arg !== undefined && ('ColumnRef' in arg || 'FuncCall' in arg))
      return columnName(arg) ?? nameOf({ val: arg })
    return nameIn(typeName?.names?.at(-1))
  }
  if ('CoalesceExpr' in val) return 'coalesce'
  if ('MinMaxExpr' in val) return val.MinMaxExpr.op === 'IS_LEAST' ? 'least' : 'greatest'
  if ('CaseExpr' in val) return 'case'
  if ('SubLink' in val && val.SubLink.subLinkType === 'EXISTS_SUBLINK') return 'exists'
  if ('SQLValueFunction' in val) return val.SQLValueFunction.op?.replace('SVFOP_', '').toLowerCase()
  return '?column?'
}

function columnName(node: Node): string | undefined {
  return 'ColumnRef' in node ? nameIn(node.ColumnRef.fields?.at(-1)) : undefined
}

function group(node: Node, place: Place): Sql {
  if (!('GroupingSet' in node)) {
    if ('RowExpr' in node) return sql`(${sql.join(expressions(node.RowExpr.args, place))})`
    return expression(node, place)
  }
  const { kind, content = [] } = node.GroupingSet
  const inner = sql`(${sql.join(content.map((each) => group(each, place)))})`
  if (kind === 'GROUPING_SET_EMPTY') return sql`()`
  if (kind === 'GROUPING_SET_ROLLUP') return sql`rollup ${inner}`
  if (kind === 'GROUPING_SET_CUBE') return sql`cube ${inner}`
  if (kind === 'GROUPING_SET_SETS') return sql`grouping sets ${inner}`
  throw refused('group by takes values, rollup, cube and grouping sets', place.location)
}

function commonTables(
  clause: SelectStmt['withClause'],
  place: Place,
): { ctes: ReadonlySet<string>; printed: Sql } {
  if (clause === undefined) return { ctes: place.ctes, printed: sql`` }
  const here = below(place, clause.location)
  if (clause.recursive)
    throw refused('with recursive has no end that could be known; it is not allowed', here.location)
  const known = new Set(place.ctes)
  const printed = (clause.ctes ?? []).map((node) => {
    if (!('CommonTableExpr' in node)) throw refused('with names selects', here.location)
    const {
      ctename = '',
      aliascolnames,
      ctequery,
      ctematerialized: _,
      location,
      ...rest
    } = node.CommonTableExpr
    const at = below({ ...here, ctes: new Set(known) }, location)
    nothingElse(rest, at, 'with')
    if (ctequery === undefined || !('SelectStmt' in ctequery)) {
      throw refused('with names selects; nothing can be written', at.location)
    }
    const body = select(ctequery.SelectStmt, at)
    known.add(ctename)
    return sql`${quotedName(ctename)}${columnList(aliascolnames)} as (${body})`
  })
  return { ctes: known, printed: sql`with ${sql.join(printed)} ` }
}

function source(node: Node, place: Place): Sql {
  const { sources } = place.gate
  sources.count++
  if (sources.count > MOST_SOURCES * 2) {
    throw refused(`More than ${MOST_SOURCES} tables and subqueries in one query`, place.location)
  }
  if ('RangeVar' in node) return table(node.RangeVar, place)
  if ('JoinExpr' in node) return join(node.JoinExpr, place)
  if ('RangeFunction' in node) return series(node.RangeFunction, place)
  if (!('RangeSubselect' in node)) throw refused('from takes tables, joins and subqueries', place.location)
  const { lateral, subquery, alias, ...rest } = node.RangeSubselect
  nothingElse(rest, place, 'A subquery')
  if (subquery === undefined || !('SelectStmt' in subquery))
    throw refused('A subquery is a select', place.location)
  const inner = select(subquery.SelectStmt, place)
  // Both engines want a name, PostgreSQL's parser does not.
  const name = alias ?? { aliasname: `subquery_${sources.count}` }
  return sql`${lateral ? sql`lateral ` : sql``}(${inner}) as ${aliasOf(name)}`
}

function table(range: RangeVar, place: Place): Sql {
  const { relname = '', alias, schemaname, catalogname, inh, relpersistence: _, location, ...rest } = range
  const here = below(place, location)
  nothingElse(rest, here, 'A table')
  const known = here.gate.tableNames.join(', ')
  if (schemaname !== undefined || catalogname !== undefined || !inh) {
    throw refused(`Tables are named by one word. There are ${known}`, here.location)
  }
  const name = alias ?? { aliasname: relname }
  if (here.ctes.has(relname)) return sql`${mark(here)}${quotedName(relname)} as ${aliasOf(name)}`
  const found = here.gate.table(relname)
  if (found === undefined) {
    throw refused(`There is no table ${JSON.stringify(relname)}. There are ${known}`, here.location)
  }
  return sql`${mark(here)}${found} as ${aliasOf(name)}`
}

function aliasOf({ aliasname = '', colnames }: Alias): Sql {
  return sql`${quotedName(aliasname)}${columnList(colnames)}`
}

function columnList(nodes: Node[] | undefined): Sql {
  if (nodes === undefined) return sql``
  return sql` (${sql.join(nodes.map((node) => quotedName(nameIn(node) ?? '')))})`
}

function join(node: JoinExpr, place: Place): Sql {
  const { jointype, isNatural, larg, rarg, usingClause, quals, alias, ...rest } = node
  nothingElse(rest, place, 'A join')
  const word = JOINS.get(jointype ?? '')
  if (word === undefined || larg === undefined || rarg === undefined || alias !== undefined) {
    throw refused('A join is one of join, left join, right join, full join, cross join', place.location)
  }
  const sides = [source(larg, place), source(rarg, place)] as const
  if (isNatural) return sql`(${sides[0]} natural ${sql.trusted(word)} ${sides[1]})`
  if (quals) return sql`(${sides[0]} ${sql.trusted(word)} ${sides[1]} on ${expression(quals, place)})`
  if (usingClause) return sql`(${sides[0]} ${sql.trusted(word)} ${sides[1]} using${columnList(usingClause)})`
  return sql`(${sides[0]} cross join ${sides[1]})`
}

/** `generate_series` of numbers or instants whose ends are written down or asked for: what it gives is bounded. */
function series({ functions = [], alias, lateral, ...rest }: RangeFunction, place: Place): Sql {
  nothingElse(rest, place, 'A function in from')
  const [entry, ...others] = functions
  const [called] = entry !== undefined && 'List' in entry ? (entry.List.items ?? []) : []
  if (called === undefined || !('FuncCall' in called) || others.length > 0 || lateral) {
    throw refused('Of functions, only generate_series stands in from', place.location)
  }
  const { funcname = [], args = [], location, funcformat: _, ...more } = called.FuncCall
  const here = below(place, location)
  nothingElse(more, here, 'generate_series')
  if (funcname.length !== 1 || nameIn(funcname[0]) !== 'generate_series') {
    throw refused('Of functions, only generate_series stands in from', here.location)
  }
  checkSeries(args, here)
  const name = alias?.aliasname ?? 'generate_series'
  const names = alias?.colnames ? columnList(alias.colnames) : sql` (${quotedName(name)})`
  return sql`${mark(here)}generate_series(${sql.join(expressions(args, here))}) as ${quotedName(name)}${names}`
}

function checkSeries(args: Node[], here: Place): void {
  const [from, to, step] = args
  const [first, last, by = 1] = args.map(wholeIn)
  const whole = first !== undefined && last !== undefined && (step === undefined || by !== 0)
  if (whole && args.every((arg) => wholeIn(arg) !== undefined)) {
    if (Math.abs((last - first) / by) <= MOST_STEPS) return
    throw refused(`generate_series gives at most ${MOST_STEPS} numbers`, here.location)
  }
  const bounded = args.length === 3 && [from, to].every(isFixed) && step !== undefined && isStep(step)
  if (!bounded) {
    throw refused(
      'generate_series takes whole numbers, or two times that are written down or parameters and an interval of a minute or more',
      here.location,
    )
  }
}

/** A time that no row decides. */
function isFixed(node: Node | undefined): boolean {
  if (node === undefined) return false
  if ('TypeCast' in node) return isFixed(node.TypeCast.arg)
  return 'ParamRef' in node || 'A_Const' in node || 'SQLValueFunction' in node
}

function isStep(node: Node): boolean {
  if (!('TypeCast' in node) || nameIn(node.TypeCast.typeName?.names?.at(-1)) !== 'interval') return false
  const { arg, typeName } = node.TypeCast
  const text = arg !== undefined && 'A_Const' in arg ? (arg.A_Const.sval?.sval ?? '') : ''
  const [mask] = typeName?.typmods ?? []
  if (mask !== undefined) return wholeIn(mask) !== 4096 && /^[1-9]\d*$/.test(text)
  return /^[1-9]\d* (minute|hour|day|week|month|year)s?$/.test(text)
}
