// The first rows of a file as texts, whatever its format, read as a load reads them.

import { hasColumns, quoteOf, readRecords } from './file-records.ts'
import type { Table } from './guess-columns.ts'
import type { LoaderJob } from './job.ts'
import { type FileRecord, fieldText, textOf } from './record.ts'

const TABLE_ROWS = 1000
const MOST_COLUMNS = 1000
/** Objects within objects are taken apart this far; below that they are one text. */
const MOST_DEPTH = 3

/** Thrown out of the reading when enough has been seen. */
class Enough extends Error {}

/** Rows that are broken are left out. Throws FileRefused for what a load would refuse as a whole. */
export async function readTable(job: LoaderJob): Promise<Table> {
  const whole: LoaderJob = { ...job, mapping: withoutColumns(job) }
  const names = hasColumns(job) ? [] : await listPaths(whole)
  const table: Table = { names, rows: [] }
  const quote = quoteOf(job.mapping)
  await readFirst(whole, names, {
    header(header) {
      table.names = header
    },
    take(record) {
      table.rows.push(table.names.map((_, index) => fieldText(record, index, quote)))
    },
  })
  return table
}

/** Columns are what is to be found out. */
function withoutColumns({ mapping }: LoaderJob): LoaderJob['mapping'] {
  const { columns: _, ...rest } = mapping
  return rest
}

interface Taker {
  header(names: string[]): void
  take(record: FileRecord): void
}

async function readFirst(job: LoaderJob, names: string[], { header, take }: Taker): Promise<void> {
  const state = { rows: 0 }
  try {
    await readRecords(job, names, {
      header,
      take(record) {
        if (record.broken) return
        take(record)
        state.rows++
        if (state.rows === TABLE_ROWS) throw new Enough()
      },
      turn: () => Promise.resolve(),
    })
  } catch (error) {
    if (!(error instanceof Enough)) throw error
  }
}

/** The paths of the fields of JSON and XML, in the order in which they come first. */
async function listPaths(job: LoaderJob): Promise<string[]> {
  const paths = new Set<string>()
  const isXml = job.format === 'xml'
  await readFirst(job, [], {
    header: () => {},
    take(record) {
      if (paths.size >= MOST_COLUMNS) return
      const object = JSON.parse(record.raw?.() ?? textOf(record.data, record.from, record.to)) as object // not broken
      for (const path of isXml ? Object.keys(object) : pathsOf(object, [])) paths.add(path)
    },
  })
  return [...paths].slice(0, MOST_COLUMNS)
}

function pathsOf(object: object, above: string[]): string[] {
  return Object.entries(object).flatMap(([key, value]: [string, unknown]) => {
    const path = [...above, key]
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject && path.length < MOST_DEPTH ? pathsOf(value, path) : [path.join('.')]
  })
}
