// The formula language, from text to a tree whose every node knows where it stands. Names and functions are not
// looked up here (formula-check.ts); nothing is ever evaluated in JavaScript.

import { AppError } from '../../errors.ts'

/** A stretch of the formula's text: UTF-16 units from its start, and how many. */
export interface Place {
  position: number
  length: number
}

export type Comparison = '<' | '<=' | '>' | '>=' | '=' | '!='
export type Operator = '+' | '-' | '*' | '/' | '%' | '^' | Comparison

export type Node =
  | (Place & { kind: 'number'; value: number })
  | (Place & { kind: 'name'; name: string })
  | (Place & { kind: 'negate'; operand: Node })
  | (Place & { kind: 'operation'; operator: Operator; left: Node; right: Node })
  /** `position` and `length` are those of the name alone. */
  | (Place & { kind: 'call'; name: string; args: Node[] })

type Token = Place & { kind: 'number' | 'name' | 'quoted' | 'symbol' | 'end'; text: string }

const MAX_LENGTH = 4000
/** Brackets, signs and right-hand sides within each other. */
const MAX_NESTING = 100
/**
 * Operations within each other, `a + b + c + …` included: engines stop at 1000 levels of their own, and one of ours is
 * up to three of theirs.
 */
const MAX_DEPTH = 250

const TOKEN =
  /\s*(?:(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|([A-Za-z_][A-Za-z0-9_]*)|"([^"]*)"|(<=|>=|==|!=|<>|[-+*/%^()<>=,]))/y

/** How strongly an operator holds what is on its left; powers also what is on their right, from right to left. */
const STRENGTH: Record<Operator, number> = {
  '<': 1,
  '<=': 1,
  '>': 1,
  '>=': 1,
  '=': 1,
  '!=': 1,
  '+': 2,
  '-': 2,
  '*': 3,
  '/': 3,
  '%': 3,
  '^': 5,
}
const COMPARISON = 1
const SIGN = 4

const SPELLINGS: Partial<Record<string, Operator>> = { '==': '=', '<>': '!=' }
const NOT_WORDS = new Set(['and', 'or', 'not'])

/**
 * Reads a formula. Usual precedence: comparison, then + and -, then * / %, then signs, then ^ (from the right, so that
 * -2^2 is -4 and 2^3^2 is 2^9). AppError `formula_invalid` has `position` and `length` of the fault.
 */
export function parseFormula(text: string): Node {
  if (text.length > MAX_LENGTH) {
    throw formulaFault(`The formula has more than ${MAX_LENGTH} characters.`, {
      position: MAX_LENGTH,
      length: 1,
    })
  }
  const tokens = tokensOf(text)
  const state = { at: 0, nesting: 0 }
  const tree = readExpression(tokens, state, 0)
  const rest = peek(tokens, state)
  if (rest.kind !== 'end') throw unexpected(rest, 'an operator or the end')
  checkDepth(tree, 1)
  return tree
}

/** A formula that cannot be taken: a sentence, and where the fault is. */
export function formulaFault(message: string, { position, length }: Place): AppError {
  return new AppError('formula_invalid', message, {
    extra: { position, length },
    faults: [{ path: '/definition/expression', message: `${message} (at character ${position + 1})` }],
  })
}

interface State {
  /** The token to be read next. */
  at: number
  nesting: number
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = []
  const end = text.trimEnd().length
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < end) {
    const start = TOKEN.lastIndex
    const match = TOKEN.exec(text)
    if (match === null) throw strangeCharacter(text, start)
    tokens.push(tokenOf(match, TOKEN.lastIndex))
  }
  tokens.push({ kind: 'end', text: '', position: end, length: 0 })
  return tokens
}

function tokenOf(match: RegExpExecArray, end: number): Token {
  const [, number, name, quoted, symbol] = match
  const text = number ?? name ?? quoted ?? symbol ?? ''
  const length = quoted === undefined ? text.length : text.length + 2
  const place = { position: end - length, length }
  if (number !== undefined) return { kind: 'number', text, ...place }
  if (name !== undefined) return { kind: 'name', text, ...place }
  return { kind: quoted !== undefined ? 'quoted' : 'symbol', text, ...place }
}

function strangeCharacter(text: string, from: number): AppError {
  const position = from + (text.slice(from).length - text.slice(from).trimStart().length)
  const character = String.fromCodePoint(text.codePointAt(position) ?? 0)
  if (character === '"') return formulaFault('A quoted name has no closing ".', { position, length: 1 })
  return formulaFault(`${JSON.stringify(character)} is not part of formulas.`, {
    position,
    length: character.length,
  })
}

