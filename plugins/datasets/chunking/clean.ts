/** Takes out of a text what helps no search, and what a database cannot keep; in pieces, and in time linear in the text. */
import type { ChunkingRule } from '../ports.ts'
import { chain, replacing, rewriter } from './rewriter.ts'
import type { Rewriter } from './rewriter.ts'

type Cleaning = Pick<ChunkingRule, 'removeExtraSpaces' | 'removeUrlsEmails'>

const LINE_END = /\r\n?|\u0085/g
// Control characters but tab and line feed; and the non-character U+FFFE.
const UNPRINTABLE = /[^\P{Cc}\t\n]|\uFFFE/gu
const HALF_PAIR = /\p{Cs}/gu
const MANY_NEWLINES = /\n{3,}/g
const MANY_BLANKS = /[\t \u00A0\u1680\u180E\u2000-\u200A\u202F\u205F\u3000]{2,}/g
const BLANK = /[\t \u00A0\u1680\u180E\u2000-\u200A\u202F\u205F\u3000]/
// The look-behind keeps a long run of letters from being tried at each of them.
const EMAIL = {
  start: /(?<![\w.+-])[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,10}/g, reach: 64 + 1 + 63 + 10 * 64 + 1, replace: () => '',
}
// An image is part of the content, so its address stays. None of its parts takes in the beginning of another image: that would be read again and again.
const URL_OR_IMAGE = {
  start: /!\[[^[\]\n]{0,1000}\]\((https?:\/\/(?:[^\s)!]|!(?!\[)){1,2000})\)|https?:\/\/[^\s)\]>"]/g, reach: 2 + 1000 + 2 + 8 + 2000 + 1,
  rest: /[^\s)\]>"]*/y, replace: ([, image]: RegExpExecArray) => image === undefined ? '' : `![image](${image})`,
}

const whole = (text: string): number => text.length
const beforeLast = (letter: string) => (text: string): number => text.endsWith(letter) ? text.length - 1 : text.length
const beforeHalfPair = (text: string): number => /[\uD800-\uDBFF]$/.test(text.slice(-1)) ? text.length - 1 : text.length
/** Runs become short; that which is at the end may be part of a longer one. */
const shortening = (runs: RegExp, letter: RegExp, short: string): Rewriter => {
  const shorten = (text: string): string => text.replace(runs, short)
  const beforeRun = (text: string): number => {
    let at = text.length
    while (at > 0 && letter.test(text.charAt(at - 1))) at -= 1
    return at
  }
  return rewriter(shorten, beforeRun, shorten)
}

/** Gives the pieces of the cleaned text; where the text was cut makes no difference to it. */
export const cleaner = ({ removeExtraSpaces, removeUrlsEmails }: Cleaning): Rewriter => chain([
  rewriter((text) => text.replace(LINE_END, '\n'), beforeLast('\r')),
  rewriter((text) => text.replaceAll('<|', '<'), beforeLast('<')),
  rewriter((text) => text.replaceAll('|>', '>'), beforeLast('|')),
  rewriter((text) => text.replace(UNPRINTABLE, ''), whole),
  rewriter((text) => text.replace(HALF_PAIR, '\uFFFD'), beforeHalfPair),
  ...removeUrlsEmails ? [replacing(URL_OR_IMAGE), replacing(EMAIL)] : [],
  ...removeExtraSpaces ? [shortening(MANY_NEWLINES, /\n/, '\n\n'), shortening(MANY_BLANKS, BLANK, ' ')] : [],
])

export const clean = (text: string, rule: Cleaning): string => {
  const { push, end } = cleaner(rule)
  return push(text) + end()
}
