// What a file seems to be, from its name and its beginning. Only a proposal: whoever loads it can change all of it.

import type { Mapping } from '../../../contract/loads.ts'

export type Target = 'measurements' | 'assets' | 'signals' | 'dataset'

/** The beginning of a file: its columns with a few of their values. */
export interface FileHead {
  format: 'csv' | 'json' | 'ndjson'
  delimiter: string
  /** In JSON, where the rows are; empty for the top. */
  records: string
  columns: { name: string; values: string[] }[]
}

export const FIELDS: Record<Exclude<Target, 'dataset'>, readonly string[]> = {
  measurements: ['signal_id', 'asset_id', 'quantity', 'measured_at', 'value'],
  assets: ['id', 'type', 'name', 'parent_id', 'latitude', 'longitude'],
  signals: ['id', 'asset_id', 'name', 'quantity', 'unit'],
}
const SYNONYMS: Record<Exclude<Target, 'dataset'>, Record<string, readonly string[]>> = {
  measurements: {
    signal_id: ['signalid', 'signal', 'tag'],
    asset_id: ['assetid', 'asset', 'componentid'],
    quantity: ['quantity', 'measurementtype'],
    measured_at: ['measuredat', 'timestamp', 'ts', 'time', 'date', 'datetime'],
    value: ['value', 'measurementvalue', 'val', 'reading'],
  },
  assets: {
    id: ['id', 'assetid'],
    type: ['type', 'assettype'],
    name: ['name', 'description', 'descri', 'title'],
    parent_id: ['parentid', 'parent'],
    latitude: ['latitude', 'lat'],
    longitude: ['longitude', 'lon', 'lng'],
  },
  signals: {
    id: ['id', 'signalid'],
    asset_id: ['assetid', 'asset'],
    name: ['name', 'signalname'],
    quantity: ['quantity'],
    unit: ['unit'],
  },
}
const DELIMITERS = [',', ';', '|', '\t']
const SAMPLES = 3

export function readHead(text: string, fileName: string): FileHead {
  const clean = text.replace(/^\ufeff/, '')
  const json = /\.(json|ndjson|jsonl)(\.gz)?$/i.test(fileName)
  return (json ? readJson(clean, fileName) : undefined) ?? readCsv(clean)
}

export function guessTarget(fileName: string, { columns }: FileHead): Target {
  const known = (target: Exclude<Target, 'dataset'>) =>
    columns.filter(({ name }) => guessField(target, name)).length
  if (known('measurements') >= 3) return 'measurements'
  if (/signal/i.test(fileName) && known('signals') >= 2) return 'signals'
  if (/asset|site|substation|component/i.test(fileName) && known('assets') >= 2) return 'assets'
  if (columns.some(({ name }) => guessField('assets', name) === 'latitude')) return 'assets'
  return 'dataset'
}

/** The field that a column of that name is usually for. */
export function guessField(target: Target, column: string): string | undefined {
  if (target === 'dataset') return undefined
  const plain = column.toLowerCase().replace(/[^a-z0-9]/g, '')
  return Object.entries(SYNONYMS[target]).find(([, names]) => names.includes(plain))?.[0]
}

/** A decimal comma, when numbers with one are seen and the comma does not separate columns. */
export function guessDecimal({ delimiter, columns }: FileHead): '.' | ',' {
  const commas = columns.some(
    ({ values }) => values.length > 0 && values.every((value) => /^-?\d+,\d+$/.test(value)),
  )
  return commas && delimiter !== ',' ? ',' : '.'
}

export function guessDatasetName(fileName: string): string {
  const plain = fileName
    .toLowerCase()
    .replace(/\..*$/, '')
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^[^a-z]+/, '')
  return plain.slice(0, 63) || 'table'
}

/** Only what differs from how files are read anyway. */
export function compact(mapping: Mapping): Mapping {
  return Object.fromEntries(
    Object.entries(mapping).filter(([, value]) =>
      typeof value === 'object' ? Object.keys(value).length > 0 : value !== undefined && value !== '',
    ),
  )
}

function readCsv(text: string): FileHead {
  const lines = text.split(/\r?\n/).filter((line) => line !== '')
  const header = lines[0] ?? ''
  const counts = DELIMITERS.map((delimiter) => header.split(delimiter).length)
  const delimiter = DELIMITERS[counts.indexOf(Math.max(...counts))] ?? ','
  const rows = lines.slice(1, 1 + SAMPLES).map((line) => splitLine(line, delimiter))
  const columns = splitLine(header, delimiter).map((name, i) => ({
    name,
    values: rows.map((row) => row[i] ?? ''),
  }))
  return { format: 'csv', delimiter, records: '', columns: columns.filter(({ name }) => name !== '') }
}

function splitLine(line: string, delimiter: string): string[] {
  const cells: string[] = []
  let cell = ''
  let quoted = false
  for (const character of line) {
    if (character === '"') quoted = !quoted
    else if (character === delimiter && !quoted) {
      cells.push(cell)
      cell = ''
    } else cell += character
  }
  return [...cells, cell].map((text) => text.trim())
}

function readJson(text: string, fileName: string): FileHead | undefined {
  const lined = /\.(ndjson|jsonl)/i.test(fileName)
  try {
    const parsed: unknown = lined ? text.split('\n').slice(0, SAMPLES).flatMap(parseLine) : JSON.parse(text)
    const [records, rows] = findRows(parsed)
    const samples = rows.slice(0, SAMPLES)
    const names = [...new Set(samples.flatMap((row) => Object.keys(row)))]
    const columns = names.map((name) => ({ name, values: samples.map((row) => shown(row[name])) }))
    return { format: lined ? 'ndjson' : 'json', delimiter: '', records, columns }
  } catch {
    // Longer than what was read of it, or not JSON: the server will say.
    return { format: lined ? 'ndjson' : 'json', delimiter: '', records: '', columns: [] }
  }
}

function parseLine(line: string): unknown[] {
  return line.trim() === '' ? [] : [JSON.parse(line)]
}

type Row = Record<string, unknown>

function findRows(parsed: unknown): [string, Row[]] {
  if (Array.isArray(parsed)) return ['', parsed.filter(isRow)]
  if (!isRow(parsed)) return ['', []]
  const found = Object.entries(parsed).find(([, value]) => Array.isArray(value))
  return found && Array.isArray(found[1]) ? [found[0], found[1].filter(isRow)] : ['', [parsed]]
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}
