// Expressions of users' SQL, printed anew from the parser's tree. What is not printed here is refused, down to the last
// member of a node, so that nothing reaches an engine that nobody thought of.

import type { A_Expr, CaseExpr, ColumnRef, Node, SubLink } from 'libpg-query'
import { type Sql, sql } from './sql.ts'
import { printFunction } from './user-sql-calls.ts'
import { refused } from './user-sql-fault.ts'
import { below, mark, nothingElse, type Place } from './user-sql-place.ts'
import { nameIn, printConstant, printIntervalField, printType, quotedName } from './user-sql-types.ts'

const OPERATORS = new Set(
  '+ - * / % ^ = <> < > <= >= || ~ ~* !~ !~* -> ->>'.split(' ').map((operator) => operator),
)
const COMPARISONS = new Set(['=', '<>', '<', '>', '<=', '>='])
const LIKES = new Map([
  ['~~', 'like'],
  ['!~~', 'not like'],
  ['~~*', 'ilike'],
  ['!~~*', 'not ilike'],
])
/** As DuckDB has it: `~` there asks for the whole text. */
const PATTERNS = new Map([
  ['~', (a: Sql, b: Sql) => sql`regexp_matches(${a}, ${b})`],
  ['~*', (a: Sql, b: Sql) => sql`regexp_matches(${a}, ${b}, 'i')`],
  ['!~', (a: Sql, b: Sql) => sql`not regexp_matches(${a}, ${b})`],
  ['!~*', (a: Sql, b: Sql) => sql`not regexp_matches(${a}, ${b}, 'i')`],
])

export function expressions(nodes: readonly Node[] | undefined, place: Place): Sql[] {
  return (nodes ?? []).map((node) => expression(node, place))
}

/** An expression that can stand anywhere. */
export function expression(node: Node | undefined, place: Place): Sql {
  if (node === undefined) throw refused('Something is missing here', place.location)
  const [[kind, value] = ['nothing', {}]] = Object.entries(node) as [string, { location?: number }][] // one member
  const here = below(place, value.location)
  if ('A_Const' in node) return sql`${mark(here)}${printConstant(node.A_Const)}`
  if ('ColumnRef' in node) return sql`${mark(here)}${column(node.ColumnRef, here)}`
  if ('ParamRef' in node) return sql`${mark(here)}${here.gate.parameter(node.ParamRef.number ?? 0)}`
  if ('A_Expr' in node) return sql`(${operation(node.A_Expr, here)})`
  if ('FuncCall' in node) return sql`${mark(here)}${printFunction(node.FuncCall, here, expression)}`
  if ('SubLink' in node) return sql`(${sublink(node.SubLink, here)})`
  if ('CaseExpr' in node) return caseOf(node.CaseExpr, here)
  if ('TypeCast' in node) {
    const { arg, typeName, ...rest } = node.TypeCast
    nothingElse(rest, here, 'A cast')
    if (typeName === undefined) throw refused('A cast names a type', here.location)
    const typed = below(here, typeName.location)
    const field = printIntervalField(typeName, arg)
    return field ?? sql`${mark(typed)}cast(${expression(arg, here)} as ${printType(typeName)})`
  }
  return sql`(${logical(node, here) ?? special(node, here) ?? unknown(kind, here)})`
}

function unknown(kind: string, place: Place): never {
  const named = kind.replace(/^A_/, '').replace(/([a-z])([A-Z])/g, '$1 $2')
  throw refused(`An expression of this kind (${named}) is not among what is allowed`, place.location)
}

/** `and or not`, `is null`, `is true` and their opposites. */
function logical(node: Node, here: Place): Sql | undefined {
  if ('BoolExpr' in node) {
    const { boolop, args } = node.BoolExpr
    const parts = expressions(args, here)
    if (boolop === 'NOT_EXPR') return sql`not ${parts[0] ?? sql`null`}`
    return sql.join(parts, boolop === 'AND_EXPR' ? sql` and ` : sql` or `)
  }
  if ('NullTest' in node) {
    const { arg, nulltesttype } = node.NullTest
    return sql`${expression(arg, here)} ${nulltesttype === 'IS_NULL' ? sql`is null` : sql`is not null`}`
  }
  if ('BooleanTest' in node) {
    const { arg, booltesttype } = node.BooleanTest
    const words = /^IS_(NOT_)?(TRUE|FALSE|UNKNOWN)$/.exec(booltesttype ?? '')
    if (!words) throw refused('Write is true, is false or is unknown', here.location)
    const value = words[2] === 'UNKNOWN' ? 'null' : words[2]?.toLowerCase()
    return sql`${expression(arg, here)} is ${sql.trusted(`${words[1] ? 'not ' : ''}${value}`)}`
  }
  return undefined
}

