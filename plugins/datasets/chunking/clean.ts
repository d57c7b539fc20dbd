/** Takes out of a text what helps no search, and what a database cannot keep. Every step takes time linear in the text. */
import type { ChunkingRule } from '../ports.ts'

const LINE_END = /\r\n?|\u0085/g
// Control characters but tab and line feed; and the non-character U+FFFE.
const UNPRINTABLE = /[^\P{Cc}\t\n]|\uFFFE/gu
const HALF_PAIR = /\p{Cs}/gu
const MANY_NEWLINES = /\n{3,}/g
const MANY_BLANKS = /[\t \u00A0\u1680\u180E\u2000-\u200A\u202F\u205F\u3000]{2,}/g
// The look-behind keeps a long run of letters from being tried at each of them.
const EMAIL = /(?<![\w.+-])[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,10}/g
const URL_OR_IMAGE = /!\[[^[\]\n]{0,1000}\]\((https?:\/\/[^\s)]+)\)|https?:\/\/[^\s)\]>"]+/g

export const clean = (text: string, { removeExtraSpaces, removeUrlsEmails }: Pick<ChunkingRule, 'removeExtraSpaces' | 'removeUrlsEmails'>): string => {
  let cleaned = text.replace(LINE_END, '\n').replaceAll('<|', '<').replaceAll('|>', '>').replace(UNPRINTABLE, '').replace(HALF_PAIR, '\uFFFD')
  // An image is part of the content, so its address stays.
  if (removeUrlsEmails) {
    cleaned = cleaned.replace(URL_OR_IMAGE, (_match, image?: string) => image === undefined ? '' : `![image](${image})`).replace(EMAIL, '')
  }
  if (removeExtraSpaces) cleaned = cleaned.replace(MANY_NEWLINES, '\n\n').replace(MANY_BLANKS, ' ')
  return cleaned
}
