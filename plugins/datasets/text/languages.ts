/**
 * The languages whose words are reduced to stems. A language is read from the packages of stemmers and stop words when a text first needs it,
 * and synchronously, so that nothing that analyses has to wait: each is a few kilobytes.
 */
import { createRequire } from 'node:module'
import { fold } from './fold.ts'

type Script = 'Latin' | 'Cyrillic' | 'Greek' | 'Arabic' | 'Devanagari' | 'Armenian' | 'Tamil'
export interface LanguageEntry {
  readonly script: Script
  /** Its code for `franc`, where that knows it. */
  readonly code?: string
}
/** By the name that the packages give them. Of a script's languages the first is taken where nothing says which one it is. */
export const languages = {
  english: { script: 'Latin', code: 'eng' }, french: { script: 'Latin', code: 'fra' }, german: { script: 'Latin', code: 'deu' },
  spanish: { script: 'Latin', code: 'spa' }, portuguese: { script: 'Latin', code: 'por' }, italian: { script: 'Latin', code: 'ita' },
  dutch: { script: 'Latin', code: 'nld' }, swedish: { script: 'Latin', code: 'swe' }, danish: { script: 'Latin' }, norwegian: { script: 'Latin' },
  finnish: { script: 'Latin' }, romanian: { script: 'Latin', code: 'ron' }, hungarian: { script: 'Latin', code: 'hun' },
  turkish: { script: 'Latin', code: 'tur' }, indonesian: { script: 'Latin', code: 'ind' },
  russian: { script: 'Cyrillic', code: 'rus' }, ukrainian: { script: 'Cyrillic', code: 'ukr' }, bulgarian: { script: 'Cyrillic', code: 'bul' },
  greek: { script: 'Greek' }, arabic: { script: 'Arabic' }, indian: { script: 'Devanagari' }, armenian: { script: 'Armenian' }, tamil: { script: 'Tamil' },
} as const satisfies Record<string, LanguageEntry>
export type Language = keyof typeof languages

export interface Rules {
  isStopWord(word: string): boolean
  /** What the inflected forms of a word have in common, without its accents. */
  stem(word: string): string
}

/** Lists longer than this hold words that say something ("work", "time"); of those the short ones alone count. */
const [LONG_LIST, SHORT] = [300, 5]
/** Places for stems that are kept at hand, a power of two: most of a text are words that were just seen. */
const REMEMBERED = 2 ** 15

const load = createRequire(import.meta.url)
export const listOf = (name: Language | 'japanese' | 'mandarin'): string[] => (load(`@orama/stopwords/${name}`) as { stopwords: string[] }).stopwords

/** What is written onto a word, always with an apostrophe, and is no part of it. */
const bare: Partial<Record<Language, (word: string) => string>> = {
  english: (word) => word.replace(/'s?$/, ''),
  french: (word) => word.replace(/^\p{L}{1,6}'/u, ''),
  italian: (word) => word.replace(/^\p{L}{1,6}'/u, ''),
  turkish: (word) => word.replace(/'.*$/, ''),
}

const read = (name: Language): Rules => {
  const { stemmer } = load(`@orama/stemmers/${name}`) as { stemmer(word: string): string }
  const list = listOf(name)
  // A lone consonant is an elision in the lists, but in texts a name: plan B, vitamin C.
  const stops = new Set(list.filter((word) => !/^[b-df-hj-np-tv-xz]$/i.test(word) && (list.length <= LONG_LIST || word.length <= SHORT)).map(fold))
  if (name === 'english') stops.add('a')
  const root = (word: string): string => word.includes("'") ? bare[name]?.(word) ?? word : word
  // Of words that share a place the last one stays. A map would grow anew whenever it is full: megabytes that live long and then are garbage.
  const words = new Array<string | undefined>(REMEMBERED).fill(undefined)
  const stems = new Array<string>(REMEMBERED).fill('')
  return {
    isStopWord: (word) => stops.has(fold(word)) || word.includes("'") && stops.has(fold(root(word))),
    stem: (word) => {
      const place = placeOf(word)
      if (words[place] !== word) {
        words[place] = word
        stems[place] = fold(stemmer(root(word))) || fold(word)
      }
      return stems[place] ?? word
    },
  }
}
const placeOf = (word: string): number => {
  let hash = 0
  for (let at = 0; at < word.length; at += 1) hash = Math.imul(hash, 31) + word.charCodeAt(at) | 0
  return (hash ^ hash >>> 14) & REMEMBERED - 1
}

const loaded = new Map<Language, Rules>()
export const rulesOf = (name: Language): Rules => {
  const rules = loaded.get(name) ?? read(name)
  loaded.set(name, rules)
  return rules
}

const scripts = Object.entries(languages).reduce((all, [name, { script }]) =>
  all.set(script, [...all.get(script) ?? [], name as Language]), new Map<Script, Language[]>())
const firstOf = [...scripts].map(([script, [first]]) => [new RegExp(String.raw`^\p{sc=${script}}`, 'u'), first as Language] as const)
const latin = /^[a-z]/

/** The language by which a word is read in a text of that language, which may be of another script; none for what no rules are known for. */
export const languageOfWord = (word: string, text: Language): Language | undefined => {
  const first = latin.test(word) ? 'english' : firstOf.find(([script]) => script.test(word))?.[1]
  return first !== undefined && languages[first].script === languages[text].script ? text : first
}
