// A workbook of XLSX around its sheets: which there are, its texts and its number formats. Reads no cells.

import { posix } from 'node:path'
import { list } from './columns.ts'
import { FileRefused } from './job.ts'
import { MOST_RECORD_BYTES } from './record.ts'
import { type MomentFormat, momentFormat, unescaped } from './xlsx-cells.ts'
import { createXmlReader, localName, type XmlEvents } from './xml-events.ts'
import type { ZipParts } from './zip-parts.ts'

export interface Workbook {
  /** The name of the part that holds the sheet. */
  sheet: string
  from1904: boolean
  /** Texts that cells name by their place. */
  texts: string[]
  /** By the style of a cell. */
  moments: (MomentFormat | undefined)[]
}

/** Texts are held in memory while the sheet is read; each takes about 40 bytes beside its characters. */
const MOST_TEXT_BYTES = 100_000_000

/** The workbook, and the sheet of that name or the first. FileRefused where there is none. */
export async function openWorkbook(zip: ZipParts, sheetName: string | undefined): Promise<Workbook> {
  const main = [...(await readRelations(zip, '')).values()].find(({ type }) => type === 'officeDocument')
  if (!main || !zip.has(main.target))
    throw new FileRefused('the file is a ZIP without a workbook; it is no XLSX')
  const { sheets, from1904 } = await readSheets(zip, main.target)
  const relations = await readRelations(zip, main.target)
  const chosen = sheetName === undefined ? sheets[0] : sheets.find(({ name }) => name === sheetName)
  if (!chosen) {
    const names = list(sheets.map(({ name }) => name))
    throw new FileRefused(
      `the workbook has no sheet ${JSON.stringify(sheetName ?? '')}; its sheets are ${names}`,
    )
  }
  const sheet = relations.get(chosen.relation)
  if (sheet?.type !== 'worksheet')
    throw new FileRefused(`the sheet ${JSON.stringify(chosen.name)} has no cells; name another in \`sheet\``)
  const partOf = (type: string) => [...relations.values()].find((each) => each.type === type)?.target
  return {
    sheet: sheet.target,
    from1904,
    texts: await readTexts(zip, partOf('sharedStrings')),
    moments: await readMoments(zip, partOf('styles')),
  }
}

/** Reads a part from beginning to end. */
async function readPart(zip: ZipParts, part: string, events: Partial<XmlEvents>): Promise<void> {
  const ignore = () => {}
  const reader = createXmlReader({ open: ignore, close: ignore, text: ignore, ...events })
  for await (const chunk of zip.read(part)) reader.push(chunk)
  reader.end()
  if (reader.isLossy())
    throw new FileRefused(`the part ${part} is not UTF-8, as XLSX must be; save it again as .xlsx`)
}

interface Relation {
  type: string
  target: string
}

/** What a part refers to, by the id that it uses; of the package itself when its name is empty. */
async function readRelations(zip: ZipParts, part: string): Promise<Map<string, Relation>> {
  const { dir, base } = posix.parse(part)
  const relations = new Map<string, Relation>()
  const name = posix.join(dir, '_rels', `${base}.rels`)
  if (!zip.has(name)) return relations
  await readPart(zip, name, {
    open(element, attributes) {
      if (localName(element) !== 'Relationship' || attributes.TargetMode === 'External') return
      const { Id = '', Type = '', Target = '' } = attributes
      const target = Target.startsWith('/') ? Target.slice(1) : posix.join(dir, Target)
      relations.set(Id, { type: posix.basename(Type), target })
    },
  })
  return relations
}

async function readSheets(zip: ZipParts, part: string) {
  const sheets: { name: string; relation: string }[] = []
  const state = { from1904: false }
  await readPart(zip, part, {
    open(element, attributes) {
      const name = localName(element)
      if (name === 'workbookPr') state.from1904 = /^(1|true)$/.test(attributes.date1904 ?? '')
      if (name !== 'sheet') return
      const relation = Object.keys(attributes).find((key) => key.endsWith(':id'))
      sheets.push({ name: attributes.name ?? '', relation: attributes[relation ?? ''] ?? '' })
    },
  })
  return { sheets, from1904: state.from1904 }
}

/** The texts of the workbook: each the pieces of one item, without those that say how it is pronounced. */
async function readTexts(zip: ZipParts, part: string | undefined): Promise<string[]> {
  const texts: string[] = []
  if (part === undefined || !zip.has(part)) return texts
  const state = { text: '', taking: false, spoken: false, bytes: 0 }
  await readPart(zip, part, {
    open(element) {
      const name = localName(element)
      if (name === 'si') state.text = ''
      if (name === 'rPh') state.spoken = true
      state.taking = name === 't' && !state.spoken
    },
    text(text) {
      if (state.taking && state.text.length <= MOST_RECORD_BYTES) state.text += text
    },
    close(element) {
      const name = localName(element)
      state.taking = false
      if (name === 'rPh') state.spoken = false
      if (name !== 'si') return
      state.bytes += 2 * state.text.length + 40
      if (state.bytes > MOST_TEXT_BYTES) {
        throw new FileRefused(
          `the workbook has more than ${Math.floor(MOST_TEXT_BYTES / 1e6)} MB of texts; save the sheet as CSV`,
        )
      }
      texts.push(unescaped(state.text))
    },
  })
  return texts
}

/** For each style of cells, the moment that its number format shows. */
async function readMoments(zip: ZipParts, part: string | undefined): Promise<Workbook['moments']> {
  const codes = new Map<number, string>()
  const formats: number[] = []
  if (part === undefined || !zip.has(part)) return []
  const state = { inCells: false }
  await readPart(zip, part, {
    open(element, attributes) {
      const name = localName(element)
      if (name === 'numFmt') codes.set(Number(attributes.numFmtId), attributes.formatCode ?? '')
      if (name === 'cellXfs') state.inCells = true
      if (name === 'xf' && state.inCells) formats.push(Number(attributes.numFmtId ?? 0))
    },
    close(element) {
      if (localName(element) === 'cellXfs') state.inCells = false
    },
  })
  return formats.map((id) => momentFormat(id, codes.get(id)))
}
