/** PowerPoint: the slides in their order, each with its title, its text, its tables and what its speaker noted. */
import { openPackage } from './office.ts'
import { relationsOf } from './package-parts.ts'
import type { Source } from './source.ts'
import { rowText } from './table.ts'
import { readXml } from './xml.ts'

export const readPptx = async function* (source: Source): AsyncGenerator<string> {
  const archive = openPackage(source, 'pptx', /^ppt\/presentation\.xml$/)
  const presentation = 'ppt/presentation.xml'
  const parts = new Map(relationsOf(archive, presentation).map(({ id, part }) => [id, part]))
  const slides: string[] = []
  readXml(archive.part(presentation) ?? new Uint8Array(), {
    open: (tag, attributes) => {
      const slide = tag === 'sldId' ? parts.get(attributes['r:id'] ?? '') : undefined
      if (slide !== undefined) slides.push(slide)
    },
  })
  for (const slide of slides) {
    const page = archive.part(slide)
    if (!page) continue
    const notes = relationsOf(archive, slide).find(({ type }) => type === 'notesSlide')
    const noted = slideText(notes && archive.part(notes.part))
    const text = [slideText(page), noted === '' ? '' : `Notes: ${noted}`].filter((one) => one !== '').join('\n\n')
    if (text !== '') yield `${text}\n\n`
  }
}

/** What every slide repeats. */
const FURNITURE = new Set(['sldNum', 'dt', 'ftr', 'hdr'])

/** Paragraph by paragraph, shapes in the order of the file. */
const slideText = (bytes: Uint8Array | undefined): string => {
  const shapes: string[] = []
  let paragraphs: string[] = []
  let paragraph = ''
  let inText = false
  let placeholder = ''
  let rows: string[][] = []
  let row: string[] = []
  let tables = 0
  // Beside what is shown by new versions, files carry the same for old ones.
  let fallbacks = 0
  const endShape = (): void => {
    const text = paragraphs.join('\n')
    const title = placeholder === 'title' || placeholder === 'ctrTitle'
    if (text !== '' && !FURNITURE.has(placeholder)) shapes.push(title ? `# ${text.replaceAll('\n', ' ')}` : text)
    paragraphs = []
    placeholder = ''
  }
  if (bytes) readXml(bytes, {
    open: (tag, { type }) => {
      if (tag === 'Fallback') fallbacks += 1
      if (tag === 't') inText = true
      if (tag === 'br') paragraph += '\n'
      if (tag === 'tab') paragraph += '\t'
      if (tag === 'ph') placeholder = type ?? ''
      if (tag === 'tbl') { tables += 1; rows = [] }
      if (tag === 'tr') row = []
    },
    text: (data) => { if (inText && fallbacks === 0) paragraph += data },
    close: (tag) => {
      if (tag === 'Fallback') fallbacks -= 1
      if (tag === 't') inText = false
      if (tag === 'p') {
        if (paragraph.trim() !== '') paragraphs.push(paragraph.trim())
        paragraph = ''
      }
      if (tag === 'tc') {
        row.push(paragraphs.join(' '))
        paragraphs = []
      }
      if (tag === 'tr') rows.push(row)
      if (tag === 'tbl') { tables -= 1; shapes.push(rowText(rows)) }
      if (tag === 'sp' && tables === 0) endShape()
    },
  })
  endShape()
  return shapes.filter((shape) => shape !== '').join('\n\n')
}
