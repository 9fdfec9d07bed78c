// What a formula may say: known names, known functions with the right number of arguments, aggregates where they make
// sense. Everything is refused with its place, so that what passes can be compiled.

import { formulaFault, type Node } from './formula.ts'

export type Call = Extract<Node, { kind: 'call' }>
export type Name = Extract<Node, { kind: 'name' }>

export interface FormulaNames {
  /** `rows`: names are columns. `signals`: rows are instants, and a name outside of aggregates is their mean. */
  over: 'rows' | 'signals'
  /** The names that may stand in the formula. */
  known: ReadonlySet<string>
  /** Names that exist and cannot be calculated with, and why. */
  unusable: ReadonlyMap<string, string>
  /** Whether rows have a time, which `rate` needs. */
  timed: boolean
}

export interface CheckedFormula {
  tree: Node
  /** Whether it gives one value for many rows; false for one value a row. */
  aggregated: boolean
  /** Whether each name stands within an aggregate. */
  enclosed: boolean
  /** Whether each aggregate is of one name alone. */
  plain: boolean
}

/** Fewest and most arguments of the functions that take one row's values. */
const SCALARS = new Map<string, [least: number, most: number]>([
  ['abs', [1, 1]],
  ['ceil', [1, 1]],
  ['floor', [1, 1]],
  ['round', [1, 1]],
  ['sqrt', [1, 1]],
  ['ln', [1, 1]],
  ['log10', [1, 1]],
  ['exp', [1, 1]],
  ['if', [3, 3]],
  ['coalesce', [2, 100]],
  ['min', [2, 100]],
  ['max', [2, 100]],
])
const AGGREGATES = new Set(['avg', 'sum', 'count', 'min', 'max', 'first', 'last', 'delta', 'rate'])
const FUNCTIONS = new Set([...SCALARS.keys(), ...AGGREGATES])

/** `min` and `max` of one argument go over rows, of several over the arguments. */
export function isAggregate(node: Node): node is Call {
  return (
    node.kind === 'call' && AGGREGATES.has(node.name) && (node.args.length === 1 || !SCALARS.has(node.name))
  )
}

/** Refuses what cannot be compiled, with its place: AppError `formula_invalid`. */
export function checkFormula(tree: Node, names: FormulaNames): CheckedFormula {
  const found: Found = { bare: [], aggregates: [] }
  check(tree, names, found, null)
  const [bare, aggregate] = [found.bare[0], found.aggregates[0]]
  const ofNames = found.aggregates.every((each) => each.args[0]?.kind === 'name')
  const checked = { tree, enclosed: bare === undefined, plain: ofNames }
  if (names.over === 'signals') {
    if (namesIn(tree).size === 0) throw formulaFault('The formula names no signal.', tree)
    return { ...checked, aggregated: true }
  }
  if (bare !== undefined && aggregate !== undefined) {
    throw formulaFault(
      `${bare.name} has a value for each row, ${aggregate.name}(…) one for all; write avg(${bare.name}) or the like.`,
      bare,
    )
  }
  return { ...checked, aggregated: aggregate !== undefined }
}

/** The names that stand in a formula, each once. */
export function namesIn(tree: Node): Set<string> {
  switch (tree.kind) {
    case 'number':
      return new Set()
    case 'name':
      return new Set([tree.name])
    case 'negate':
      return namesIn(tree.operand)
    case 'operation':
      return namesIn(tree.left).union(namesIn(tree.right))
    case 'call':
      return new Set(tree.args.flatMap((arg) => [...namesIn(arg)]))
  }
}

interface Found {
  /** Names outside of aggregates. */
  bare: Name[]
  aggregates: Call[]
}

function check(node: Node, names: FormulaNames, found: Found, inside: Call | null): void {
  if (node.kind === 'name') checkName(node, names, found, inside)
  if (node.kind === 'negate') check(node.operand, names, found, inside)
  if (node.kind === 'operation') {
    check(node.left, names, found, inside)
    check(node.right, names, found, inside)
  }
  if (node.kind !== 'call') return
  checkCall(node, names, found, inside)
  for (const arg of node.args) check(arg, names, found, isAggregate(node) ? node : inside)
}

function checkName(node: Name, names: FormulaNames, found: Found, inside: Call | null): void {
  const why = names.unusable.get(node.name)
  if (why !== undefined) throw formulaFault(why, node)
  if (names.known.has(node.name)) {
    if (inside === null) found.bare.push(node)
    return
  }
  const noun = names.over === 'rows' ? 'column' : 'signal'
  const nearest = nearestOf(node.name, names.known)
  const hint = nearest === undefined ? `the ${noun}s are ${listOf(names.known)}` : `did you mean ${nearest}`
  throw formulaFault(`There is no ${noun} ${JSON.stringify(node.name.slice(0, 64))}; ${hint}.`, node)
}

function checkCall(node: Call, names: FormulaNames, found: Found, inside: Call | null): void {
  if (!FUNCTIONS.has(node.name)) {
    const nearest = nearestOf(node.name, FUNCTIONS)
    const hint = nearest === undefined ? `the functions are ${listOf(FUNCTIONS)}` : `did you mean ${nearest}`
    throw formulaFault(`There is no function ${JSON.stringify(node.name.slice(0, 64))}; ${hint}.`, node)
  }
  if (isAggregate(node)) checkAggregate(node, names, found, inside)
  else checkCount(node)
}

function checkAggregate(node: Call, names: FormulaNames, found: Found, inside: Call | null): void {
  if (node.args.length !== 1) throw formulaFault(`${node.name} takes one value.`, node)
  if (inside !== null) {
    throw formulaFault(
      `${node.name} stands within ${inside.name}; aggregates do not go within each other.`,
      node,
    )
  }
  if (node.name === 'rate' && !names.timed) {
    throw formulaFault('rate is a change by second and needs the time_column of the metric.', node)
  }
  found.aggregates.push(node)
}

function checkCount(node: Call): void {
  const [least, most] = SCALARS.get(node.name) ?? [0, 0]
  if (node.args.length >= least && node.args.length <= most) return
  const count = least === most ? String(least) : `${least} to ${most}`
  const either = AGGREGATES.has(node.name) ? 'one value, or ' : ''
  throw formulaFault(`${node.name} takes ${either}${count} ${most === 1 ? 'value' : 'values'}.`, node)
}

function listOf(names: ReadonlySet<string>): string {
  const shown = [...names].slice(0, 20).join(', ')
  return names.size > 20 ? `${shown} …` : shown
}

/** The name that differs least, if by no more than a third of its letters. */
function nearestOf(name: string, known: ReadonlySet<string>): string | undefined {
  const scored = [...known]
    .map((other) => ({ other, distance: distance(name.toLowerCase().slice(0, 64), other.toLowerCase()) }))
    .filter(({ other, distance }) => distance <= Math.max(1, other.length / 3))
  return scored.sort((a, b) => a.distance - b.distance)[0]?.other
}

/** Letters to insert, remove or replace to get from one word to the other (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1]
    for (let j = 0; j < b.length; j++) {
      const replaced = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1)
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
