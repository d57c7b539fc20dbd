/** Questions that a model proposes, however it writes them down: as JSON, as JSON that was cut short, or as lines. */
import { sound } from './sound.ts'
import { linesOf, shortened, unquoted, withoutThinking } from './spoken.ts'

const LONGEST = 300
const BULLET = /^(?:[-*•–]|\d{1,2}[.)、:]|\(\d{1,2}\))\s*/

export const questionsIn = (said: string, most: number): string[] => {
  const text = withoutThinking(sound(said))
  const found = (fromJson(text) ?? fromLines(text)).map((one) => shortened(one.trim(), LONGEST)).filter((one) => one !== '')
  return [...new Set(found)].slice(0, most)
}

const fromJson = (text: string): string[] | undefined => {
  const begin = text.search(/[[{]/)
  if (begin < 0) return undefined
  const end = Math.max(text.lastIndexOf(']'), text.lastIndexOf('}'))
  try {
    const found = stringsOf(JSON.parse(text.slice(begin, end + 1)))
    if (found.length > 0) return found
  } catch { /* Not JSON as a whole: see what can be read of it. */ }
  const list = text.indexOf('[')
  if (list < 0) return undefined
  const pieces = [...text.slice(list).matchAll(/"(?:[^"\\]|\\.)*"(?!\s*:)/g)].flatMap(([piece]) => {
    try { return [String(JSON.parse(piece))] } catch { return [] }
  })
  return pieces.length > 0 ? pieces : undefined
}
/** Of a list its texts, or one text of each of its objects; of an object the first list in it. */
const stringsOf = (value: unknown): string[] => {
  if (Array.isArray(value)) {
    return value.flatMap((one: unknown) => typeof one === 'string' ? [one] : typeof one === 'object' && one !== null ? Object.values(one).filter((part) => typeof part === 'string').slice(0, 1) : [])
  }
  if (typeof value !== 'object' || value === null) return []
  const list: unknown = Object.values(value).find(Array.isArray)
  return list === undefined ? [] : stringsOf(list)
}
/** What is marked as one of several, or asks; else every line of several. A single sentence is no proposal but an excuse. */
const fromLines = (text: string): string[] => {
  const lines = linesOf(text)
  const likely = lines.filter((line) => BULLET.test(line) || /[?？؟]["”»」]?$/.test(line))
  return (likely.length > 0 ? likely : lines.length > 1 ? lines : []).map((line) => unquoted(line.replace(BULLET, '').replace(/[,，]$/, '')))
}
