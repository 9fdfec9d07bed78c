// How a CSV file is laid out, from its first lines: what stands between and around its fields, where its table
// begins, and whether its first line names the columns. Pure.

import { createCsvScanner } from './csv-records.ts'
import { type Guess, given, shareOf } from './guess.ts'
import { looksLikeNumber } from './guess-numbers.ts'
import { guessTimes } from './guess-times.ts'
import { isFieldWord } from './guess-words.ts'
import { FileRefused } from './job.ts'
import { fieldText, PLAIN } from './record.ts'

export interface Dialect {
  delimiter: string
  quote: string
  skip_lines: number
  header: boolean
}

/** In the order in which they are taken where the lines do not decide. */
const DELIMITERS = [',', ';', '\t', '|', '~', '^', '\u001f', '\u0001']
const QUOTES = ['"', "'"]
const SAMPLE_LENGTH = 256 * 1024
const SAMPLE_LINES = 200
/** Prose before a table is rarely longer. */
const MOST_SKIPPED = 50
const NAMES: Record<string, string> = { ',': 'commas', ';': 'semicolons', '\t': 'tabs', '|': 'bars' }

interface Line {
  line: number
  cells: string[]
  /** Of each cell. */
  quoted: boolean[]
  broken: boolean
}

interface Layout {
  delimiter: string
  quote: string
  lines: Line[]
  width: number
  /** The first of `lines` that belongs to the table. */
  start: number
  /** How many of the table's lines have its width. */
  regular: number
  score: number
}

/** The layout under which most lines have the same number of fields; what `said` names is not guessed. */
export function guessDialect(
  text: string,
  said: Partial<Dialect>,
): { [Key in keyof Dialect]: Guess<Dialect[Key]> } {
  const sample = text.slice(0, SAMPLE_LENGTH)
  const layouts = (said.delimiter === undefined ? DELIMITERS : [said.delimiter]).flatMap((delimiter) =>
    (said.quote === undefined ? QUOTES : [said.quote]).map((quote) =>
      layOut(sample, { delimiter, quote }, said),
    ),
  )
  const best = layouts.reduce((first, one) => (one.score > first.score + 1e-9 ? one : first))
  const table = best.lines.slice(best.start)
  const header = said.header === undefined ? guessHeader(table) : given(said.header)
  return {
    delimiter: said.delimiter === undefined ? delimiterOf(best) : given(said.delimiter),
    quote: said.quote === undefined ? quoteOf(best) : given(said.quote),
    skip_lines: said.skip_lines === undefined ? skipOf(best) : given(said.skip_lines),
    header,
  }
}

function layOut(
  text: string,
  marks: { delimiter: string; quote: string },
  { skip_lines }: Partial<Dialect>,
): Layout {
  const all = splitLines(text, marks)
  const lines = skip_lines === undefined ? all : all.filter(({ line }) => line > skip_lines)
  const widths = new Map<number, number>()
  for (const { cells } of lines) widths.set(cells.length, (widths.get(cells.length) ?? 0) + 1)
  const [width] = [...widths].reduce<[number, number]>(
    (most, one) => (weigh(one) > weigh(most) ? one : most),
    [1, 0],
  )
  const found = lines.slice(0, MOST_SKIPPED + 1).findIndex(({ cells }) => cells.length === width)
  const start = skip_lines === undefined ? Math.max(0, found) : 0
  const table = lines.slice(start)
  const regular = shareOf(table, ({ cells, broken }) => cells.length === width && !broken)
  const neat = neatness(table, marks.delimiter)
  const quotes = isQuoted(table) ? 0.01 : 0
  const passed = 1 - start / Math.max(1, lines.length)
  // One field a line fits every text: it is only taken when nothing else does.
  const score =
    width === 1 ? 0.3 * regular + quotes : regular * (0.4 + 0.6 * neat) * (0.9 + 0.1 * passed) + quotes
  return { ...marks, lines, width, start, regular, score }
}

const isQuoted = (lines: Line[]) => lines.some(({ quoted }) => quoted.includes(true))

/** A table of two columns is worth more than as many lines of prose. */
const weigh = ([width, count]: [number, number]) => (width === 1 ? count / 4 : count)

