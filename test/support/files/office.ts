/** Makes small Office files and books: as few parts as the formats need. */
import { zipSync } from 'fflate'
import type { Zippable } from 'fflate'

const xml = (text: string): Uint8Array => Buffer.from(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n${text}`)
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
const zip = (parts: Readonly<Record<string, Uint8Array | string>>): Buffer => Buffer.from(zipSync(Object.fromEntries(
  Object.entries(parts).map(([name, part]) => [name, typeof part === 'string' ? xml(part) : part])) as Zippable))

const RELATIONS = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const relations = (...targets: readonly (readonly [id: string, type: string, target: string])[]): string =>
  `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${targets.map(([id, type, target]) =>
    `<Relationship Id="${id}" Type="${RELATIONS}/${type}" Target="${target}"/>`).join('')}</Relationships>`
const types = (...parts: readonly (readonly [name: string, type: string])[]): string =>
  `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>${
    parts.map(([name, type]) => `<Override PartName="/${name}" ContentType="application/vnd.openxmlformats-officedocument.${type}+xml"/>`).join('')}</Types>`

const W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
const paragraph = (text: string, properties = ''): string => `<w:p>${properties === '' ? '' : `<w:pPr>${properties}</w:pPr>`}<w:r><w:t xml:space="preserve">${escaped(text)}</w:t></w:r></w:p>`
export const word = {
  paragraph,
  heading: (text: string, level = 1): string => paragraph(text, `<w:pStyle w:val="Heading${level}"/>`),
  item: (text: string, isNumbered = false): string => paragraph(text, `<w:numPr><w:ilvl w:val="0"/><w:numId w:val="${isNumbered ? 2 : 1}"/></w:numPr>`),
  table: (rows: readonly (readonly string[])[]): string =>
    `<w:tbl>${rows.map((row) => `<w:tr>${row.map((cell) => `<w:tc>${paragraph(cell)}</w:tc>`).join('')}</w:tr>`).join('')}</w:tbl>`,
}
export const docxParts = (body: string): Record<string, string | Uint8Array> => ({
  '[Content_Types].xml': types(['word/document.xml', 'wordprocessingml.document.main']),
  '_rels/.rels': relations(['r1', 'officeDocument', 'word/document.xml']),
  'word/_rels/document.xml.rels': relations(['r1', 'styles', 'styles.xml'], ['r2', 'numbering', 'numbering.xml']),
  'word/styles.xml': `<w:styles ${W}>${[1, 2, 3].map((level) => `<w:style w:type="paragraph" w:styleId="Heading${level}"><w:name w:val="heading ${level}"/></w:style>`).join('')}</w:styles>`,
  'word/numbering.xml': `<w:numbering ${W}>${['bullet', 'decimal'].map((format, index) => `<w:abstractNum w:abstractNumId="${index}"><w:lvl w:ilvl="0"><w:numFmt w:val="${format}"/></w:lvl></w:abstractNum>`).join('')}${
    [0, 1].map((index) => `<w:num w:numId="${index + 1}"><w:abstractNumId w:val="${index}"/></w:num>`).join('')}</w:numbering>`,
  'word/document.xml': `<w:document ${W}><w:body>${body}</w:body></w:document>`,
})
export const docx = (...body: readonly string[]): Buffer => zip(docxParts(body.join('')))

export type Cell = string | number | boolean | Date | null
const column = (index: number): string => index < 26 ? String.fromCharCode(65 + index) : column(Math.floor(index / 26) - 1) + column(index % 26)
const cellXml = (cell: Cell, at: string): string => {
  if (cell === null) return ''
  if (typeof cell === 'string') return `<c r="${at}" t="inlineStr"><is><t>${escaped(cell)}</t></is></c>`
  if (typeof cell === 'boolean') return `<c r="${at}" t="b"><v>${Number(cell)}</v></c>`
  // Days since the 30th of December 1899.
  if (cell instanceof Date) return `<c r="${at}" s="1"><v>${cell.getTime() / 86_400_000 + 25_569}</v></c>`
  return `<c r="${at}"><v>${cell}</v></c>`
}
export const sheetXml = (rows: readonly (readonly Cell[])[]): string =>
  `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>${rows.map((row, index) =>
    `<row r="${index + 1}">${row.map((cell, at) => cellXml(cell, `${column(at)}${index + 1}`)).join('')}</row>`).join('')}</sheetData></worksheet>`
export const xlsxParts = (sheets: Readonly<Record<string, string>>): Record<string, string | Uint8Array> => {
  const names = Object.keys(sheets)
  return {
    '[Content_Types].xml': types(['xl/workbook.xml', 'spreadsheetml.sheet.main']),
    '_rels/.rels': relations(['r1', 'officeDocument', 'xl/workbook.xml']),
    'xl/workbook.xml': `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="${RELATIONS}"><sheets>${
      names.map((name, index) => `<sheet name="${escaped(name)}" sheetId="${index + 1}" r:id="s${index + 1}"/>`).join('')}</sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': relations(...names.map((_, index) => [`s${index + 1}`, 'worksheet', `worksheets/sheet${index + 1}.xml`] as const), ['st', 'styles', 'styles.xml']),
    'xl/styles.xml': '<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>',
    ...Object.fromEntries(Object.values(sheets).map((sheet, index) => [`xl/worksheets/sheet${index + 1}.xml`, sheet])),
  }
}
export const xlsx = (sheets: Readonly<Record<string, readonly (readonly Cell[])[]>>): Buffer =>
  zip(xlsxParts(Object.fromEntries(Object.entries(sheets).map(([name, rows]) => [name, sheetXml(rows)]))))

