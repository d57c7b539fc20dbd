/**
 * Cuts a text into passages of at most so many code points, at the strongest boundary that lies near: paragraph, sentence, word, character.
 * Separators are compared as they are, never run as expressions.
 */
import type { SegmentationRule } from '../ports.ts'

const BOUNDARIES = ['\n\n', '。', '. ', ' ', ''] as const

export const codePoints = (text: string): number => {
  let count = text.length
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at)
    if (unit >= 0xD800 && unit <= 0xDBFF && isLow(text.charCodeAt(at + 1))) { count -= 1; at += 1 }
  }
  return count
}
const isLow = (unit: number): boolean => unit >= 0xDC00 && unit <= 0xDFFF

/** First at the separator, which is dropped and across which nothing overlaps; what is too long then goes on as in `splitAtBoundaries`. */
export const splitAtSeparator = (text: string, { separator, maxLength, overlap }: SegmentationRule): string[] =>
  tidy(text.split(decodeEscapes(separator)).flatMap((piece) =>
    codePoints(piece) <= maxLength ? [piece] : cut(piece, maxLength, halfAtMost(overlap, maxLength))))

/** By the boundaries alone. */
export const splitAtBoundaries = (text: string, { maxLength, overlap }: SegmentationRule): string[] =>
  tidy(codePoints(text) <= maxLength ? [text] : cut(text, maxLength, halfAtMost(overlap, maxLength)))

/** More would make the passages many times longer than the text: with all but one character repeated, a megabyte becomes gigabytes. */
const halfAtMost = (overlap: number, maxLength: number): number => Math.min(overlap, Math.floor(maxLength / 2))

/** `\n`, `\t`, `\x2d`, `\u3002` and the like, written out as people type them into a form. */
const decodeEscapes = (separator: string): string =>
  separator.replace(/\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|([nrtfv\\]))/gi, (_match, byte?: string, unit?: string, letter?: string) =>
    letter === undefined ? String.fromCharCode(parseInt(byte ?? unit ?? '', 16)) : escapes[letter.toLowerCase()] ?? letter).replace(/\r\n?/g, '\n')
const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', f: '\f', v: '\v' }

/** Blank passages say nothing; a full stop at the beginning belongs to the one before. */
const tidy = (passages: readonly string[]): string[] =>
  passages.map((passage) => passage.trim().replace(/^[.。]/, '').trim()).filter((passage) => passage !== '')

const cut = (text: string, maxLength: number, overlap: number, from = 0): string[] => {
  const level = BOUNDARIES.findIndex((boundary, index) => index >= from && text.includes(boundary))
  const boundary = BOUNDARIES[level] ?? ''
  if (boundary === '') return window([...text], maxLength, overlap)
  const passages: string[] = []
  let small: string[] = []
  const flush = (): void => {
    passages.push(...merge(small, boundary === ' ' ? ' ' : '', maxLength, overlap))
    small = []
  }
  for (const part of partsOf(text, boundary)) {
    if (codePoints(part) < maxLength) { small.push(part); continue }
    flush()
    passages.push(...cut(part, maxLength, overlap, level + 1))
  }
  flush()
  return passages
}

/** The parts, each with its boundary at the end; blanks between words are dropped, as they are put back when words are joined. */
const partsOf = (text: string, boundary: string): string[] => {
  if (boundary === ' ') return text.split(/ +/).filter((part) => part !== '')
  const parts = text.split(boundary)
  return parts.map((part, index) => index < parts.length - 1 ? part + boundary : part).filter((part) => part !== '')
}

/** Joins neighbours for as long as they fit; each passage begins with the last parts of the one before, as many as fit into the overlap. */
const merge = (parts: readonly string[], glue: string, maxLength: number, overlap: number): string[] => {
  const passages: string[] = []
  let current: { part: string; length: number }[] = []
  let total = 0
  for (const part of parts) {
    const length = codePoints(part)
    if (current.length > 0 && total + glue.length + length > maxLength) {
      passages.push(current.map((one) => one.part).join(glue))
      let dropped = 0
      while (dropped < current.length && (total > overlap || total + glue.length + length > maxLength)) {
        total -= (current[dropped]?.length ?? 0) + (dropped < current.length - 1 ? glue.length : 0)
        dropped += 1
      }
      current = current.slice(dropped)
    }
    total += length + (current.length > 0 ? glue.length : 0)
    current.push({ part, length })
  }
  if (current.length > 0) passages.push(current.map((one) => one.part).join(glue))
  return passages
}

/** Where nothing else helps: so many characters at a time, each passage beginning with the last `overlap` of the one before. */
const window = (characters: readonly string[], maxLength: number, overlap: number): string[] => {
  const passages: string[] = []
  for (let start = 0; start < characters.length; start += maxLength - overlap) {
    passages.push(characters.slice(start, start + maxLength).join(''))
    if (start + maxLength >= characters.length) break
  }
  return passages
}
