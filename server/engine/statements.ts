// A file of SQL cut into its statements. Knows comments, quotes, dollar quotes and the bodies of SQLite's triggers.

/** A trigger as SQLite has it, up to a semicolon within its body. */
const OPEN_TRIGGER = /^\s*create trigger\b(?=[\s\S]*\bbegin\b)(?![\s\S]*\bend\s*$)/i
const DOLLAR_QUOTE = /\$(?:[A-Za-z_][A-Za-z0-9_]*)?\$/y

/** The statements of a file in order, each with its comments and without its semicolon; those of only comments left out. */
export function splitStatements(text: string): string[] {
  const statements: string[] = []
  let start = 0
  let meaningful = false
  const close = (end: number): void => {
    if (meaningful) statements.push(text.slice(start, end).trim())
    start = end + 1
    meaningful = false
  }
  for (let position = 0; position < text.length; ) {
    const comment = afterComment(text, position)
    if (comment !== undefined) {
      position = comment
      continue
    }
    const char = text[position] ?? ''
    if (char === ';' && !OPEN_TRIGGER.test(text.slice(start, position))) close(position)
    else if (char.trim() !== '') meaningful = true
    position = afterQuoted(text, position) ?? position + 1
  }
  close(text.length)
  return statements
}

/** Where the comment that begins here ends; undefined when none begins. Block comments nest, as in PostgreSQL. */
function afterComment(text: string, start: number): number | undefined {
  if (text.startsWith('--', start)) {
    const end = text.indexOf('\n', start)
    return end === -1 ? text.length : end + 1
  }
  if (!text.startsWith('/*', start)) return undefined
  let depth = 0
  for (let position = start; position < text.length; position++) {
    if (text.startsWith('/*', position)) depth++
    else if (text.startsWith('*/', position)) depth--
    else continue
    position++
    if (depth === 0) return position + 1
  }
  throw new Error(`a comment is not closed: ${excerpt(text, start)}`)
}

/** Where the quoted text or name that begins here ends; undefined when none begins. A doubled quote is part of it. */
function afterQuoted(text: string, start: number): number | undefined {
  const quote = quoteAt(text, start)
  if (quote === undefined) return undefined
  let end = text.indexOf(quote, start + quote.length)
  while (quote.length === 1 && end !== -1 && text[end + 1] === quote) end = text.indexOf(quote, end + 2)
  if (end === -1) throw new Error(`a quote is not closed: ${excerpt(text, start)}`)
  return end + quote.length
}

function quoteAt(text: string, position: number): string | undefined {
  const char = text[position] ?? ''
  if (char === "'" || char === '"') return char
  if (char !== '$' || /[\w$]/.test(text[position - 1] ?? '')) return undefined
  DOLLAR_QUOTE.lastIndex = position
  return DOLLAR_QUOTE.exec(text)?.[0]
}

function excerpt(text: string, position: number): string {
  return JSON.stringify(text.slice(position, position + 40))
}
