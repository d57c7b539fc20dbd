/** What a file is: by its bytes, and by its name only where bytes say nothing. */
import type { Readable } from 'node:stream'
import type { FileType } from '../ports.ts'

/** Bytes from the beginning that are looked at: few enough that a packed file has nothing to unpack in them. */
const HEAD = 4100
const BYTES = 'application/octet-stream'

/** Names of formats that are text, or are packed in one that says nothing of them. */
const NAMED: Readonly<Record<string, string>> = {
  txt: 'text/plain', log: 'text/plain', md: 'text/markdown', markdown: 'text/markdown', mdx: 'text/markdown', csv: 'text/csv', tsv: 'text/tab-separated-values', html: 'text/html', htm: 'text/html',
  xml: 'application/xml', svg: 'image/svg+xml', json: 'application/json', jsonl: 'application/jsonl', yaml: 'application/yaml', yml: 'application/yaml', vtt: 'text/vtt', srt: 'application/x-subrip',
  properties: 'text/plain', eml: 'message/rfc822', ics: 'text/calendar',
}
const PACKED: Readonly<Record<string, string>> = {
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document', xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  pptx: 'application/vnd.openxmlformats-officedocument.presentationml.presentation', epub: 'application/epub+zip',
}
/** Formats of before 2007, which share one container. */
const OLD: Readonly<Record<string, string>> = { doc: 'application/msword', xls: 'application/vnd.ms-excel', ppt: 'application/vnd.ms-powerpoint', msg: 'application/vnd.ms-outlook' }
/** What an address alone may tell: the names under which pictures, sounds and films are found. */
const MEDIA: Readonly<Record<string, string>> = {
  png: 'image/png', jpg: 'image/jpeg', jpeg: 'image/jpeg', gif: 'image/gif', webp: 'image/webp', bmp: 'image/bmp', avif: 'image/avif', heic: 'image/heic',
  mp3: 'audio/mpeg', mpga: 'audio/mpeg', m4a: 'audio/mp4', wav: 'audio/wav', amr: 'audio/amr', ogg: 'audio/ogg', flac: 'audio/flac', aac: 'audio/aac',
  mp4: 'video/mp4', mov: 'video/quicktime', mpeg: 'video/mpeg', mpg: 'video/mpeg', webm: 'video/webm', pdf: 'application/pdf',
}
const DOCUMENTS = new Set([...Object.values(PACKED), ...Object.values(OLD), 'application/pdf', 'application/rtf', 'application/xml', 'application/json', 'application/jsonl', 'application/yaml', 'application/x-subrip', 'message/rfc822'])

/** Endings come from outside: `constructor` is none that a table has. */
const named = (table: Readonly<Record<string, string>>, extension: string): string | undefined => Object.hasOwn(table, extension) ? table[extension] : undefined
// Beside tabs, line ends, form feeds and escapes, text has no control characters.
const isText = (bytes: Buffer): boolean => !/[\0-\x08\x0E-\x1A\x1C-\x1F]/.test(bytes.toString('latin1'))

/** Reads the beginning of a stream, and lets go of it. */
export const headOf = async (stream: Readable): Promise<Buffer> => {
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of stream) {
    pieces.push(piece as Buffer)
    size += (piece as Buffer).length
    if (size >= HEAD) break
  }
  return Buffer.concat(pieces).subarray(0, HEAD)
}

/** @param head at least the first 4,100 bytes, or all */
export const mediaTypeOf = async (head: Buffer, extension: string): Promise<string> => {
  const { fileTypeFromBuffer } = await import('file-type')
  const found = await fileTypeFromBuffer(head).catch(() => undefined)
  if (found?.mime === 'application/zip') return named(PACKED, extension) ?? found.mime
  if (found?.mime === 'application/x-cfb') return named(OLD, extension) ?? found.mime
  // Sound and film share containers: the name says which it is.
  if (found?.mime === 'video/mp4' && extension === 'm4a' || found?.mime === 'audio/x-m4a') return 'audio/mp4'
  if (found?.mime === 'video/webm' && extension === 'weba') return 'audio/webm'
  // An svg is XML, and says so.
  if (found && !(found.mime === 'application/xml' && named(NAMED, extension) !== undefined)) return found.mime
  return isText(head) ? named(NAMED, extension) ?? 'text/plain' : BYTES
}

export const kindOf = (mediaType: string): FileType => {
  const [group = ''] = mediaType.split('/')
  if (group === 'image' || group === 'audio' || group === 'video') return group
  return group === 'text' || DOCUMENTS.has(mediaType) ? 'document' : 'custom'
}

/** Of a file that lies elsewhere; undefined where its name tells nothing. */
export const namedMediaType = (extension: string): string | undefined =>
  [MEDIA, NAMED, PACKED, OLD].map((table) => named(table, extension)).find((found) => found !== undefined)

/** What may be shown where it is fetched: none of it could run in a page. */
const SHOWN = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp'])
export const isShown = (mediaType: string): boolean => SHOWN.has(mediaType) || ['audio', 'video'].includes(kindOf(mediaType))
/** What is never even called by its name: a browser might take it for a page. */
export const servedType = (mediaType: string): string => /html|xml|svg|script|text\/(?!plain|csv|markdown)/.test(mediaType) ? BYTES : mediaType
