/** The XML of packed files, as a stream of tags. Entities of its own are never expanded, so a document has no more text than it has bytes. */
import { Parser } from 'htmlparser2'
import iconv from 'iconv-lite'
import { unreadable } from './unreadable.ts'

/** Deeper than anything that an application wrote. */
const DEEPEST = 500

export interface XmlHandler {
  /** Names without their prefix; attributes as they are written. */
  open?(name: string, attributes: Readonly<Record<string, string>>): void
  text?(data: string): void
  close?(name: string): void
}

const local = (name: string): string => name.slice(name.indexOf(':') + 1)

export const readXml = (bytes: Uint8Array, handler: XmlHandler): void => {
  let depth = 0
  const parser = new Parser({
    onopentag: (name, attributes) => {
      depth += 1
      if (depth > DEEPEST) throw unreadable(`The file is nested more than ${DEEPEST} elements deep. Save it as plain text and send that.`)
      handler.open?.(local(name), attributes)
    },
    ontext: (data) => handler.text?.(data),
    onclosetag: (name) => {
      depth -= 1
      handler.close?.(local(name))
    },
  }, { xmlMode: true, decodeEntities: true })
  parser.end(xmlText(bytes))
}

/** UTF-8, unless a mark or the declaration says otherwise. */
export const xmlText = (bytes: Uint8Array): string => {
  const [a, b] = bytes
  if (a === 0xFF && b === 0xFE) return new TextDecoder('utf-16le').decode(bytes)
  if (a === 0xFE && b === 0xFF) return new TextDecoder('utf-16be').decode(bytes)
  const declared = /encoding\s*=\s*["']([\w-]+)["']/.exec(Buffer.from(bytes.subarray(0, 200)).toString('latin1'))?.[1] ?? 'utf-8'
  return /^utf-?8$/i.test(declared) || !iconv.encodingExists(declared) ? new TextDecoder().decode(bytes) : iconv.decode(Buffer.from(bytes), declared)
}
