// Records of XLSX: the rows of one sheet, read from the start to the end while its cells are made into texts.

import { unpackedPath } from './file-bytes.ts'
import type { RecordTaker } from './file-records.ts'
import { FileRefused, type LoaderJob } from './job.ts'
import { createTextLayout, MOST_FIELDS, MOST_RECORD_BYTES } from './record.ts'
import { cellNumber, columnPlace, unescaped } from './xlsx-cells.ts'
import { openWorkbook, type Workbook } from './xlsx-workbook.ts'
import { createXmlReader, localName, type XmlEvents } from './xml-events.ts'
import { openZip } from './zip-parts.ts'

export async function readXlsx(job: LoaderJob, taker: RecordTaker): Promise<void> {
  const { mapping, limits } = job
  const zip = await openZip(await unpackedPath(job), limits.inflatedBytes)
  try {
    const workbook = await openWorkbook(zip, mapping.sheet)
    const reader = createXmlReader(
      createSheetReader(workbook, mapping.decimal ?? '.', createRowTaker(job, taker)),
    )
    const size = Math.max(1, zip.sizeOf(workbook.sheet))
    let read = 0
    for await (const chunk of zip.read(workbook.sheet)) {
      reader.push(chunk)
      read += chunk.length
      await taker.turn(Math.min(1, read / size))
    }
    reader.end()
    if (reader.isLossy())
      throw new FileRefused('the sheet is not UTF-8, as XLSX must be; save it again as .xlsx')
    await taker.turn(1)
  } finally {
    await zip.close()
  }
}

/** Called with each row that has a cell: its number, from 1, and its texts up to the last that there is. */
type TakeRow = (row: number, texts: (string | null)[], isWhole: boolean) => void

interface Cell {
  place: number
  type: string
  style: number
  text: string
}

/** Makes rows of the events of a sheet's part. */
function createSheetReader(workbook: Workbook, decimal: '.' | ',', take: TakeRow): XmlEvents {
  const { from1904, texts, moments } = workbook
  const state = { row: 0, length: 0, taking: false, spoken: false }
  let row: (string | null)[] = []
  let cell: Cell | undefined

  const textOf = ({ type, style, text }: Cell): string => {
    if (type === 's') return sharedText(text)
    if (type === 'b') return text === '1' ? 'true' : 'false'
    if (type === 'inlineStr' || type === 'str') return unescaped(text)
    return type === 'n' ? cellNumber(text, { moment: moments[style], from1904, decimal }) : text
  }

  function sharedText(place: string): string {
    const text = texts[Number(place)]
    if (text === undefined)
      throw new FileRefused(`row ${state.row} names a text that the workbook does not have`)
    return text
  }

  function openCell({ r = '', t = 'n', s = '0' }: Record<string, string>): void {
    const place = columnPlace(r) ?? row.length
    if (place >= MOST_FIELDS) throw new FileRefused(`row ${state.row} has more than ${MOST_FIELDS} columns`)
    cell = { place, type: t, style: Number(s), text: '' }
  }

  function closeCell({ place }: Cell, text: string): void {
    state.length += text.length
    if (text === '' || state.length > MOST_RECORD_BYTES) return
    while (row.length < place) row.push(null)
    row[place] = text
  }

  return {
    open(element, attributes) {
      const name = localName(element)
      if (name === 'row') {
        const number = Number(attributes.r ?? state.row + 1)
        state.row = Number.isSafeInteger(number) && number > state.row ? number : state.row + 1
        state.length = 0
        row = []
      } else if (name === 'c') openCell(attributes)
      else if (name === 'rPh') state.spoken = true
      else state.taking = cell !== undefined && !state.spoken && (name === 'v' || name === 't')
    },
    text(text) {
      if (state.taking && cell && cell.text.length <= MOST_RECORD_BYTES) cell.text += text
    },
    close(element) {
      const name = localName(element)
      state.taking = false
      if (name === 'rPh') state.spoken = false
      if (name === 'c' && cell) {
        closeCell(cell, textOf(cell))
        cell = undefined
      }
      if (name === 'row' && state.length > 0) take(state.row, row, state.length <= MOST_RECORD_BYTES)
    },
  }
}

/** The first row names the columns; each other one becomes a record with as many fields. */
function createRowTaker({ mapping }: LoaderJob, taker: RecordTaker): TakeRow {
  const { skip_lines = 0, header = true } = mapping
  const layOut = createTextLayout()
  let names: string[] | undefined
  return (line, texts, isWhole) => {
    if (line <= skip_lines) return
    const tooLong = isWhole ? '' : `it is longer than ${MOST_RECORD_BYTES} bytes`
    if (names === undefined) {
      if (tooLong) throw new FileRefused(`row ${line} cannot name the columns: ${tooLong}`)
      names = texts.map((text, index) => (header ? (text ?? '').trim() : String(index + 1)))
      taker.header(names, null)
      if (header) return
    }
    const columns = names
    const { length } = texts
    const fields = length === 1 ? 'field' : 'fields'
    const ragged =
      length > columns.length ? `it has ${length} ${fields}, the others have ${columns.length}` : ''
    while (texts.length < columns.length) texts.push(null)
    const raw = () => JSON.stringify(Object.fromEntries(columns.map((name, index) => [name, texts[index]])))
    const broken = tooLong || ragged
    taker.take(layOut({ line, texts, broken, isLossy: false, raw }))
  }
}
