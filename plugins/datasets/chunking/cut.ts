/**
 * Cuts a text into passages of at most so many code points, at the strongest boundary that it has: paragraph, sentence, word, character.
 * Each passage is made when it is asked for, so that nobody waits for all of them.
 */
import { advance, codePoints, fits } from './code-points.ts'

export const BOUNDARIES = ['\n\n', '。', '. ', ' '] as const

export function* cut(text: string, maxLength: number, overlap: number, from = 0): Generator<string> {
  const level = BOUNDARIES.findIndex((boundary, index) => index >= from && text.includes(boundary))
  const boundary = BOUNDARIES[level]
  if (boundary === undefined) { yield* window(text, maxLength, overlap); return }
  const small = merger(boundary === ' ' ? ' ' : '', maxLength, overlap)
  for (const part of partsOf(text, boundary)) {
    const isSmall = fits(part, maxLength - 1)
    const full = isSmall ? small.add(part) : small.end()
    if (full !== undefined) yield full
    if (!isSmall) yield* cut(part, maxLength, overlap, level + 1)
  }
  const rest = small.end()
  if (rest !== undefined) yield rest
}

/** The parts, each with its boundary at the end; blanks between words are dropped, as they are put back when words are joined. */
function* partsOf(text: string, boundary: string): Generator<string> {
  const kept = boundary === ' ' ? 0 : boundary.length
  let from = 0
  for (let at = text.indexOf(boundary); at >= 0; at = text.indexOf(boundary, from)) {
    if (at + kept > from) yield text.slice(from, at + kept)
    from = at + boundary.length
  }
  if (from < text.length) yield text.slice(from)
}

/**
 * Joins neighbours for as long as they fit; each passage begins with the last parts of the one before, as many as fit into the overlap.
 * Both give a passage where one is full.
 */
interface Merger { add(part: string): string | undefined; end(): string | undefined }
const merger = (glue: string, maxLength: number, overlap: number): Merger => {
  let current: { readonly part: string; readonly length: number }[] = []
  let total = 0
  const joined = (): string | undefined => current.length > 0 ? current.map((one) => one.part).join(glue) : undefined
  return {
    add: (part) => {
      const length = codePoints(part)
      const isFull = (): boolean => total + glue.length + length > maxLength
      const full = isFull() ? joined() : undefined
      if (full !== undefined) {
        let dropped = 0
        while (dropped < current.length && (total > overlap || isFull())) {
          total -= (current[dropped]?.length ?? 0) + (dropped < current.length - 1 ? glue.length : 0)
          dropped += 1
        }
        current = current.slice(dropped)
      }
      total += length + (current.length > 0 ? glue.length : 0)
      current.push({ part, length })
      return full
    },
    end: () => {
      const rest = joined()
      current = []
      total = 0
      return rest
    },
  }
}

/** Where nothing else helps: so many characters at a time, each passage beginning with the last `overlap` of the one before. */
function* window(text: string, maxLength: number, overlap: number): Generator<string> {
  for (let start = 0; ; start = advance(text, start, maxLength - overlap)) {
    const end = advance(text, start, maxLength)
    yield text.slice(start, end)
    if (end >= text.length) return
  }
}
