/** Word: mammoth makes HTML of it, which is read like a page. Pictures are left out. */
import mammoth from 'mammoth'
import { htmlText } from './html-text.ts'
import { openPackage, repacked } from './office.ts'
import type { Source } from './source.ts'

export const readDocx = async function* (source: Source): AsyncGenerator<string> {
  const archive = openPackage(source, 'docx', /^word\/document\d*\.xml$/)
  const { value } = await mammoth.convertToHtml(
    { buffer: Buffer.from(repacked(archive).buffer) },
    { convertImage: mammoth.images.imgElement(async () => ({ src: '' })), includeEmbeddedStyleMap: false })
  yield htmlText(value)
}
