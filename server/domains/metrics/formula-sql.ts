// A checked formula as SQL in double precision. Where an expression must be repeated (a divisor is compared with zero,
// then divided by), a longer one becomes a column of an inner select first: repeating it would double the statement
// with every level, which a formula of a hundred characters could turn into an engine that never answers.

import { type Sql, sql } from '../../engine/sql.ts'
import type { Comparison, Node, Operator } from './formula.ts'
import * as arithmetic from './formula-arithmetic.ts'
import { type Call, isAggregate, type Name } from './formula-check.ts'

/** What is known of a term's value: by this an engine that fails on overflow is spared guards it does not need. */
export interface Bounds {
  /** Decimal logarithms of the greatest magnitude, and of the least that is not zero. */
  greatest: number
  least: number
  whole: boolean
}

/** Part of a statement that gives a double. */
export interface Term extends Bounds {
  sql: Sql
  /** How many layers of inner selects must lie below it. */
  level: number
  /** How many symbols it has, repetitions counted. */
  weight: number
  /** Its value, where it is a number of the formula. */
  literal?: number
}

export interface Compilation {
  /** Whether the engine raises an error where a double overflows or vanishes (`Dialect.overflowRaises`). */
  guarded: boolean
  /** Ends a layer (`Dialect.keepApart`). */
  keepApart: Sql
  /** Begins the names of the columns that are made. */
  prefix: string
  /** What names and aggregates stand for. */
  name: (node: Name) => Term
  aggregate: (node: Call) => Term
  /** Columns of each layer of inner selects, the lowest first: see `withLayers`. */
  layers: Sql[][]
  /** Divisors, short; where one is zero, what is divided by it is null. */
  divisors: Sql[]
  /** Whether a null anywhere makes the whole null: what passes over nulls was not compiled. */
  strict: boolean
}

/** Of any double, rounded outwards. */
export const ANY: Bounds = { greatest: 308.3, least: -324, whole: false }
export const INTEGER: Bounds = { greatest: 19, least: 0, whole: true }

/** Up to here a term is repeated rather than made a column. */
const REPEATABLE_WEIGHT = 3
/** Decimal logarithm up to which nothing overflows or vanishes, with room for rounding. */
const SAFE = 300

/** The formula's value as a term; fills `layers` and `divisors`. */
export function compileNode(into: Compilation, node: Node): Term {
  switch (node.kind) {
    case 'number':
      return numberTerm(node.value)
    case 'name':
      return into.name(node)
    case 'negate':
      return negated(compileNode(into, node.operand))
    case 'operation':
      return operate(into, node.operator, compileNode(into, node.left), compileNode(into, node.right))
    case 'call':
      return isAggregate(node) ? into.aggregate(node) : call(into, node)
  }
}

/** A column as a term. */
export function columnTerm(column: Sql, { greatest, least, whole }: Bounds): Term {
  return { sql: column, level: 0, weight: 1, greatest, least, whole }
}

/** Two terms and an operator. */
export function operate(into: Compilation, operator: Operator, left: Term, right: Term): Term {
  switch (operator) {
    case '+':
    case '-':
      return sum(into, left, right, operator)
    case '*':
      return product(into, left, right)
    case '/':
      return quotient(into, left, right)
    case '%':
      return remainder(into, left, right)
    case '^':
      return power(into, left, right)
    default: {
      const truth = sql`${compared(operator, left, right)}::int::double precision`
      return combine([left, right], truth, { greatest: 0, least: 0, whole: true })
    }
  }
}

/** The term as something short that may be repeated. */
export function share(into: Compilation, term: Term): Term {
  if (term.weight <= REPEATABLE_WEIGHT) return term
  into.layers[term.level] ??= []
  const layer = into.layers[term.level] ?? [] // made on the line above
  const column = sql.identifier(`${into.prefix}${term.level}_${layer.length}`)
  layer.push(sql`${term.sql} as ${column}`)
  return { ...term, sql: column, level: term.level + 1, weight: 1 }
}