function peek(tokens: Token[], state: State): Token {
  return tokens[Math.min(state.at, tokens.length - 1)] as Token // the last token is the end, always there
}

function take(tokens: Token[], state: State, symbol: string): boolean {
  const token = peek(tokens, state)
  if (token.kind !== 'symbol' || token.text !== symbol) return false
  state.at++
  return true
}

/** Reads as long as operators hold more strongly than `floor`. */
function readExpression(tokens: Token[], state: State, floor: number): Node {
  enter(tokens, state)
  let left = readOperand(tokens, state)
  for (;;) {
    const token = peek(tokens, state)
    const operator = operatorOf(token)
    if (operator === undefined || STRENGTH[operator] <= floor) break
    state.at++
    const strength = STRENGTH[operator]
    const right = readExpression(tokens, state, operator === '^' ? SIGN - 1 : strength)
    left = { kind: 'operation', operator, left, right, position: token.position, length: token.length }
    const next = peek(tokens, state)
    if (strength === COMPARISON && STRENGTH[operatorOf(next) ?? '^'] === COMPARISON) {
      throw formulaFault('Compare two values at a time: a < b < c is not part of formulas.', next)
    }
  }
  state.nesting--
  return left
}

function enter(tokens: Token[], state: State): void {
  state.nesting++
  if (state.nesting <= MAX_NESTING) return
  throw formulaFault(`The formula nests deeper than ${MAX_NESTING} levels.`, peek(tokens, state))
}

function operatorOf(token: Token): Operator | undefined {
  if (token.kind !== 'symbol') return undefined
  const text = SPELLINGS[token.text] ?? token.text
  return text in STRENGTH ? (text as Operator) : undefined // its keys are the operators
}

function readOperand(tokens: Token[], state: State): Node {
  const token = peek(tokens, state)
  const { position, length } = token
  state.at++
  if (token.kind === 'number') return readNumber(token)
  if (token.kind === 'quoted') return { kind: 'name', name: token.text, position, length }
  if (token.kind === 'name') return readName(tokens, state, token)
  if (token.text === '-')
    return { kind: 'negate', operand: readExpression(tokens, state, SIGN - 1), position, length }
  if (token.text === '+') return readExpression(tokens, state, SIGN - 1)
  if (token.text !== '(') throw unexpected(token, 'a number, a name or (')
  const inner = readExpression(tokens, state, 0)
  if (!take(tokens, state, ')')) throw unexpected(peek(tokens, state), 'an operator or )')
  return inner
}

function readNumber(token: Token): Node {
  const value = Number(token.text)
  if (!Number.isFinite(value))
    throw formulaFault('This number is too large; a double ends at 1.79e308.', token)
  return { kind: 'number', value, position: token.position, length: token.length }
}

function readName(tokens: Token[], state: State, token: Token): Node {
  const { position, length, text } = token
  const next = peek(tokens, state)
  const isCall = next.kind === 'symbol' && next.text === '('
  if (!isCall && NOT_WORDS.has(text.toLowerCase())) throw notPart(token)
  if (!isCall) return { kind: 'name', name: text, position, length }
  state.at++
  const args: Node[] = []
  if (take(tokens, state, ')')) return { kind: 'call', name: text.toLowerCase(), args, position, length }
  do args.push(readExpression(tokens, state, 0))
  while (take(tokens, state, ','))
  if (!take(tokens, state, ')')) throw unexpected(peek(tokens, state), 'an operator, a comma or )')
  return { kind: 'call', name: text.toLowerCase(), args, position, length }
}

function unexpected(token: Token, wanted: string): AppError {
  if (token.kind === 'end') return formulaFault(`The formula ends where ${wanted} is expected.`, token)
  if (token.kind === 'name' && NOT_WORDS.has(token.text.toLowerCase())) return notPart(token)
  return formulaFault(`${JSON.stringify(token.text)} stands where ${wanted} is expected.`, token)
}

function notPart(token: Token): AppError {
  const message = `${JSON.stringify(token.text)} is not part of formulas; use if(condition, a, b).`
  return formulaFault(message, token)
}

function checkDepth(node: Node, depth: number): void {
  if (depth > MAX_DEPTH)
    throw formulaFault(`More than ${MAX_DEPTH} operations stand within each other.`, node)
  if (node.kind === 'negate') checkDepth(node.operand, depth + 1)
  if (node.kind === 'call') for (const arg of node.args) checkDepth(arg, depth + 1)
  if (node.kind !== 'operation') return
  checkDepth(node.left, depth + 1)
  checkDepth(node.right, depth + 1)
}