function special(node: Node, here: Place): Sql | undefined {
  if ('CoalesceExpr' in node) return sql`coalesce(${sql.join(expressions(node.CoalesceExpr.args, here))})`
  if ('MinMaxExpr' in node) {
    const { op, args } = node.MinMaxExpr
    return sql`${op === 'IS_LEAST' ? sql`least` : sql`greatest`}(${sql.join(expressions(args, here))})`
  }
  if ('GroupingFunc' in node) return sql`grouping(${sql.join(expressions(node.GroupingFunc.args, here))})`
  if ('SQLValueFunction' in node) {
    const { now, tz } = here.gate
    const { op } = node.SQLValueFunction
    // The day and the local time are those of the question's zone.
    if (op === 'SVFOP_CURRENT_DATE') return sql`cast((${now} at time zone ${tz}) as date)`
    if (op === 'SVFOP_CURRENT_TIMESTAMP') return now
    if (op === 'SVFOP_LOCALTIMESTAMP') return sql`${now} at time zone ${tz}`
  }
  return undefined
}

/** `name` or `table.name`. More parts would name schemas, which users do not see. */
function column({ fields = [] }: ColumnRef, here: Place): Sql {
  const names = fields.map((field) => ('A_Star' in field ? undefined : (nameIn(field) ?? '')))
  if (names.length > 2 || names.at(-1) === undefined) {
    throw refused('Name a column, or a table and its column', here.location)
  }
  return sql.join(
    names.map((name) => quotedName(name ?? '')),
    sql`.`,
  )
}

function operation(node: A_Expr, here: Place): Sql {
  const {
    kind,
    name = [],
    lexpr,
    rexpr,
    location: _,
    rexpr_list_start: _1,
    rexpr_list_end: _2,
    ...rest
  } = node
  nothingElse(rest, here, 'An operator')
  const operator = name.length === 1 ? nameIn(name[0]) : undefined
  if (kind === 'AEXPR_IN') return listed(node, here)
  const left = () => expression(lexpr, here)
  if (kind === 'AEXPR_BETWEEN' || kind === 'AEXPR_NOT_BETWEEN') {
    const [least, most] = rexpr !== undefined && 'List' in rexpr ? expressions(rexpr.List.items, here) : []
    if (least === undefined || most === undefined) throw refused('between has two ends', here.location)
    return sql`${left()} ${kind === 'AEXPR_BETWEEN' ? sql`between` : sql`not between`} ${least} and ${most}`
  }
  if (kind === 'AEXPR_LIKE' || kind === 'AEXPR_ILIKE') return like(node, operator ?? '', here)
  const right = () => expression(rexpr, here)
  if (kind === 'AEXPR_DISTINCT') return sql`${left()} is distinct from ${right()}`
  if (kind === 'AEXPR_NOT_DISTINCT') return sql`${left()} is not distinct from ${right()}`
  if (kind === 'AEXPR_NULLIF') return sql`nullif(${left()}, ${right()})`
  if (kind === 'AEXPR_OP_ANY' && operator === '=') return sql`${left()} in (${elements(rexpr, here)})`
  if (kind === 'AEXPR_OP_ALL' && operator === '<>') return sql`${left()} not in (${elements(rexpr, here)})`
  if (kind !== 'AEXPR_OP' || !OPERATORS.has(operator ?? '')) {
    throw refused(
      `There is no operator ${operator ?? 'of this kind'} here; there are ${[...OPERATORS].join(' ')}`,
      here.location,
    )
  }
  return binary(operator ?? '', lexpr && left(), right(), here)
}

