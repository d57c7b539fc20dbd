/**
 * From a cleaned text that comes in pieces to its passages. Separators are compared as they are, never run as expressions.
 *
 * A section is what stands between two separators, without a separator the whole text. A section that is too long is cut in blocks, each
 * on its own: a block is the rest of the section where that has at most `BLOCK` units, otherwise it ends behind the last of the strongest
 * boundaries in the second half of the next `BLOCK` units, or after all of them. So no more than a block is ever held, and where it ends
 * depends on the text alone. Nothing overlaps across blocks.
 */
import type { SegmentationRule } from '../ports.ts'
import { clean } from './clean.ts'
import { fits, isInsidePair } from './code-points.ts'
import { BOUNDARIES, cut } from './cut.ts'

/** UTF-16 units; some two thousand passages of the usual length. */
const BLOCK = 2 ** 20

/** Passages are to be trimmed yet, and may be blank. Those of a piece must be taken before the next one is pushed. */
export interface Splitter { push(piece: string): Iterable<string>; end(): Iterable<string> }

/** At the separator (see `decoded`), and at the boundaries what is still too long; where it is empty, at the boundaries alone. */
export const splitter = ({ maxLength, overlap }: Pick<SegmentationRule, 'maxLength' | 'overlap'>, separator: string, block = BLOCK): Splitter => {
  let text = ''
  // Up to here no separator begins.
  let searched = 0
  function* passages(section: string): Generator<string> {
    if (fits(section, maxLength)) yield section
    else yield* cut(section, maxLength, halfAtMost(overlap, maxLength))
  }
  function* proceed(last: boolean): Generator<string> {
    let from = 0
    for (;;) {
      const found = separator === '' ? -1 : text.indexOf(separator, Math.max(from, searched))
      const until = found >= 0 ? found : last ? text.length : text.length - Math.max(separator.length - 1, 0)
      while (until - from > block) {
        const end = endOfBlock(text, from, block)
        yield* passages(text.slice(from, end))
        from = end
      }
      if (found < 0 && !last) {
        searched = Math.max(until - from, 0)
        text = text.slice(from)
        return
      }
      if (until > from) yield* passages(text.slice(from, until))
      if (found < 0) return
      from = found + separator.length
    }
  }
  return {
    push: (piece) => {
      text += piece
      return proceed(false)
    },
    end: () => proceed(true),
  }
}

/** Cuts a text that is there as a whole. */
export const split = (text: string, rule: Pick<SegmentationRule, 'maxLength' | 'overlap'>, separator: string): string[] => {
  const { push, end } = splitter(rule, separator)
  return [...push(text), ...end()].flatMap(tidy)
}

/** Blank passages say nothing; a full stop at the beginning belongs to the one before. Gives one, or none. */
export const tidy = (passage: string): string[] => {
  const content = passage.trim().replace(/^[.。]/, '').trim()
  return content === '' ? [] : [content]
}

const endOfBlock = (text: string, from: number, block: number): number => {
  const window = text.slice(from, from + block)
  for (const boundary of BOUNDARIES) {
    const end = window.lastIndexOf(boundary) + boundary.length
    if (end > block / 2) return from + end
  }
  return from + (isInsidePair(text, from + block) ? block - 1 : block)
}

/** More would make the passages many times longer than the text: with all but one character repeated, a megabyte becomes gigabytes. */
const halfAtMost = (overlap: number, maxLength: number): number => Math.min(overlap, Math.floor(maxLength / 2))

/** `\n`, `\t`, `\x2d`, `\u3002` and the like, written out as people type them into a form; then changed as every text is. */
export const decoded = (separator: string): string => clean(
  separator.replace(/\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|([nrtfv\\]))/gi, (_match, byte?: string, unit?: string, letter?: string) =>
    letter === undefined ? String.fromCharCode(parseInt(byte ?? unit ?? '', 16)) : escapes[letter.toLowerCase()] ?? letter),
  { removeExtraSpaces: false, removeUrlsEmails: false })
const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', f: '\f', v: '\v' }
