/** From text to the terms by which it is indexed and found. Passages and questions go the same way, but a question goes it in every language of what is searched. */
import { LRUCache } from 'lru-cache'
import { languageOf } from './detect.ts'
import { languageOfWord, languages, listOf, rulesOf } from './languages.ts'
import type { Language } from './languages.ts'

/** Of the rules by which passages are analysed. What was indexed by an earlier number is analysed anew; count on whenever a text may get other terms. */
export const ANALYSIS = 2

export interface Token {
  /** As it is written, in lower case. */
  readonly word: string
  /** What words of one kind have in common. */
  readonly term: string
}
export interface Analysis {
  /** In order of appearance, repeated as often as they occur, without stop words. */
  readonly tokens: readonly Token[]
  /** Of the text as a whole. */
  readonly language: Language
  /** By whose rules the tokens were made; a text in one language may quote words of another script. */
  readonly languages: ReadonlySet<Language>
}
/** A word of a question, which stands for itself however many terms it may have become in the passages. */
export interface Sought { readonly terms: readonly string[]; readonly times: number }

/** Scripts that write no space between words, or join to a word what belongs to it: their runs are cut into overlapping pairs of characters instead. */
const unspaced = [
  String.raw`\p{sc=Han}`, String.raw`\p{sc=Hiragana}`, String.raw`\p{sc=Katakana}\u30FC`, String.raw`\p{sc=Hangul}`,
  String.raw`\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}`,
]
const spaced = String.raw`(?:(?![${unspaced.join('')}])[\p{L}\p{M}\p{N}])`
const found = new RegExp(String.raw`${unspaced.map((script) => `[${script}]+`).join('|')}|${spaced}+(?:'${spaced}+)*`, 'gu')
const startsUnspaced = new RegExp(String.raw`^[${unspaced.join('')}]`, 'u')

/** No word of a language is longer. What is (an encoded blob) is known by its beginning, so that an index row stays small. */
const LONGEST = 64

/** Tells each word, and each pair of characters, in order; no object is made for it. */
const eachPiece = (text: string, tell: (word: string, spaced: boolean) => void): void => {
  // The dot that a lower-cased Turkish capital leaves over is none of the word.
  const folded = text.normalize('NFKC').toLowerCase().replaceAll('\u2019', "'").replaceAll('i\u0307', 'i')
  for (const word of folded.match(found) ?? []) {
    if (word.charCodeAt(0) < 0x80 || !startsUnspaced.test(word)) tell(beginning(word), true)
    else for (const pair of pairs(word)) if (!stopPairs().has(pair)) tell(pair, false)
  }
}

/**
 * An analysis that is kept, in a few strings: those of the passages that wait to be stored outlive the young generation of the heap, where
 * two hundred objects each would be copied twice, and then lie in the old one until all of it is collected.
 */
interface Kept { readonly words: string; readonly terms: string; readonly language: Language; readonly languages: string }
const kept = ({ tokens, language, languages }: Analysis): Kept =>
  ({ words: tokens.map(({ word }) => word).join('\n'), terms: tokens.map(({ term }) => term).join('\n'), language, languages: [...languages].join('\n') })
const lines = (text: string): string[] => text === '' ? [] : text.split('\n')
const asBefore = ({ words, terms, language, languages }: Kept): Analysis => {
  const each = lines(terms)
  return { tokens: lines(words).map((word, index) => ({ word, term: each[index] ?? word })), language, languages: new Set(lines(languages) as Language[]) }
}
/** A passage that is being indexed is asked for its keywords first, and then, the last time, for its terms. In UTF-16 units: some batches. */
const lately = new LRUCache<string, Kept>({ maxSize: 500_000, sizeCalculation: (_analysis, text) => text.length + 1 })

/** @param language that of the text, where somebody knows it */
export const analyse = (text: string, language?: Language): Analysis => {
  if (language !== undefined) return analyseIn(text, language)
  const known = lately.get(text)
  if (known) {
    lately.delete(text)
    return asBefore(known)
  }
  const made = analyseIn(text, languageOf(text))
  lately.set(text, kept(made))
  return made
}
const analyseIn = (text: string, language: Language): Analysis => {
  const [tokens, used] = [[] as Token[], new Set<Language>()]
  eachPiece(text, (word, spaced) => {
    const own = spaced ? languageOfWord(word, language) : undefined
    if (own) used.add(own)
    const rules = own && rulesOf(own)
    if (!rules?.isStopWord(word)) tokens.push({ word, term: rules?.stem(word) ?? word })
  })
  return { tokens, language, languages: used }
}

/** Term → how often it occurs. */
export const frequencies = (tokens: readonly Token[]): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const { term } of tokens) counts.set(term, (counts.get(term) ?? 0) + 1)
  return counts
}

/**
 * The words of a question, each with the terms that it has in passages of these languages. What is a stop word in the language whose stop words
 * the question has most of is left out.
 */
export const soughtIn = (question: string, searched: readonly Language[]): Sought[] => {
  const all: { readonly word: string; readonly spaced: boolean }[] = []
  eachPiece(question, (word, spaced) => { all.push({ word, spaced }) })
  const stops = new Map(searched.map((name) => [name, all.filter(({ word, spaced }) => spaced && rulesOf(name).isStopWord(word)).length]))
  const likely = [...searched].sort((a, b) => (stops.get(b) ?? 0) - (stops.get(a) ?? 0) || (a < b ? -1 : 1))
  const sought = new Map<string, { terms: readonly string[]; times: number }>()
  for (const { word, spaced } of all) {
    const usual = spaced ? languageOfWord(word, 'english') : undefined
    const there = likely.filter((name) => usual !== undefined && languages[name].script === languages[usual].script)
    const possible = (there.length > 0 || usual === undefined ? there : [usual]).map(rulesOf)
    if (possible[0]?.isStopWord(word)) continue
    const terms = possible.length === 0 ? [word] : [...new Set(possible.filter((rules) => !rules.isStopWord(word)).map((rules) => rules.stem(word)))]
    const key = terms.join('\n')
    sought.set(key, { terms, times: (sought.get(key)?.times ?? 0) + 1 })
  }
  return [...sought.values()]
}

const beginning = (word: string): string => word.length <= LONGEST ? word : [...word.slice(0, 2 * LONGEST)].slice(0, LONGEST).join('')

/** A Korean noun of one syllable stands before its particle. */
const particle = /^(\p{sc=Hangul})(?:[을를이가은는의에와과도로만]|에서|에게|으로|부터|까지)$/u
const pairs = (run: string): string[] => {
  const characters = [...run]
  if (characters.length === 1) return /\p{sc=Hiragana}/u.test(run) ? [] : characters
  const noun = particle.exec(run)?.[1]
  return [...noun === undefined ? [] : [noun], ...characters.slice(1).map((character, index) => `${characters[index] ?? ''}${character}`)]
}

let stops: Set<string> | undefined
/** What says nothing in Chinese and Japanese, as far as it is a pair. */
const stopPairs = (): Set<string> =>
  stops ??= new Set([...listOf('mandarin'), ...listOf('japanese')].filter((word) => [...word].length === 2))
