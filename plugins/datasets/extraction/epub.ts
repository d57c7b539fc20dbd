/** EPUB: the chapters in the order in which they are read. */
import { openArchive } from './archive.ts'
import type { Archive } from './archive.ts'
import { htmlText } from './html-text.ts'
import { packageKind, resolvePart } from './package-parts.ts'
import { otherKind, SIGNED } from './sniff.ts'
import type { Source } from './source.ts'
import { unreadable } from './unreadable.ts'
import { readXml, xmlText } from './xml.ts'

const CONTAINER = 'META-INF/container.xml'

export const readEpub = async function* (source: Source): AsyncGenerator<string> {
  const { name } = source
  const archive = openArchive(source.bytes, source)
  const root = rootOf(archive)
  const book = root === undefined ? undefined : archive.part(root)
  if (root === undefined || !book) throw otherKind(name, SIGNED.epub.label, packageKind(archive))
  const protectedParts = encryptedParts(archive)
  for (const chapter of chapters(book, root)) {
    if (protectedParts.has(chapter)) throw unreadable(`"${name}" is protected against copying (DRM), so its text cannot be read. Send the book without that protection.`)
    const page = archive.part(chapter)
    const text = page ? htmlText(xmlText(page)) : ''
    if (text !== '') yield `${text}\n\n`
  }
}

const rootOf = (archive: Archive): string | undefined => {
  const container = archive.part(CONTAINER)
  let root: string | undefined
  if (container) readXml(container, { open: (tag, { 'full-path': path }) => { if (tag === 'rootfile') root ??= path } })
  return root
}

/** Names of parts are URLs. */
const decodedUrl = (url: string): string => { try { return decodeURIComponent(url) } catch { return url } }

const chapters = (book: Uint8Array, root: string): string[] => {
  const parts = new Map<string, string>()
  const order: string[] = []
  readXml(book, {
    open: (tag, { id, href, idref, 'media-type': type }) => {
      if (tag === 'item' && id && href && /html/.test(type ?? '')) parts.set(id, resolvePart(root, decodedUrl(href)))
      if (tag === 'itemref' && idref) order.push(idref)
    },
  })
  return [...new Set(order.flatMap((id) => parts.get(id) ?? []))]
}

const encryptedParts = (archive: Archive): ReadonlySet<string> => {
  const list = archive.part('META-INF/encryption.xml')
  const found = new Set<string>()
  if (list) readXml(list, { open: (tag, { URI: uri }) => { if (tag === 'CipherReference' && uri) found.add(resolvePart('', decodedUrl(uri))) } })
  return found
}
