/** PDF: the text of its pages. What is a picture of text has none. */
import { getDocumentProxy } from 'unpdf'
import { locked } from './sniff.ts'
import type { Source } from './source.ts'
import { unreadable } from './unreadable.ts'

const MOST_PAGES = 5000
/** Lines further apart than so many times their height are paragraphs. */
const APART = 1.75

export const readPdf = async function* ({ bytes, name }: Source): AsyncGenerator<string> {
  const document = await getDocumentProxy(bytes, { verbosity: 0, disableFontFace: true, useSystemFonts: false }).catch((error: unknown) => {
    throw (error as Error).name === 'PasswordException' ? locked(name, error) : error
  })
  try {
    if (document.numPages > MOST_PAGES) throw unreadable(`"${name}" has ${document.numPages} pages; ${MOST_PAGES} at most are read. Split it into several files.`)
    for (let number = 1; number <= document.numPages; number += 1) {
      const page = await document.getPage(number)
      const { items } = await page.getTextContent()
      const text = pageText(items as readonly Item[])
      page.cleanup()
      if (text !== '') yield `${text}\n\n`
    }
  } finally {
    await document.destroy()
  }
}

interface Item { readonly str?: string; readonly hasEOL?: boolean; readonly height?: number; readonly transform?: readonly number[] }

const pageText = (items: readonly Item[]): string => {
  const parts: string[] = []
  let ended = false
  let above: { y: number; height: number } | undefined
  for (const { str = '', hasEOL = false, height = 0, transform } of items) {
    if (str.trim() !== '') {
      const y = transform?.[5] ?? 0
      if (ended && above && Math.abs(above.y - y) > APART * Math.max(above.height, height)) parts.push('\n')
      above = { y, height }
      ended = false
    }
    parts.push(str)
    if (hasEOL) {
      parts.push('\n')
      ended = true
    }
  }
  return parts.join('').split('\n').map((line) => line.trimEnd()).join('\n').replace(/\n{3,}/g, '\n\n').trim()
}