const P = `xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:r="${RELATIONS}"`
export interface Slide { readonly title: string; readonly lines: readonly string[]; readonly table?: readonly (readonly string[])[]; readonly notes?: string }
const shape = (lines: readonly string[], placeholder = ''): string =>
  `<p:sp><p:nvSpPr><p:nvPr>${placeholder === '' ? '' : `<p:ph type="${placeholder}"/>`}</p:nvPr></p:nvSpPr><p:txBody>${lines.map((line) => `<a:p><a:r><a:t>${escaped(line)}</a:t></a:r></a:p>`).join('')}</p:txBody></p:sp>`
const tableXml = (rows: readonly (readonly string[])[]): string =>
  `<p:graphicFrame><a:tbl>${rows.map((row) => `<a:tr>${row.map((cell) => `<a:tc><a:txBody><a:p><a:r><a:t>${escaped(cell)}</a:t></a:r></a:p></a:txBody></a:tc>`).join('')}</a:tr>`).join('')}</a:tbl></p:graphicFrame>`
/** Files are numbered backwards, so that only the presentation itself tells the order. */
export const pptxParts = (slides: readonly Slide[]): Record<string, string | Uint8Array> => {
  const file = (index: number): string => `slide${slides.length - index}`
  return {
    '[Content_Types].xml': types(['ppt/presentation.xml', 'presentationml.presentation.main']),
    '_rels/.rels': relations(['r1', 'officeDocument', 'ppt/presentation.xml']),
    'ppt/presentation.xml': `<p:presentation ${P}><p:sldIdLst>${slides.map((_, index) => `<p:sldId id="${256 + index}" r:id="s${index}"/>`).join('')}</p:sldIdLst></p:presentation>`,
    'ppt/_rels/presentation.xml.rels': relations(...slides.map((_, index) => [`s${index}`, 'slide', `slides/${file(index)}.xml`] as const)),
    ...Object.fromEntries(slides.flatMap(({ title, lines, table, notes }, index) => [
      [`ppt/slides/${file(index)}.xml`, `<p:sld ${P}><p:cSld><p:spTree>${shape([title], 'title')}${shape(lines)}${table ? tableXml(table) : ''}${shape([String(index + 1)], 'sldNum')}</p:spTree></p:cSld></p:sld>`],
      ...notes === undefined ? [] : [
        [`ppt/slides/_rels/${file(index)}.xml.rels`, relations(['n1', 'notesSlide', `../notesSlides/notes${index}.xml`])],
        [`ppt/notesSlides/notes${index}.xml`, `<p:notes ${P}><p:cSld><p:spTree>${shape([notes], 'body')}${shape(['7'], 'sldNum')}</p:spTree></p:cSld></p:notes>`],
      ],
    ])),
  }
}
export const pptx = (slides: readonly Slide[]): Buffer => zip(pptxParts(slides))

export const epubParts = (chapters: Readonly<Record<string, string>>, more = ''): Record<string, string | Uint8Array> => {
  const names = Object.keys(chapters)
  return {
    mimetype: Buffer.from('application/epub+zip'),
    'META-INF/container.xml': '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>',
    // The manifest lists them in another order than the spine.
    'OEBPS/book.opf': `<package xmlns="http://www.idpf.org/2007/opf"><manifest>${names.map((name, index) => `<item id="c${index}" href="text/${encodeURIComponent(name)}" media-type="application/xhtml+xml"/>`).reverse().join('')}</manifest><spine>${
      names.map((_, index) => `<itemref idref="c${index}"/>`).join('')}</spine></package>`,
    ...Object.fromEntries(Object.entries(chapters).map(([name, body]) => [`OEBPS/text/${name}`, `${more}<html xmlns="http://www.w3.org/1999/xhtml"><body>${body}</body></html>`])),
  }
}
export const epub = (chapters: Readonly<Record<string, string>>): Buffer => zip(epubParts(chapters))
export const zipped = zip
