// SQL that users wrote, on its way to an engine: read by PostgreSQL's own parser, which is the language of both engines,
// checked node by node, and printed anew. Only what was printed ever runs (decision 5). Knows no metric.

import { hasSqlDetails, type Node, parse, type SelectStmt, scan } from 'libpg-query'
import { AppError } from '../errors.ts'
import type { Dialect, ReadOptions, TypedColumns, Warehouse } from './db.ts'
import { type Sql, sql } from './sql.ts'
import { atPosition, placed, refused } from './user-sql-fault.ts'
import type { Gate } from './user-sql-place.ts'
import { select } from './user-sql-select.ts'

const MOST_SQL_CHARACTERS = 10_000
/** Up to here the parser's own recursion stays within a third of its stack. */
const MOST_TOKENS = 2000

/** A text that is one select, by its grammar; nothing of it is known to be allowed yet. */
export interface ReadSql {
  text: string
  /** Names in its FROMs: of tables, and of its own WITH. */
  tables: string[]
  /** Names of the parameters in it, without their colon. */
  parameters: string[]
  statement: SelectStmt
  offsetOf: (location: number) => number
}

/** What a statement may read, and what its parameters stand for. */
export interface Surroundings {
  engine: Dialect['name']
  /** By name, what stands for a table in a FROM. */
  tables: ReadonlyMap<string, Sql>
  /** What there is, told where a table is named that there is not. */
  tableNames: readonly string[]
  parameters: ReadonlyMap<string, Sql>
  now: Sql
  tz: Sql
}

/** A statement that may run, with marks by which a fault is found in the user's text. */
export interface GatedSql {
  readonly marked: Sql
  readonly read: ReadSql
}

/**
 * Reads one select. `known` are the names that a colon may stand before. AppError `sql_invalid` with `position`, `line`
 * and `column`.
 */
export async function readSql(text: string, known: readonly string[]): Promise<ReadSql> {
  if (text.length > MOST_SQL_CHARACTERS || !text.isWellFormed() || text.includes('\0')) {
    const message = `SQL is text of at most ${MOST_SQL_CHARACTERS} characters, without U+0000`
    throw atPosition(message, text, undefined)
  }
  const { parsed, parameters, offsetOf } = await numbered(text, known)
  try {
    const { stmts = [] } = await parse(parsed)
    const [first, second] = stmts
    if (first?.stmt === undefined) throw refused('There is no statement; write one select')
    if (second !== undefined) throw refused('Write one select, nothing after it', second.stmt_location)
    if (!('SelectStmt' in first.stmt))
      throw refused('Only a select can be a metric; nothing can be written', 0)
    return { text, tables: tablesIn(first.stmt), parameters, statement: first.stmt.SelectStmt, offsetOf }
  } catch (error) {
    throw ofParser(error, { text, parsed, offsetOf })
  }
}

/** Prints what may run. AppError `sql_invalid` at the first thing that is not allowed. */
export function gateSql(
  read: ReadSql,
  { engine, tables, tableNames, parameters, now, tz }: Surroundings,
): GatedSql {
  const gate: Gate = {
    engine: engine === 'postgres' ? 'postgres' : 'duckdb',
    table: (name) => tables.get(name),
    tableNames: [...new Set(tableNames)],
    parameter: (number) => parameters.get(read.parameters[number - 1] ?? '') ?? sql`null`,
    now,
    tz,
    sources: { count: 0 },
    select,
  }
  try {
    return { marked: select(read.statement, { gate, ctes: new Set(), depth: 0, location: 0 }), read }
  } catch (error) {
    if (error instanceof AppError && error.code === 'sql_invalid')
      throw placed(error, read.text, read.offsetOf)
    throw error
  }
}

/**
 * Runs gated SQL within a statement of ours, at most `rows` of it. What the engine finds wrong is told at its place in
 * the user's text. AppErrors `sql_invalid`, `range_too_large`, `query_timeout`.
 */
