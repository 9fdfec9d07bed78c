// The `sql` tag: statements as text and values kept apart, so that a value can never become SQL.
// Knows nothing of any engine: how a placeholder is written is decided where the statement is sent.

/** What may stand as a value in a statement. Instants go through `sql.instant`, never as numbers. */
export type SqlValue = string | number | bigint | boolean | null | Uint8Array | string[] | number[]

/** A statement, or a part of one. `texts` has one item more than `values`. */
export interface Sql {
  readonly texts: readonly string[]
  readonly values: readonly SqlValue[]
}

/** An instant: microseconds since 1970-01-01T00:00:00Z, a whole number (exact in a double until 2255). */
export type Instant = number

function isSql(value: unknown): value is Sql {
  return typeof value === 'object' && value !== null && 'texts' in value && 'values' in value
}

/** Builds a statement; each `${}` is a value sent beside the text, or another statement put in place. */
export function sql(strings: TemplateStringsArray, ...items: (SqlValue | Sql)[]): Sql {
  const texts: string[] = [strings[0] ?? '']
  const values: SqlValue[] = []
  items.forEach((item, index) => {
    const after = strings[index + 1] ?? ''
    if (isSql(item)) {
      append(texts, values, item)
      texts[texts.length - 1] += after
    } else {
      values.push(item)
      texts.push(after)
    }
  })
  return { texts, values }
}

/** A column or table name, quoted. Refuses what no engine takes as a name. */
sql.identifier = (name: string): Sql => {
  if (!/^[\p{L}\p{N}_ .-]{1,63}$/u.test(name)) throw new Error(`not a name: ${JSON.stringify(name)}`)
  return { texts: [`"${name}"`], values: [] }
}

/** Statements with a separator between them; the empty list is the empty statement. */
sql.join = (parts: readonly Sql[], separator: Sql = { texts: [', '], values: [] }): Sql => {
  const texts: string[] = ['']
  const values: SqlValue[] = []
  parts.forEach((part, index) => {
    if (index > 0) append(texts, values, separator)
    append(texts, values, part)
  })
  return { texts, values }
}

/** Text written by us, as it is. Never pass anything that came from outside. */
sql.trusted = (text: string): Sql => ({ texts: [text], values: [] })

/** An instant as a `timestamptz` value. */
sql.instant = (instant: Instant): Sql => sql`${formatInstant(instant)}::timestamptz`

/** The statement's text with numbered placeholders, and its values in that order. */
export function render(
  statement: Sql,
  placeholder: (position: number) => string,
): { text: string; values: SqlValue[] } {
  let text = statement.texts[0] ?? ''
  for (let index = 0; index < statement.values.length; index++) {
    text += placeholder(index + 1) + (statement.texts[index + 1] ?? '')
  }
  return { text, values: [...statement.values] }
}

/** `2026-01-31T12:00:00Z`, with a fraction of three or six digits only where there is one. */
export function formatInstant(instant: Instant): string {
  const milliseconds = Math.floor(instant / 1000)
  const rest = instant - milliseconds * 1000
  const text = new Date(milliseconds).toISOString()
  if (rest !== 0) return `${text.slice(0, -1)}${String(rest).padStart(3, '0')}Z`
  return text.endsWith('.000Z') ? `${text.slice(0, -5)}Z` : text
}

function append(texts: string[], values: SqlValue[], part: Sql): void {
  texts[texts.length - 1] += part.texts[0] ?? ''
  for (let index = 0; index < part.values.length; index++) {
    values.push(part.values[index] as SqlValue) // index is within bounds
    texts.push(part.texts[index + 1] ?? '')
  }
}
