/** The text is one passage, as long as it is not too long for that. */
import { DocumentFault } from '../errors.ts'
import { codePoints } from './code-points.ts'
import type { Splitter } from './split.ts'

export const keeper = (maxLength: number): Splitter => {
  let text = ''
  let length = 0
  return {
    push: (piece) => {
      text += piece
      length += codePoints(piece)
      // A pair that was cut counts as two for a moment.
      if (length > maxLength && codePoints(text) > maxLength) {
        throw new DocumentFault(
          `With parent_mode full-doc a document is one passage, and this one has more than ${maxLength} characters. Send it again with parent_mode paragraph.`)
      }
      return []
    },
    end: () => [text],
  }
}