function splitLines(text: string, { delimiter, quote }: { delimiter: string; quote: string }): Line[] {
  const lines: Line[] = []
  const code = quote.charCodeAt(0)
  try {
    const scanner = createCsvScanner({ delimiter: delimiter.charCodeAt(0), quote: code }, (record) => {
      if (lines.length >= SAMPLE_LINES) return
      const fields = Array.from({ length: record.count }, (_, index) => index)
      lines.push({
        line: record.line,
        cells: fields.map((index) => fieldText(record, index, code) ?? ''),
        quoted: fields.map((index) => record.kinds[index] !== PLAIN),
        broken: record.broken !== '',
      })
    })
    scanner.push(Buffer.from(text))
    // The last line may be cut; alone, it is all there is.
    if (text.length < SAMPLE_LENGTH || lines.length === 0) scanner.end()
  } catch (error) {
    if (!(error instanceof FileRefused)) throw error
  }
  return lines
}

/** How much the cells look like cells: those that hold another delimiter are probably several. */
function neatness(table: Line[], delimiter: string): number {
  const others = DELIMITERS.filter((other) => other !== delimiter && other !== ',')
  // What stands in quotes may hold any of them.
  const cells = table.slice(0, 50).flatMap((line) => line.cells.filter((_, index) => !line.quoted[index]))
  if (cells.length === 0) return 0.8
  const sum = cells.reduce((total, cell) => {
    if (cell === '' || looksLikeNumber(cell) || guessTimes([cell])) return total + 1
    return total + (others.some((other) => cell.includes(other)) ? 0.2 : 0.8)
  }, 0)
  return sum / cells.length
}

function delimiterOf({ delimiter, width, regular, score, lines }: Layout): Guess<string> {
  if (width === 1) return { value: delimiter, confidence: 0.7, why: 'each line is one field' }
  const name = NAMES[delimiter] ?? JSON.stringify(delimiter)
  const share = regular === 1 ? 'all lines' : `${Math.floor(regular * 100)} of 100 lines`
  const confidence = Math.min(lines.length < 3 ? 0.8 : 0.99, score + 0.1)
  return { value: delimiter, confidence, why: `${share} of the table have ${width} fields between ${name}` }
}

function quoteOf({ quote, lines }: Layout): Guess<string> {
  const used = isQuoted(lines)
  const why = used ? `fields stand between ${quote}` : 'no field is quoted'
  return { value: quote, confidence: 0.95, why }
}

function skipOf({ lines, start }: Layout): Guess<number> {
  const first = lines[start]
  if (!first || start === 0) return { value: 0, confidence: 0.95, why: 'the table begins at the first line' }
  const why = `the first ${first.line - 1} lines are not like the table below them`
  return { value: first.line - 1, confidence: 0.8, why }
}

/** More than there are columns: whether a time stands above times leaves no doubt. */
const DECISIVE = 10_000

const isTyped = (cell: string) => looksLikeNumber(cell) || guessTimes([cell]) !== undefined

function guessHeader(table: Line[]): Guess<boolean> {
  const [first, ...rest] = table
  if (!first) return { value: true, confidence: 0.5, why: 'there is no line to tell' }
  const names = first.cells.map((cell) => cell.trim())
  if (rest.length === 0) {
    const value = !names.some(isTyped)
    return { value, confidence: 0.5, why: 'there is only one line' }
  }
  const votes = names.map((name, index) => {
    const cells = rest.map(({ cells: below }) => below[index]?.trim() ?? '').filter((cell) => cell !== '')
    if (cells.length === 0 || shareOf(cells, isTyped) < 0.8) return 0
    if (name === '') return 0
    const time = guessTimes(cells) !== undefined && !cells.every(looksLikeNumber)
    if (time) return guessTimes([name]) ? -DECISIVE : DECISIVE
    return isTyped(name) ? -1 : 1
  })
  const sum = votes.reduce<number>((total, vote) => total + vote, 0)
  if (sum > 0)
    return { value: true, confidence: 0.97, why: 'the first line names columns of numbers or times' }
  if (sum < 0)
    return { value: false, confidence: 0.9, why: 'the first line has numbers or times as those below it' }
  if (names.some(isFieldWord))
    return { value: true, confidence: 0.85, why: 'the first line has names that columns often have' }
  const distinct = new Set(names).size === names.length && !names.includes('')
  const value = distinct && !names.some(isTyped)
  const why = value
    ? 'the first line has a different word in each field'
    : 'the first line does not look like names'
  return { value, confidence: 0.6, why }
}
