/** How the parts of Office files and EPUBs name each other. */
import { readXml } from './xml.ts'
import type { Archive } from './archive.ts'

/** `../media/x.xml`, as written in the part `from`, is which part of the archive. */
export const resolvePart = (from: string, target: string): string => {
  const path = target.replace(/[#?].*$/, '')
  const steps = path.startsWith('/') ? [] : from.split('/').slice(0, -1)
  for (const step of path.split('/')) {
    if (step === '..') steps.pop()
    else if (step !== '.' && step !== '') steps.push(step)
  }
  return steps.join('/')
}

export interface Relation { readonly id: string; readonly type: string; readonly part: string }
/** What a part of an Office file refers to inside of the file, in the order in which it is written. */
export const relationsOf = (archive: Archive, part: string): Relation[] => {
  const slash = part.lastIndexOf('/')
  const bytes = archive.part(`${part.slice(0, slash + 1)}_rels/${part.slice(slash + 1)}.rels`)
  const found: Relation[] = []
  if (bytes) readXml(bytes, {
    open: (name, { Id: id, Type: type, Target: target, TargetMode: mode }) => {
      if (name === 'Relationship' && id && type && target && mode !== 'External') found.push({ id, type: type.slice(type.lastIndexOf('/') + 1), part: resolvePart(part, target) })
    },
  })
  return found
}

const KINDS: readonly (readonly [string, string])[] = [
  ['word/document.xml', 'a Word file (.docx)'], ['xl/workbook.xml', 'an Excel file (.xlsx)'], ['xl/workbook.bin', 'a binary Excel file (.xlsb)'],
  ['ppt/presentation.xml', 'a PowerPoint file (.pptx)'], ['META-INF/container.xml', 'an EPUB (.epub)'], ['content.xml', 'an OpenDocument file (.odt, .ods, .odp)'],
  ['Index/Document.iwa', 'an iWork file (.pages, .numbers, .key)'],
]
/** What a packed file is, by its parts. */
export const packageKind = ({ names }: Archive): string => KINDS.find(([part]) => names.includes(part))?.[1] ?? 'a ZIP archive'
