// A file as the rows of a dataset: one that is there and has its columns, or a new one called like the file. Pure.

import type { ColumnProfile } from './guess-columns.ts'
import { type Form, type Surroundings, stemOf } from './guess-form.ts'
import { wordOf } from './guess-words.ts'
import type { KnownDataset } from './job.ts'

/** Names that are taken by the views that stored SQL reads. */
const TAKEN = ['assets', 'signals', 'measurements', 'events']
const LONGEST_NAME = 63
const SURE_OF_NEW = 0.6
/** Of the file's columns, so many must be those of a dataset for it to be that one. */
const LEAST_ALIKE = 0.8

/** `asked` is the target that the request names: of another dataset, its columns are taken as they are. */
export function datasetForm(
  columns: ColumnProfile[],
  { known, fileName }: Surroundings,
  asked: string | undefined,
): Form {
  const named = asked?.startsWith('dataset:') ? asked.slice('dataset:'.length) : undefined
  const there = known.datasets.find(({ name }) => name === named)
  if (there) {
    const names = matchNames(columns, there)
    return formOf(there.name, names, sureOfKnown(columns, names))
  }
  const alike = known.datasets
    .filter(() => named === undefined && columns.length > 0)
    .map((dataset) => ({ dataset, names: matchNames(columns, dataset) }))
    .filter(({ dataset, names }) => names.size >= columns.length * LEAST_ALIKE && hasRequired(dataset, names))
    .sort((a, b) => b.names.size - a.names.size)[0]
  if (alike) return formOf(alike.dataset.name, alike.names, sureOfKnown(columns, alike.names))
  const name = named ?? freeName(fileName, known.datasets)
  const why = 'its columns are none of those of assets, signals and measurements, so it is a table of its own'
  return formOf(name, newNames(columns), { confidence: SURE_OF_NEW, why })
}

function sureOfKnown(columns: ColumnProfile[], names: Map<string, string>) {
  const confidence = 0.95 * (names.size / columns.length)
  return { confidence, why: `${names.size} of its ${columns.length} columns are those of this dataset` }
}

function formOf(
  dataset: string,
  names: Map<string, string>,
  guess: { confidence: number; why: string },
): Form {
  const target = `dataset:${dataset}`
  const columns = new Map(
    [...names].map(([column, name]) => [
      column,
      { target: name, confidence: guess.confidence, why: whyOf(column, name) },
    ]),
  )
  return { ...guess, target, columns, mapping: { columns: Object.fromEntries(names) }, notes: [] }
}

const whyOf = (column: string, name: string) =>
  column === name ? 'it keeps its name' : 'it gets a name that a column can have'

/** The columns of a dataset that columns of the file are called like, by the file's names. */
function matchNames(columns: ColumnProfile[], dataset: KnownDataset): Map<string, string> {
  const byWord = new Map(dataset.columns.map(({ name }) => [wordOf(name), name]))
  const names = new Map<string, string>()
  for (const { name } of columns) {
    const match = dataset.columns.find((column) => column.name === name)?.name ?? byWord.get(wordOf(name))
    if (match !== undefined && ![...names.values()].includes(match)) names.set(name, match)
  }
  return names
}

function hasRequired({ columns, unique_key }: KnownDataset, names: Map<string, string>): boolean {
  const given = new Set(names.values())
  return columns.every(
    ({ name, required }) => given.has(name) || (required !== true && unique_key?.includes(name) !== true),
  )
}

/** Names for the columns of a new dataset: their own where they can be, and no two alike. */
function newNames(columns: ColumnProfile[]): Map<string, string> {
  const taken = new Set<string>()
  return new Map(
    columns.map(({ name }, index) => {
      const base = columnName(name) || `column_${index + 1}`
      const free = firstFree(base, (candidate) => !taken.has(candidate.toLowerCase()))
      taken.add(free.toLowerCase())
      return [name, free]
    }),
  )
}

const LETTERS: Record<string, string> = { ä: 'ae', ö: 'oe', ü: 'ue', Ä: 'Ae', Ö: 'Oe', Ü: 'Ue', ß: 'ss' }

/** `U [kV]` is `U_kV`; nothing is left of a name without letters. */
function columnName(name: string): string {
  const plain = name
    .replace(/[äöüÄÖÜß]/g, (letter) => LETTERS[letter] ?? letter)
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
  const named = /^\d/.test(plain) ? `column_${plain}` : plain
  return named.slice(0, LONGEST_NAME)
}

/** A name for a dataset from that of its file. */
function freeName(fileName: string, datasets: KnownDataset[]): string {
  const base = columnName(stemOf(fileName)).toLowerCase() || 'rows'
  const taken = new Set([...TAKEN, ...datasets.map(({ name }) => name)])
  return firstFree(base, (candidate) => !taken.has(candidate))
}

function firstFree(base: string, isFree: (name: string) => boolean): string {
  for (let number = 1; ; number++) {
    const name = number === 1 ? base : `${base.slice(0, LONGEST_NAME - 4)}_${number}`
    if (isFree(name)) return name
  }
}
