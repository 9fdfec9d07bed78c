// One row of a file as text, opened so that single cells can be read and replaced: a line of CSV, or a JSON object.
// What is not replaced stays as it stands. Pure.

export interface OpenRow {
  /** The names of its cells, in order. */
  names: string[]
  /** The text of a cell; null where there is none. */
  textOf(name: string): string | null
  /** The row with other texts in some of its cells. */
  with(texts: ReadonlyMap<string, string>): string
}

export interface CsvDialect {
  delimiter: string
  quote: string
}

/** The cells of a row of CSV, quotes included; undefined where it is not one row: a quote is open, or a line ends. */
export function splitCsvRow(raw: string, { delimiter, quote }: CsvDialect): string[] | undefined {
  const cells: string[] = []
  for (let start = 0; ; ) {
    let at = start
    if (raw[at] === quote) {
      do {
        at = raw.indexOf(quote, at + 1)
        if (at < 0) return undefined
        // A doubled quote is one inside the text.
      } while (raw[++at] === quote)
    }
    const next = raw.indexOf(delimiter, at)
    const end = next < 0 ? raw.length : next
    if (raw.slice(at, end).includes('\n')) return undefined
    cells.push(raw.slice(start, end))
    if (next < 0) return cells
    start = end + 1
  }
}

/** A row of CSV under its columns, or, without any, the numbers of its cells from 1; undefined where it is not one row. */
export function openCsvRow(
  raw: string,
  columns: string[] | undefined,
  dialect: CsvDialect,
): OpenRow | undefined {
  const cells = splitCsvRow(raw, dialect)
  if (cells === undefined) return undefined
  const names = cells.map((_, index) => (columns ? (columns[index] ?? '') : String(index + 1)))
  return {
    names,
    textOf(name) {
      const cell = cells[names.indexOf(name)]
      return cell === undefined ? null : unquoted(cell, dialect)
    },
    with: (texts) =>
      cells
        .map((cell, index) => {
          const text = texts.get(names[index] ?? '')
          return text === undefined ? cell : quoted(text, dialect)
        })
        .join(dialect.delimiter),
  }
}

export function unquoted(cell: string, { quote }: CsvDialect): string {
  if (!cell.startsWith(quote)) return cell
  return cell.slice(1, cell.lastIndexOf(quote)).replaceAll(quote + quote, quote)
}

export function quoted(text: string, { delimiter, quote }: CsvDialect): string {
  const plain = !/[\r\n]/.test(text) && !text.includes(delimiter) && !text.includes(quote)
  return plain ? text : quote + text.replaceAll(quote, quote + quote) + quote
}

type JsonObject = Record<string, unknown>

const { rawJSON } = JSON as JSON & { rawJSON(text: string): object } // Node 24 has it, the types lack it

/**
 * A JSON object, its cells named by its keys; a cell further in is found by its path, keys joined by dots. Undefined
 * where the text is no object. Numbers keep their digits.
 */
export function openJsonRow(raw: string): OpenRow | undefined {
  const record = parseObject(raw)
  if (record === undefined) return undefined
  return {
    names: Object.keys(record),
    textOf(name) {
      const value = valueAt(record, name)
      if (value === undefined || value === null) return null
      return typeof value === 'string' ? value : JSON.stringify(value)
    },
    with(texts) {
      const changed = readObject(raw)
      for (const [name, text] of texts) setAt(changed, name, text)
      return JSON.stringify(changed)
    },
  }
}

function parseObject(raw: string): JsonObject | undefined {
  try {
    return readObject(raw)
  } catch {
    return undefined
  }
}

function readObject(raw: string): JsonObject {
  const value: unknown = JSON.parse(raw, keepDigits)
  if (!isObject(value)) throw new SyntaxError('it is no object')
  return value
}

function keepDigits(_key: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === 'number' && context?.source !== undefined ? rawJSON(context.source) : value
}

/** The objects on the way to a cell, and its key: the whole name where there is such a key, else a path of keys. */
function wayTo(record: JsonObject, name: string): { holder: unknown; key: string } {
  if (Object.hasOwn(record, name)) return { holder: record, key: name }
  const route = name.split('.')
  const key = route.pop() ?? ''
  let holder: unknown = record
  for (const step of route)
    holder = isObject(holder) && Object.hasOwn(holder, step) ? holder[step] : undefined
  return { holder, key }
}

function valueAt(record: JsonObject, name: string): unknown {
  const { holder, key } = wayTo(record, name)
  return isObject(holder) && Object.hasOwn(holder, key) ? holder[key] : undefined
}

function setAt(record: JsonObject, name: string, text: string): void {
  const { holder, key } = wayTo(record, name)
  if (isObject(holder)) Object.defineProperty(holder, key, { value: text, enumerable: true, writable: true })
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
