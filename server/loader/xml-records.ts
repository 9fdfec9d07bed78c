// Records of XML: the elements at one path, each with the texts of its children, its attributes and those of the
// elements around it. What the paths mean is in docs/loading.md.

import type { RecordScanner } from './csv-records.ts'
import { FileRefused } from './job.ts'
import { createTextLayout, type FileRecord, MOST_FIELDS, MOST_RECORD_BYTES } from './record.ts'
import { createXmlReader, localName } from './xml-events.ts'

/** Texts by path below an element. */
type Texts = Map<string, string[]>

interface Frame {
  name: string
  attributes: Record<string, string>
  text: string
  /** Whether anything but text is in it. */
  hasParts: boolean
  /** Around records: the last text of each child that a path asks for. */
  beside: Map<string, string>
}

export interface XmlPaths {
  /** The path of the records. */
  records: string
  /** The paths of the fields, from the record on. */
  fields: string[]
}

/** Lays out the fields of each record in the order of their paths. */
export function createXmlScanner(
  { records, fields }: XmlPaths,
  take: (record: FileRecord) => void,
): RecordScanner {
  const isRecord = createPathMatch(records)
  const beside = new Set(fields.flatMap((path) => (/^(?:\.\.\/)+([^@/]+)$/.exec(path) ?? []).slice(1)))
  const paths = fields.map(readPath)
  const layOut = createTextLayout()
  const stack: Frame[] = []
  const state = { depth: 0, count: 0, length: 0, texts: new Map() as Texts }

  function add(path: string, text: string): void {
    state.length += path.length
    if (!isWhole()) return
    const texts = state.texts.get(path)
    if (texts) texts.push(text)
    else state.texts.set(path, [text])
  }

  const isWhole = () => state.length <= MOST_RECORD_BYTES && state.texts.size <= MOST_FIELDS

  /** The path of the innermost element from the record on. */
  const pathOf = () => {
    let path = ''
    for (let at = state.depth; at < stack.length; at++) path += `${path && '/'}${stack[at]?.name}`
    return path
  }

  function open(name: string, attributes: Record<string, string>): void {
    const parent = stack.at(-1)
    if (parent) parent.hasParts = true
    const frame: Frame = { name, attributes, text: '', hasParts: false, beside: new Map() }
    stack.push(frame)
    if (state.depth === 0) {
      if (!isRecord(stack)) return
      state.depth = stack.length
      state.length = 0
      state.texts = new Map()
    }
    const path = pathOf()
    for (const key of Object.keys(attributes)) {
      if (isNamespace(key)) continue
      frame.hasParts = true
      state.length += attributes[key]?.length ?? 0
      add(path === '' ? `@${key}` : `${path}/@${key}`, attributes[key] ?? '')
    }
  }

  function close(): void {
    const frame = stack.at(-1) as Frame // saxes closes only what was opened
    const text = frame.text.trim()
    if (state.depth === 0) {
      stack.pop()
      if (beside.has(localName(frame.name))) stack.at(-1)?.beside.set(localName(frame.name), text)
      return
    }
    if (text !== '' || !frame.hasParts) add(pathOf() || '.', text)
    stack.pop()
    if (stack.length < state.depth) emit()
  }

  function emit(): void {
    const found = createLookup(state.texts, stack)
    const texts = paths.map((path) => found(path)?.text ?? null)
    const record = layOut({
      line: ++state.count,
      texts: isWhole() ? texts : texts.fill(null),
      broken: isWhole() ? '' : TOO_MUCH,
      isLossy: reader.isLossy(),
      raw: () => rawOf(state.texts, stack, paths),
    })
    state.depth = 0
    take(record)
  }

  const reader = createXmlReader({
    open,
    close,
    text(text) {
      const frame = stack.at(-1)
      if (!frame || (state.depth === 0 && !beside.has(localName(frame.name)))) return
      state.length = state.depth === 0 ? frame.text.length : state.length + text.length
      if (state.length <= MOST_RECORD_BYTES) frame.text += text
      else if (state.depth === 0)
        throw new FileRefused(`the text of ${frame.name} is longer than a record may be`)
    },
  })
  return {
    push: reader.push,
    end() {
      reader.end()
      if (state.count === 0) throw new FileRefused(`the file has no element at ${records}`)
    },
  }
}

const TOO_MUCH = `it is longer than ${MOST_RECORD_BYTES} bytes or has more than ${MOST_FIELDS} fields`

const isNamespace = (attribute: string) => attribute === 'xmlns' || attribute.startsWith('xmlns:')

