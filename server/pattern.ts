// Regular expressions that users write, matched in time linear in the text, so that no pattern can hang a check.
// A pattern runs as a set of positions that all advance together; what would need backtracking is refused.

const SOURCE_LIMIT = 500
/** Instructions of a pattern once its counted repeats are written out. */
const PROGRAM_LIMIT = 1000
/** A longer text matches no pattern. */
export const PATTERN_TEXT_LIMIT = 10_000
/** Remembered states and steps, after which remembering begins anew: a bound on memory, not on what matches. */
const STATE_LIMIT = 500
const STEP_LIMIT = 20_000

export interface Pattern {
  matches(text: string): boolean
}

type Node =
  | { kind: 'character'; test: (character: string) => boolean }
  | { kind: 'start' | 'end' }
  | { kind: 'sequence' | 'choice'; parts: Node[] }
  | { kind: 'repeat'; part: Node; least: number; most: number }

type Instruction =
  | { op: 'character'; test: (character: string) => boolean }
  | { op: 'start' | 'end' | 'match' }
  | { op: 'split'; to: number[] }

/** Where a pattern stands after some text: its positions, and whether it matches here or would at the end. */
interface State {
  positions: number[]
  matched: boolean
  matchedAtEnd: boolean
  next: Map<string, State>
}

/**
 * Compiles a pattern (ECMAScript syntax, Unicode mode) that must match the `whole` text, or `anywhere` in it.
 * Literals, classes, groups, alternation, repeats, `^` and `$` are known. A pattern that is wrong, too long or needs
 * lookaround, back-references or word boundaries gives the fault instead, as the end of a sentence about it.
 */
export function compilePattern(source: string, where: 'whole' | 'anywhere'): Pattern | { fault: string } {
  if (source.length > SOURCE_LIMIT) return { fault: `is longer than ${SOURCE_LIMIT} characters` }
  const wrong = findSyntaxFault(source)
  if (wrong !== undefined) return { fault: wrong }
  const tree = parseChoice({ rest: source })
  if (sizeOf(tree) > PROGRAM_LIMIT) {
    return { fault: 'is too long once its counted repeats are written out; use smaller counts' }
  }
  const program: Instruction[] = []
  emit(tree, program)
  if (where === 'whole') program.push({ op: 'end' })
  program.push({ op: 'match' })
  return createMatcher(program, where === 'anywhere')
}

function findSyntaxFault(source: string): string | undefined {
  try {
    new RegExp(source, 'u')
  } catch (error) {
    return `is not a regular expression: ${(error as Error).message.replace(/^.*\/u: /s, '')}` // always an Error
  }
  const bare = source.replace(/\\[^bBk1-9]/gu, '').replace(/\[(?:\\.|[^\]\\])*\]/gu, '')
  if (/\(\?(?:[=!]|<[=!])/.test(bare)) return 'uses lookahead or lookbehind, which is not known here'
  if (/\(\?[^:<]/.test(bare)) return 'changes flags inside, which is not known here'
  if (/\\[bB]/.test(bare)) return 'uses a word boundary, which is not known here'
  if (/\\[k1-9]/.test(bare)) return 'refers back to a group, which is not known here'
  return undefined
}

/** The part of the source that is not read yet. */
interface Reader {
  rest: string
}

function take(reader: Reader, expression: RegExp): string | undefined {
  const found = expression.exec(reader.rest)?.[0]
  if (found !== undefined) reader.rest = reader.rest.slice(found.length)
  return found
}

function parseChoice(reader: Reader): Node {
  const parts = [parseSequence(reader)]
  while (take(reader, /^\|/)) parts.push(parseSequence(reader))
  return { kind: 'choice', parts }
}

function parseSequence(reader: Reader): Node {
  const parts: Node[] = []
  while (reader.rest !== '' && !/^[|)]/.test(reader.rest)) {
    const part = parsePart(reader)
    const counts = take(reader, /^(?:[*+?]|\{\d+(?:,\d*)?\})/)
    take(reader, counts === undefined ? /^(?!)/ : /^\?/)
    parts.push(counts === undefined ? part : repeat(part, counts))
  }
  return { kind: 'sequence', parts }
}

function repeat(part: Node, counts: string): Node {
  if (counts === '*') return { kind: 'repeat', part, least: 0, most: Infinity }
  if (counts === '+') return { kind: 'repeat', part, least: 1, most: Infinity }
  if (counts === '?') return { kind: 'repeat', part, least: 0, most: 1 }
  const [least = '0', most] = counts.slice(1, -1).split(',')
  return {
    kind: 'repeat',
    part,
    least: Number(least),
    most: most === undefined ? Number(least) : most === '' ? Infinity : Number(most),
  }
}

const ESCAPE =
  /^\\(?:[pP]\{[^}]*\}|u\{[0-9a-f]+\}|u[d][89ab][0-9a-f]{2}\\u[d][c-f][0-9a-f]{2}|u[0-9a-f]{4}|x[0-9a-f]{2}|c[a-z]|.)/isu