function binary(operator: string, left: Sql | undefined, right: Sql, here: Place): Sql {
  const sign = sql`${mark(here)}${sql.trusted(operator)}`
  if (left === undefined) {
    if (operator !== '-' && operator !== '+')
      throw refused(`${operator} stands between two values`, here.location)
    return sql`${sign} ${right}`
  }
  const pattern = here.gate.engine === 'duckdb' ? PATTERNS.get(operator) : undefined
  if (pattern) return pattern(left, right)
  // As everywhere in metrics, what is divided by zero is null: one engine would raise an error, the other gives infinity.
  if (operator === '/' || operator === '%') return sql`${left} ${sign} nullif(${right}, 0)`
  return sql`${left} ${sign} ${right}`
}

function listed({ name = [], lexpr, rexpr }: A_Expr, here: Place): Sql {
  const items = rexpr !== undefined && 'List' in rexpr ? expressions(rexpr.List.items, here) : []
  if (items.length === 0) throw refused('in has a list of values', here.location)
  const word = nameIn(name[0]) === '=' ? sql`in` : sql`not in`
  return sql`${expression(lexpr, here)} ${word} (${sql.join(items)})`
}

/** Of `= any (array[…])` and `<> all (array[…])`, the only places where arrays stand. */
function elements(node: Node | undefined, here: Place): Sql {
  const items =
    node !== undefined && 'A_ArrayExpr' in node ? expressions(node.A_ArrayExpr.elements, here) : []
  if (items.length === 0) throw refused('Write = any (array[…]) with values, or a subquery', here.location)
  return sql.join(items)
}

function like({ lexpr, rexpr }: A_Expr, operator: string, here: Place): Sql {
  const word = LIKES.get(operator)
  if (word === undefined) throw refused('Write like, ilike or not like', here.location)
  const escaped =
    rexpr !== undefined && 'FuncCall' in rexpr && nameIn(rexpr.FuncCall.funcname?.at(-1)) === 'like_escape'
      ? rexpr.FuncCall.args
      : undefined
  const [pattern, sign] = escaped ?? [rexpr]
  const ending = sign === undefined ? sql`` : sql` escape ${expression(sign, here)}`
  return sql`${expression(lexpr, here)} ${sql.trusted(word)} ${expression(pattern, here)}${ending}`
}

function caseOf({ arg, args, defresult, ...rest }: CaseExpr, here: Place): Sql {
  nothingElse(rest, here, 'case')
  const subject = arg === undefined ? sql`` : expression(arg, here)
  const branches = (args ?? []).map((branch) => {
    if (!('CaseWhen' in branch)) throw refused('case has when … then …', here.location)
    const { expr, result } = branch.CaseWhen
    return sql` when ${expression(expr, here)} then ${expression(result, here)}`
  })
  const otherwise = defresult === undefined ? sql`` : sql` else ${expression(defresult, here)}`
  return sql`case ${subject}${sql.join(branches, sql``)}${otherwise} end`
}

function sublink(node: SubLink, here: Place): Sql {
  const { subLinkType, testexpr, operName = [], subselect, ...rest } = node
  nothingElse(rest, here, 'A subquery')
  if (subselect === undefined || !('SelectStmt' in subselect))
    throw refused('A subquery is a select', here.location)
  const inner = sql`(${here.gate.select(subselect.SelectStmt, here)})`
  if (subLinkType === 'EXISTS_SUBLINK') return sql`exists ${inner}`
  if (subLinkType === 'EXPR_SUBLINK') return inner
  const operator = operName.length === 0 ? 'in' : (nameIn(operName[0]) ?? '')
  if (subLinkType === 'ANY_SUBLINK' && operator === 'in')
    return sql`${expression(testexpr, here)} in ${inner}`
  const isOne = operName.length === 1 && COMPARISONS.has(operator)
  if (!isOne || (subLinkType !== 'ANY_SUBLINK' && subLinkType !== 'ALL_SUBLINK')) {
    throw refused('A subquery stands after exists, in, any, all, or gives one value', here.location)
  }
  const word = subLinkType === 'ANY_SUBLINK' ? sql`any` : sql`all`
  return sql`${expression(testexpr, here)} ${sql.trusted(operator)} ${word} ${inner}`
}
