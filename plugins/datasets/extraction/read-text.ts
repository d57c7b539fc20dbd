/** From bytes to text, where the bytes are text already. */
import type { Readable } from 'node:stream'

export interface ReadOptions {
  /** As the file is called. */
  readonly name: string
  /** UTF-16 code units at most. */
  readonly maxLength: number
  readonly signal?: AbortSignal
}

/** UTF-8, or what a byte order mark says. Throws an error that tells whoever sent the file what to do. */
export const readText = async (file: Readable, { name, maxLength, signal }: ReadOptions): Promise<string> => {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of file) {
    signal?.throwIfAborted()
    size += (chunk as Buffer).length
    // No encoding that is read here takes more than four bytes a character.
    if (size > 4 * maxLength) throw tooLong(name, maxLength)
    chunks.push(chunk as Buffer)
  }
  const text = decode(Buffer.concat(chunks), name)
  if (text.length > maxLength) throw tooLong(name, maxLength)
  return text
}

const decode = (bytes: Buffer, name: string): string => {
  const encoding = bytes[0] === 0xFF && bytes[1] === 0xFE ? 'utf-16le' : bytes[0] === 0xFE && bytes[1] === 0xFF ? 'utf-16be' : 'utf-8'
  let text: string
  try {
    text = new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new Error(`"${name}" is not text in ${encoding.toUpperCase()}. Save it as UTF-8 and upload it again.`, { cause })
  }
  // Text has none; in UTF-16 without a mark, every second byte of Western text is one.
  if (text.split('\0').length - 1 > text.length / 8) {
    throw new Error(
      `"${name}" is not text in UTF-8: it is full of NUL bytes, as UTF-16 without a byte order mark and binary files are. Save it as UTF-8 and upload it again.`)
  }
  return text
}

const tooLong = (name: string, maxLength: number): Error =>
  new Error(`"${name}" has more than ${maxLength} characters of text. Split it into several files, or raise maxTextLength of the datasets plugin.`)