/** The rows of `source` with the columns of each layer, kept apart lest they be repeated after all. */
export function withLayers(source: Sql, { layers, keepApart }: Compilation): Sql {
  return layers.reduce(
    (below, columns, level) =>
      sql`select *, ${sql.join(columns)} from (${below}) as ${sql.identifier(`layer_${level}`)} ${keepApart}`,
    source,
  )
}

/** Whether a value is null and some divisor zero; null or false otherwise. */
export function dividedByZero(value: Sql, { divisors, strict }: Compilation): Sql {
  if (divisors.length === 0) return sql`false`
  const zero = sql`(${sql.join(
    divisors.map((divisor) => sql`${divisor} = 0`),
    sql` or `,
  )})`
  return strict ? zero : sql`(${value} is null and ${zero})`
}

function combine(parts: readonly Term[], text: Sql, bounds: Bounds): Term {
  return {
    sql: sql`(${text})`,
    level: Math.max(0, ...parts.map((part) => part.level)),
    weight: parts.reduce((weight, part) => weight + part.weight, 1),
    greatest: bounds.greatest,
    least: bounds.least,
    whole: bounds.whole,
  }
}

function numberTerm(value: number): Term {
  const size = value === 0 ? 0 : Math.log10(Math.abs(value))
  const bounds = { greatest: size, least: size, whole: Number.isInteger(value) }
  return { ...columnTerm(sql`${value}::double precision`, bounds), literal: value }
}

function negated(term: Term): Term {
  return combine([term], sql`-${term.sql}`, term)
}

function sum(into: Compilation, left: Term, right: Term, operator: '+' | '-'): Term {
  const whole = left.whole && right.whole
  const bounds = {
    greatest: Math.max(left.greatest, right.greatest) + 0.31,
    least: whole ? 0 : ANY.least,
    whole,
  }
  if (into.guarded && bounds.greatest > SAFE) {
    const a = share(into, left)
    const b = share(into, operator === '-' ? negated(right) : right)
    return combine([a, a, b, b], arithmetic.safeSum(a.sql, b.sql), bounds)
  }
  const text = operator === '-' ? sql`${left.sql} - ${right.sql}` : sql`${left.sql} + ${right.sql}`
  return combine([left, right], text, bounds)
}

function product(into: Compilation, left: Term, right: Term): Term {
  const bounds = {
    greatest: left.greatest + right.greatest,
    least: left.least + right.least,
    whole: left.whole && right.whole,
  }
  if (!into.guarded || isSafe(bounds)) return combine([left, right], sql`${left.sql} * ${right.sql}`, bounds)
  const [a, b] = [share(into, left), share(into, right)]
  return combine([a, a, b, b], arithmetic.safeProduct(a.sql, b.sql), within(bounds))
}

function quotient(into: Compilation, left: Term, right: Term): Term {
  const divisor = share(into, right)
  into.divisors.push(divisor.sql)
  const bounds = { greatest: left.greatest - right.least, least: left.least - right.greatest, whole: false }
  if (!into.guarded || isSafe(bounds)) {
    return combine([left, divisor, divisor], arithmetic.quotient(left.sql, divisor.sql), within(bounds))
  }
  const dividend = share(into, left)
  const text = arithmetic.safeQuotient(dividend.sql, divisor.sql)
  return combine([dividend, dividend, divisor, divisor], text, within(bounds))
}

function remainder(into: Compilation, left: Term, right: Term): Term {
  const [a, b] = [share(into, left), share(into, right)]
  const ratio = share(into, quotient(into, a, b))
  const bounds = { greatest: b.greatest, least: ANY.least, whole: a.whole && b.whole }
  return combine([a, b, ratio, ratio], arithmetic.remainder(a.sql, b.sql, ratio.sql), bounds)
}