export async function runGated(
  warehouse: Warehouse,
  { marked, read }: GatedSql,
  within: (inner: Sql) => Sql,
  options: { rows: number } & ReadOptions,
): Promise<TypedColumns> {
  const { statement, origins } = withoutMarks(within(marked))
  try {
    return await warehouse.untrusted(statement, options)
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'sql_invalid') throw error
    const line = Number(error.extra?.line ?? 0)
    throw placed(refused(error.message, origins[line - 1]), read.text, read.offsetOf)
  }
}

/** The text as it runs, and for each of its lines the byte of the parsed text from which it comes. */
function withoutMarks({ texts, values }: Sql): { statement: Sql; origins: number[] } {
  const origins = [-1]
  const clean = texts.map((text) =>
    text.replace(/\n(?:\uE000(\d+)\uE000)?/g, (_, location: string | undefined) => {
      origins.push(location === undefined ? (origins.at(-1) ?? -1) : Number(location))
      return '\n'
    }),
  )
  return { statement: { texts: clean, values }, origins }
}

interface Numbered {
  /** With `$1` for the first name after a colon, and so on. */
  parsed: string
  parameters: string[]
  /** The character of the user's text that a byte of `parsed` comes from. */
  offsetOf: (location: number) => number
}

async function numbered(text: string, known: readonly string[]): Promise<Numbered> {
  const bytes = Buffer.from(text)
  const same = (location: number) => bytes.subarray(0, location).toString().length
  const { tokens } = await scan(text).catch(async () => {
    // The scanner says less than the parser of what it cannot read.
    await parse(text).catch((error: unknown) => {
      throw ofParser(error, { text, parsed: text, offsetOf: same })
    })
    throw atPosition('The SQL cannot be read', text, undefined)
  })
  if (tokens.length > MOST_TOKENS)
    throw atPosition(`SQL has at most ${MOST_TOKENS} words and signs`, text, undefined)
  const parameters: string[] = []
  const pieces: Buffer[] = []
  const origins: number[] = []
  const keep = (piece: Buffer, from: number, step: number) => {
    pieces.push(piece)
    for (let index = 0; index < piece.length; index++) origins.push(from + index * step)
  }
  let end = 0
  for (const [index, token] of tokens.entries()) {
    if (token.tokenName === 'PARAM')
      throw atPosition('Write parameters by name, as :from', text, same(token.start))
    const next = tokens[index + 1]
    if (token.text !== ':' || next?.start !== token.end || !/^[A-Za-z_]\w*$/.test(next.text)) continue
    if (!known.includes(next.text)) {
      const message = `There is no parameter :${next.text}; there are ${known.map((name) => `:${name}`).join(', ')}`
      throw atPosition(message, text, same(token.start))
    }
    if (!parameters.includes(next.text)) parameters.push(next.text)
    keep(bytes.subarray(end, token.start), end, 1)
    keep(Buffer.from(`$${parameters.indexOf(next.text) + 1}`), token.start, 0)
    end = next.end
  }
  keep(bytes.subarray(end), end, 1)
  return {
    parsed: Buffer.concat(pieces).toString(),
    parameters,
    offsetOf: (location) => same(origins[location] ?? bytes.length),
  }
}

/** What the parser says, at its place. */
function ofParser(
  error: unknown,
  { text, parsed, offsetOf }: { text: string; parsed: string; offsetOf: (location: number) => number },
): unknown {
  if (error instanceof AppError)
    return error.extra?.location === undefined ? error : placed(error, text, offsetOf)
  if (error instanceof RangeError)
    return atPosition('Too many levels within each other', text, undefined, error)
  if (!hasSqlDetails(error)) return error
  const at = error.sqlDetails?.cursorPosition
  // Counted in characters, unlike the places of nodes.
  const position =
    at === undefined || at < 0
      ? undefined
      : offsetOf(Buffer.byteLength(Array.from(parsed).slice(0, at).join('')))
  return atPosition(error.message, text, position, error)
}

/** The names of all tables in a tree. */
function tablesIn(tree: Node): string[] {
  const names = new Set<string>()
  const waiting: unknown[] = [tree]
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (typeof node !== 'object' || node === null) continue
    if ('RangeVar' in node) names.add((node as Extract<Node, { RangeVar: unknown }>).RangeVar.relname ?? '') // as the parser makes it
    waiting.push(...Object.values(node))
  }
  return [...names]
}
