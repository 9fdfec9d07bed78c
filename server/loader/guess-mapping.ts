// What a file is and how it is to be read, guessed from its first rows: the mapping that a load of it takes, how sure
// that is, and why. What the request says overrides every guess.

import type { LoadPreview } from '../../contract/loads.ts'
import type { FileFormat, Mapping } from '../../contract/mapping.ts'
import { marksOf, type NumberMarks } from '../number-text.ts'
import { type Guess, given } from './guess.ts'
import { type ColumnProfile, isNumeric, profileColumns, type Table } from './guess-columns.ts'
import type { Form } from './guess-form.ts'
import type { FileHead } from './guess-head.ts'
import { guessLayout } from './guess-layout.ts'
import { guessNumberMarks, looksLikeNumber } from './guess-numbers.ts'
import { readTable } from './guess-table.ts'
import { guessForm } from './guess-target.ts'
import { guessTimes } from './guess-times.ts'
import type { LoaderJob, PreviewTarget } from './job.ts'

export type Understanding = Pick<
  LoadPreview,
  'format' | 'target' | 'target_why' | 'mapping' | 'confidence' | 'columns' | 'notes'
>

const SURE = 0.75
/** Attributes of a whole XML document, which say nothing of its rows. */
const OF_DOCUMENT = /^(?:\.\.\/)+@(?:.*:.*|version)$/

/** FileRefused for a file that no load could read. */
export async function understandFile(
  job: LoaderJob,
  head: FileHead,
  { file_name, known, asked }: PreviewTarget,
): Promise<Understanding> {
  const { format } = job
  const layout = await guessLayout(job, head)
  const base: Mapping = { format, ...layout.mapping, ...job.mapping }
  const table = await readTable({ ...job, mapping: base })
  const marks = numberMarks(table, base)
  const all = profileColumns(table, marks.value, known)
  const { usable, notes } = usableColumns(all)
  const form = guessForm(usable, { known, fileName: file_name, header: base.header ?? true }, asked)
  const said = job.mapping
  // What the request says of the columns stands for all of them: no other form is mixed in.
  const isTold = said.columns !== undefined || said.wide !== undefined || said.time !== undefined
  const times = timesOf(usable, form, said)
  const mapping: Mapping = {
    ...base,
    ...numberSettings(format, marks.value),
    ...(isTold ? {} : form.mapping),
    ...timeSettings(times, job),
    ...said,
  }
  const sureOf = [layout.confidence, isTold ? 1 : form.confidence, times?.confidence ?? 1]
  return {
    format,
    target: form.target,
    target_why: form.why,
    mapping,
    confidence: Math.min(...sureOf),
    columns: all.map((column) => describe(column, isTold ? undefined : form, said)),
    notes: [
      ...layout.notes,
      ...notes,
      ...(isTold ? [] : form.notes),
      ...(marks.confidence < SURE ? [`numbers: ${marks.why}`] : []),
      ...notesOfTimes(times, mapping, job),
    ],
  }
}

function numberMarks(table: Table, mapping: Mapping): Guess<NumberMarks> {
  if (mapping.decimal !== undefined || mapping.thousands !== undefined) return given(marksOf(mapping))
  const columns = table.names.map((_, index) => table.rows.map((row) => row[index]?.trim() ?? ''))
  const numbers = columns.filter((cells) => {
    const times = guessTimes(cells)
    return times === undefined || times.value.format.startsWith('epoch')
  })
  return guessNumberMarks(numbers.flat().filter(looksLikeNumber), mapping.delimiter)
}

/** Columns that can be named: those without a name, or with one that another has too, are left alone. */
function usableColumns(columns: ColumnProfile[]): { usable: ColumnProfile[]; notes: string[] } {
  const counts = new Map<string, number>()
  for (const { name } of columns) counts.set(name, (counts.get(name) ?? 0) + 1)
  const twice = [...counts].filter(([name, count]) => count > 1 && name !== '').map(([name]) => name)
  const isUsable = ({ name }: ColumnProfile) =>
    name !== '' && name.length <= 200 && counts.get(name) === 1 && !OF_DOCUMENT.test(name)
  const notes = twice.map((name) => `two columns are called ${JSON.stringify(name)}; neither is used`)
  return { usable: columns.filter(isUsable), notes }
}

function numberSettings(format: FileFormat, { decimal, thousands }: NumberMarks): Mapping {
  // Numbers of these are no text.
  if (format === 'parquet' || format === 'xlsx') return {}
  return { ...(decimal === ',' && { decimal }), ...(thousands !== undefined && { thousands }) }
}

/** The times that are read: of the column that the form takes, or the first of a dataset. */
function timesOf(columns: ColumnProfile[], form: Form, said: Mapping) {
  const chosen = new Map(Object.entries(said.columns ?? {}))
  const isTaken = ({ name }: ColumnProfile) =>
    said.time === name ||
    chosen.get(name) === 'measured_at' ||
    form.columns.get(name)?.target === 'measured_at'
  const inDataset = form.target.startsWith('dataset:')
  // What is only a day in ISO form is a date there, which has no zone.
  const isTime = (column: ColumnProfile) =>
    !isNumeric(column) && !(column.type === 'date' && column.time?.value.format === 'iso')
  return columns.find((column) => column.time && (inDataset ? isTime(column) : isTaken(column)))?.time
}

type Times = ReturnType<typeof timesOf>

function timeSettings(times: Times, { tz }: LoaderJob): Mapping {
  if (!times) return {}
  const { format, hasOffset } = times.value
  return { ...(format !== 'iso' && { time_format: format }), ...(!hasOffset && { tz }) }
}

function notesOfTimes(times: Times, { tz, time_format }: Mapping, job: LoaderJob): string[] {
  if (!times) return []
  const notes =
    times.value.ambiguous && !job.mapping.time_format ? [`${times.why}; say ${time_format} otherwise`] : []
  if (times.value.hasOffset || job.mapping.tz) return notes
  return [...notes, `its times have no offset: they are read in ${tz}, the zone of the workspace`]
}

function describe(
  column: ColumnProfile,
  form: Form | undefined,
  said: Mapping,
): LoadPreview['columns'][number] {
  const { name, unit, examples } = column
  const type = column.type === 'empty' ? 'text' : column.type
  const guess = form?.columns.get(name) ?? toldOf(name, said)
  const inUnit = unit === undefined || !isNumeric(column) ? '' : `; its name tells the unit ${unit}`
  if (guess) return { name, type, examples, ...guess, why: guess.why + inUnit }
  const why =
    column.type === 'empty' ? 'it has no values' : 'nothing of the target is like it, so it is left out'
  return { name, type, examples, target: null, why, confidence: 0.5 }
}

function toldOf(name: string, { columns = {}, time, wide }: Mapping) {
  const isValue = wide === '*' ? name !== time : wide?.includes(name)
  const target = time === name ? 'measured_at' : isValue ? 'value' : wide ? undefined : columns[name]
  return target === undefined ? undefined : { target, why: 'the mapping says so', confidence: 1 }
}
