/** What a file is, whatever its name says. */
import { unreadable } from './unreadable.ts'

/** Bytes from the beginning that are looked at: few enough that a packed file has nothing to unpack in them. */
const HEAD = 4100
const OLD_OFFICE = new Set(['cfb', 'doc', 'xls', 'ppt'])
const starts = (bytes: Uint8Array, text: string): boolean => Buffer.from(bytes.subarray(0, text.length)).toString('latin1') === text
const includes = (bytes: Uint8Array, text: string, encoding: BufferEncoding = 'latin1'): boolean =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(text, 0, encoding)

/** In words; undefined where nothing is known of such bytes. */
const seemsToBe = async (bytes: Uint8Array): Promise<string | undefined> => {
  if (bytes.length === 0) return 'empty'
  if (starts(bytes, '{\\rtf')) return 'a Rich Text file (.rtf)'
  const { fileTypeFromBuffer } = await import('file-type')
  const found = await fileTypeFromBuffer(bytes.subarray(0, HEAD)).catch(() => undefined)
  if (found && OLD_OFFICE.has(found.ext)) return 'an Office file of the kind before 2007 (.doc, .xls, .ppt)'
  return found && `a file of the type ${found.mime}, which is called .${found.ext}`
}

const ZIP = 'PK\x03\x04'
/** Formats that have a signature. */
export const SIGNED = {
  pdf: { label: 'PDF (.pdf)', signature: '%PDF-' },
  docx: { label: 'Word (.docx)', signature: ZIP },
  xlsx: { label: 'Excel (.xlsx)', signature: ZIP },
  pptx: { label: 'PowerPoint (.pptx)', signature: ZIP },
  epub: { label: 'EPUB (.epub)', signature: ZIP },
} as const
export type Kind = keyof typeof SIGNED

/** Throws where a file is not what it should be. Before a PDF, and only there, something else may stand. */
export const refuseOther = async (kind: Kind, bytes: Uint8Array, name: string): Promise<void> => {
  const { label, signature } = SIGNED[kind]
  if (kind === 'pdf' ? includes(bytes.subarray(0, 1024), signature) : starts(bytes, signature)) return
  // Where Office encrypts a file, it puts it into a container of the old kind.
  if (includes(bytes.subarray(0, 1 << 20), 'EncryptedPackage', 'utf16le')) throw locked(name)
  throw otherKind(name, label, await seemsToBe(bytes))
}

export const locked = (name: string, cause?: unknown): Error =>
  unreadable(`"${name}" is protected with a password. Open it, save it without one and upload it again.`, cause)
export const otherKind = (name: string, label: string, other: string | undefined): Error => unreadable(other === undefined
  ? `"${name}" is not a ${label} file, or its beginning is damaged. Save it in that format where it was made and upload it again.`
  : `"${name}" is not a ${label} file: it is ${other}. Give it the ending that fits, or save it in that format, and upload it again.`)

const CONTROLS = /[\0-\x08\x0E-\x1A\x1C-\x1F]/g
/** Throws where the beginning of what should be text is something else. A few control characters are no reason. */
export const refuseBinary = async (head: Uint8Array, name: string): Promise<void> => {
  const sample = Buffer.from(head.subarray(0, HEAD)).toString('latin1')
  const controls = sample.match(CONTROLS)?.length ?? 0
  const other = controls > 0 || starts(head, '%PDF-') || starts(head, '{\\rtf') ? await seemsToBe(head) : undefined
  if (other !== undefined) throw unreadable(`"${name}" is not text: it is ${other}. Give it the ending that fits, or save its text as UTF-8, and upload it again.`)
  if (controls > sample.length / 8) {
    throw unreadable(`"${name}" is not text: it is full of NUL bytes and other control characters. If there is text in it, save that as UTF-8 and upload it again.`)
  }
}