/** Whether the innermost element is one of a path: as the end of its whole path, or of all of it behind a slash. */
function createPathMatch(path: string): (stack: Frame[]) => boolean {
  const steps = path.split('/').filter((step) => step !== '')
  const fromRoot = path.startsWith('/')
  if (steps.length === 0)
    throw new FileRefused('the path of the records must name an element, as in rows/row')
  return (stack) => {
    if (fromRoot ? stack.length !== steps.length : stack.length < steps.length) return false
    const above = stack.length - steps.length
    return steps.every((step, index) => isNamed(stack[above + index]?.name ?? '', step))
  }
}

/** A step without a prefix is met by any prefix. */
const isNamed = (name: string, step: string) => name === step || localName(name) === step

/** The path of a field, taken apart once. */
interface FieldPath {
  path: string
  /** How many elements above the record it begins. */
  ups: number
  /** What stands behind the steps up. */
  rest: string
  /** The same with its last step as an attribute. */
  asAttribute: string
}

function readPath(path: string): FieldPath {
  const [, up = '', rest = ''] = /^((?:\.\.\/)*)(.*)$/s.exec(path) ?? []
  return { path, ups: up.length / 3, rest, asAttribute: rest.replace(/(^|\/)@?([^/]+)$/, '$1@$2') }
}

interface Found {
  text: string
  /** The path by which it stands in the record as a whole; undefined around it. */
  key?: string
}

/** Finds the text at a path of a record, whose surroundings are `around`. */
function createLookup(texts: Texts, around: Frame[]): (path: FieldPath) => Found | undefined {
  const prefixed = [...texts.keys()].filter((key) => key.includes(':'))
  const locals = new Map(prefixed.map((key) => [localPath(key), key]))
  const inside = (path: string): Found | undefined => {
    const key = texts.has(path) ? path : locals.get(path)
    const values = key === undefined ? undefined : texts.get(key)
    if (key === undefined || values === undefined) return undefined
    return { key, text: values.length === 1 ? (values[0] ?? '') : JSON.stringify(values) }
  }
  return ({ ups, rest, asAttribute }) => {
    if (ups === 0) return inside(rest) ?? inside(asAttribute)
    const frame = around[around.length - ups]
    if (!frame) return undefined
    const attribute = Object.keys(frame.attributes).find((key) => isNamed(key, asAttribute.slice(1)))
    const value =
      frame.beside.get(rest) ?? (attribute === undefined ? undefined : frame.attributes[attribute])
    return value === undefined ? undefined : { text: value }
  }
}

const localPath = (path: string) => path.replace(/(^|\/)(@?)[^/:@]+:/g, '$1$2')
/** The whole record as JSON: its texts by the paths that were asked for, then by all others. */
function rawOf(texts: Texts, around: Frame[], fields: FieldPath[]): string {
  const found = createLookup(texts, around)
  const asked = fields.flatMap((field) => {
    const text = found(field)
    return text ? [{ path: field.path, ...text }] : []
  })
  const keys = new Set(asked.map(({ key }) => key))
  const others = [...texts.keys()].filter((key) => !keys.has(key))
  const above = around.flatMap(({ attributes }, index) =>
    Object.keys(attributes)
      .filter((key) => !isNamespace(key))
      .map((key) => `${'../'.repeat(around.length - index)}@${key}`),
  )
  const rest = [...others, ...above].map((path) => [path, found(readPath(path))?.text])
  return JSON.stringify(Object.fromEntries([...asked.map(({ path, text }) => [path, text]), ...rest]))
}

/**
 * The path from the root to what is taken for the records of a file that does not say: the element that comes most
 * often in its first `limit` bytes, if it can one with attributes or children. Undefined where the root is alone.
 */
export async function guessRecordPath(
  chunks: AsyncIterable<Uint8Array>,
  limit: number,
): Promise<string | undefined> {
  const counts = new Map<string, number>()
  const structured = new Set<string>()
  const stack: string[] = []
  const reader = createXmlReader({
    open(name, attributes) {
      structured.add(stack.join('/'))
      stack.push(name)
      const path = stack.join('/')
      if (!Object.keys(attributes).every(isNamespace)) structured.add(path)
      if (stack.length > 1 && (counts.has(path) || counts.size < MOST_FIELDS))
        counts.set(path, (counts.get(path) ?? 0) + 1)
    },
    close: () => void stack.pop(),
    text: () => {},
  })
  let read = 0
  for await (const chunk of chunks) {
    reader.push(chunk)
    read += chunk.length
    if (read >= limit) break
  }
  const rank = (path: string) => (structured.has(path) ? 1 : 0)
  const [best] = [...counts].sort(
    ([one, many], [other, more]) => rank(other) - rank(one) || more - many || one.length - other.length,
  )
  return best && `/${best[0]}`
}
