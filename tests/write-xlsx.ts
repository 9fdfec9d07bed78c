/** Workbooks of one sheet, written as text, with what tests need of their parts. */
import { strToU8, type Zippable, zipSync } from 'fflate'

const RELATIONS = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'

export interface WrittenWorkbook {
  /** What stands in sheetData. */
  rows: string
  texts?: string[]
  /** Codes of number formats; a cell has the style of its place, from 1. */
  formats?: string[]
  from1904?: boolean
  sheetName?: string
  /** Parts by name, in place of those that would be written; undefined leaves one out. */
  parts?: Record<string, string | undefined>
}

/** The bytes of the file. */
export function writeXlsx(workbook: WrittenWorkbook): Buffer {
  const { rows, texts = [], formats = [], from1904 = false, sheetName = 'Data', parts = {} } = workbook
  const relation = (id: string, type: string, target: string) =>
    `<Relationship Id="${id}" Type="${RELATIONS}/${type}" Target="${target}"/>`
  const all: Record<string, string | undefined> = {
    '_rels/.rels': `<Relationships>${relation('rId1', 'officeDocument', 'xl/workbook.xml')}</Relationships>`,
    'xl/workbook.xml': `<workbook xmlns:r="${RELATIONS}"><workbookPr${from1904 ? ' date1904="1"' : ''}/><sheets><sheet name="${sheetName}" sheetId="1" r:id="rId1"/></sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': `<Relationships>${relation('rId1', 'worksheet', '/xl/worksheets/sheet1.xml')}${relation('rId2', 'sharedStrings', 'sharedStrings.xml')}${relation('rId3', 'styles', 'styles.xml')}</Relationships>`,
    'xl/worksheets/sheet1.xml': `<worksheet><sheetData>${rows}</sheetData></worksheet>`,
    'xl/sharedStrings.xml': `<sst>${texts.map((text) => `<si>${text}</si>`).join('')}</sst>`,
    'xl/styles.xml': `<styleSheet><numFmts>${formats.map((code, index) => `<numFmt numFmtId="${index + 200}" formatCode="${xml(code)}"/>`).join('')}</numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/>${formats.map((_, index) => `<xf numFmtId="${index + 200}"/>`).join('')}</cellXfs></styleSheet>`,
    ...parts,
  }
  const files: Zippable = {}
  for (const [name, text] of Object.entries(all)) if (text !== undefined) files[name] = strToU8(text)
  return Buffer.from(zipSync(files))
}

/** A text as it stands in XML. */
export function xml(text: string): string {
  return text.replace(/[&<>"\r\n\t]/gu, (character) => `&#${character.codePointAt(0)};`)
}
