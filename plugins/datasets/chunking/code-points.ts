/** Lengths in Unicode code points, of which a character outside of the basic plane is one and two units of a string. */

const isHigh = (unit: number): boolean => unit >= 0xD800 && unit <= 0xDBFF
const isLow = (unit: number): boolean => unit >= 0xDC00 && unit <= 0xDFFF

/** Whether a pair of units stands on both sides of a place. */
export const isInsidePair = (text: string, at: number): boolean => isHigh(text.charCodeAt(at - 1)) && isLow(text.charCodeAt(at))

export const codePoints = (text: string): number => {
  let count = text.length
  for (let at = 1; at < text.length; at += 1) if (isInsidePair(text, at)) { count -= 1; at += 1 }
  return count
}

/** Whether there are at most `length`; a text far beyond it is not counted. */
export const fits = (text: string, length: number): boolean => text.length <= length || text.length <= 2 * length && codePoints(text) <= length

/** The place `count` code points further on, at most the end. */
export const advance = (text: string, from: number, count: number): number => {
  let at = from
  for (let left = count; left > 0 && at < text.length; left -= 1) at += isInsidePair(text, at + 1) ? 2 : 1
  return at
}
