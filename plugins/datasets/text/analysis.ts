/** From text to the terms by which it is indexed and found. Passages and questions go the same way. */
import { stem } from './stem.ts'
import { stopWords } from './stop-words.ts'

export interface Token {
  /** As it is written, in lower case. */
  readonly word: string
  /** What words of one kind have in common. */
  readonly term: string
}

/** Scripts that write no space between words: their runs are cut into overlapping pairs of characters instead. */
const unspaced = String.raw`\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}\u30FC`
const spaced = String.raw`(?:(?![${unspaced}])[\p{L}\p{M}\p{N}])`
const found = new RegExp(String.raw`(?<run>[${unspaced}]+)|${spaced}+(?:['\u2019]${spaced}+)*`, 'gu')

/** No word of a language is longer. What is (an encoded blob) is known by its beginning, so that an index row stays small. */
const LONGEST = 64

/** In order of appearance, repeated as often as they occur; folded (NFKC, lower case), without stop words. */
export const tokens = (text: string): Token[] => {
  const all: Token[] = []
  for (const { 0: word, groups } of text.normalize('NFKC').toLowerCase().matchAll(found)) {
    if (groups?.['run'] !== undefined) all.push(...pairs(word).map((pair) => ({ word: pair, term: pair })))
    else if (!stopWords.has(word)) all.push({ word, term: beginning(stem(word)) })
  }
  return all
}

/** Term → how often it occurs. */
export const frequencies = (text: string): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const { term } of tokens(text)) counts.set(term, (counts.get(term) ?? 0) + 1)
  return counts
}

const beginning = (word: string): string => word.length <= LONGEST ? word : [...word.slice(0, 2 * LONGEST)].slice(0, LONGEST).join('')

const pairs = (run: string): string[] => {
  const characters = [...run]
  return characters.length === 1 ? characters : characters.slice(1).map((character, index) => `${characters[index] ?? ''}${character}`)
}