function power(into: Compilation, left: Term, right: Term): Term {
  const times = right.literal
  if (times !== undefined && Number.isInteger(times) && times >= 0) {
    const bounds = { greatest: left.greatest * times, least: left.least * times, whole: left.whole }
    const size = { ...bounds, greatest: Math.max(0, bounds.greatest), least: Math.min(0, bounds.least) }
    // A whole power of any number has a value, and without the questions takes an eighth of the time.
    if (!into.guarded || isSafe(size)) {
      return combine([left, right], sql`power(${left.sql}, ${right.sql})`, within(size))
    }
  }
  const [a, b] = [share(into, left), share(into, right)]
  return combine([a, a, b, b], arithmetic.power(a.sql, b.sql), ANY)
}

function isSafe(bounds: Bounds): boolean {
  return bounds.greatest < SAFE && bounds.least > -SAFE
}

/** Bounds of a result that was kept within the doubles. */
function within(bounds: Bounds): Bounds {
  return {
    greatest: Math.min(ANY.greatest, bounds.greatest),
    least: Math.max(ANY.least, bounds.least),
    whole: bounds.whole,
  }
}

const COMPARISONS: Record<Comparison, Sql> = {
  '<': sql`<`,
  '<=': sql`<=`,
  '>': sql`>`,
  '>=': sql`>=`,
  '=': sql`=`,
  '!=': sql`<>`,
}

function compared(operator: Comparison, left: Term, right: Term): Sql {
  return sql`(${left.sql} ${COMPARISONS[operator]} ${right.sql})`
}

function call(into: Compilation, node: Call): Term {
  const args = node.args.map((arg) => compileNode(into, arg))
  const [x, second, third] = args
  if (args.length > 1) into.strict = false
  if (x === undefined) throw new Error(`${node.name} has no argument`) // the check counted them
  if (node.name === 'if' && second !== undefined && third !== undefined) return choice(into, x, second, third)
  const several = SEVERAL[node.name]
  if (several !== undefined && second !== undefined) {
    return combine(args, sql`${several}(${sql.join(args.map((arg) => arg.sql))})`, joined(args))
  }
  return single(into, node.name, x)
}

const SEVERAL: Partial<Record<string, Sql>> = { min: sql`least`, max: sql`greatest`, coalesce: sql`coalesce` }

/** Zero is false, any other number true, and null leaves the choice open: null. */
function choice(into: Compilation, condition: Term, yes: Term, no: Term): Term {
  const c = share(into, condition)
  const text = sql`case when ${c.sql} <> 0 then ${yes.sql} when ${c.sql} = 0 then ${no.sql} end`
  return combine([c, c, yes, no], text, joined([yes, no]))
}

function joined(terms: readonly Term[]): Bounds {
  return {
    greatest: Math.max(...terms.map((term) => term.greatest)),
    least: Math.min(...terms.map((term) => term.least)),
    whole: terms.every((term) => term.whole),
  }
}

function single(into: Compilation, name: string, x: Term): Term {
  const wholes = { greatest: Math.max(0, x.greatest), least: 0, whole: true }
  const logarithm = { greatest: 3, least: -17, whole: false }
  const repeated = (text: (x: Sql) => Sql, bounds: Bounds): Term => {
    const short = share(into, x)
    return combine([short, short], text(short.sql), bounds)
  }
  switch (name) {
    case 'abs':
      return combine([x], sql`abs(${x.sql})`, x)
    case 'ceil':
      return combine([x], sql`ceil(${x.sql})`, wholes)
    case 'floor':
      return combine([x], sql`floor(${x.sql})`, wholes)
    case 'round':
      return repeated(arithmetic.rounded, wholes)
    case 'sqrt':
      return repeated(arithmetic.root, { greatest: x.greatest / 2, least: x.least / 2, whole: false })
    case 'ln':
      return repeated(arithmetic.naturalLog, logarithm)
    case 'log10':
      return repeated(arithmetic.decimalLog, logarithm)
    case 'exp':
      return into.guarded ? repeated(arithmetic.safeExponential, ANY) : combine([x], sql`exp(${x.sql})`, ANY)
    default:
      throw new Error(`no SQL for ${name}`) // the check knows the functions
  }
}