function parsePart(reader: Reader): Node {
  if (take(reader, /^\((?:\?:|\?<[^>]*>)?/)) {
    const inside = parseChoice(reader)
    take(reader, /^\)/)
    return inside
  }
  if (take(reader, /^\^/)) return { kind: 'start' }
  if (take(reader, /^\$/)) return { kind: 'end' }
  const set = take(reader, ESCAPE) ?? take(reader, /^\[(?:\\.|[^\]\\])*\]/su) ?? take(reader, /^\./)
  if (set !== undefined) {
    const expression = new RegExp(`^(?:${set})$`, 'u')
    return { kind: 'character', test: (character) => expression.test(character) }
  }
  const literal = take(reader, /^./su)
  return { kind: 'character', test: (character) => character === literal }
}

function sizeOf(node: Node): number {
  if (node.kind === 'sequence' || node.kind === 'choice') {
    return node.parts.reduce((sum, part) => sum + sizeOf(part) + 2, 0)
  }
  if (node.kind !== 'repeat') return 1
  const optional = node.most === Infinity ? 1 : node.most - node.least
  return (sizeOf(node.part) + 2) * (node.least + optional)
}

function emit(node: Node, program: Instruction[]): void {
  if (node.kind === 'character') program.push({ op: 'character', test: node.test })
  else if (node.kind === 'sequence') for (const part of node.parts) emit(part, program)
  else if (node.kind === 'choice') emitChoice(node.parts, program)
  else if (node.kind === 'repeat') emitRepeat(node, program)
  else program.push({ op: node.kind })
}

function emitChoice(parts: Node[], program: Instruction[]): void {
  const entry: number[] = []
  const exits: number[][] = []
  if (parts.length > 1) program.push({ op: 'split', to: entry })
  for (const part of parts) {
    entry.push(program.length)
    emit(part, program)
    const exit: number[] = []
    if (parts.length > 1) program.push({ op: 'split', to: exit })
    exits.push(exit)
  }
  for (const exit of exits) exit.push(program.length)
}

function emitRepeat(node: Node & { kind: 'repeat' }, program: Instruction[]): void {
  for (let count = 0; count < node.least; count++) emit(node.part, program)
  const exits: number[][] = []
  const optional = node.most === Infinity ? 1 : node.most - node.least
  for (let count = 0; count < optional; count++) {
    const here = program.length
    const exit = [here + 1]
    exits.push(exit)
    program.push({ op: 'split', to: exit })
    emit(node.part, program)
    if (node.most === Infinity) program.push({ op: 'split', to: [here] })
  }
  for (const exit of exits) exit.push(program.length)
}

function createMatcher(program: Instruction[], anywhere: boolean): Pattern {
  const known = { states: new Map<string, State>(), steps: 0 }

  /** All positions reached from `seeds` without reading a character. */
  function reach(
    seeds: number[],
    atStart: boolean,
    atEnd: boolean,
  ): { positions: number[]; matched: boolean } {
    const seen = new Set<number>()
    const open = [...seeds]
    let matched = false
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (seen.has(at)) continue
      seen.add(at)
      const step = program[at] as Instruction // every target is a place of the program
      if (step.op === 'split') open.push(...step.to)
      else if (step.op === 'match') matched = true
      else if ((step.op === 'start' && atStart) || (step.op === 'end' && atEnd)) open.push(at + 1)
    }
    const positions = [...seen].filter((at) => program[at]?.op === 'character').sort((a, b) => a - b)
    return { positions, matched }
  }

  function stateOf(seeds: number[], atStart: boolean): State {
    const { positions, matched } = reach(seeds, atStart, false)
    const matchedAtEnd = reach(seeds, atStart, true).matched
    const key = `${positions.join()} ${matched} ${matchedAtEnd}`
    const state = known.states.get(key) ?? { positions, matched, matchedAtEnd, next: new Map() }
    known.states.set(key, state)
    return state
  }

  function advance(state: State, character: string): State {
    const remembered = state.next.get(character)
    if (remembered) return remembered
    if (known.states.size > STATE_LIMIT || ++known.steps > STEP_LIMIT) {
      for (const old of known.states.values()) old.next.clear()
      known.states.clear()
      known.steps = 0
    }
    const seeds: number[] = anywhere ? [0] : []
    for (const at of state.positions) {
      const step = program[at]
      if (step?.op === 'character' && step.test(character)) seeds.push(at + 1)
    }
    const next = stateOf(seeds, false)
    state.next.set(character, next)
    return next
  }

  const first = stateOf([0], true)
  return {
    matches(text) {
      if (text.length > PATTERN_TEXT_LIMIT) return false
      let state = first
      for (const character of text) {
        if (state.matched) return true
        if (state.positions.length === 0 && !anywhere) return false
        state = advance(state, character)
      }
      return state.matched || state.matchedAtEnd
    },
  }
}
