/** Which language a text is in. */
import { franc } from 'franc-min'
import { fold } from './fold.ts'
import { languages, listOf } from './languages.ts'
import type { Language, LanguageEntry } from './languages.ts'

/** Characters that are looked at, and those below which a text is too short to say. */
const [MOST, FEWEST] = [600, 30]
const words = /[\p{L}\p{M}]{2,}/gu

/** Letters that one of the Cyrillic languages alone has. */
const tellTales: readonly (readonly [RegExp, Language])[] = [[/[іїєґ]/i, 'ukrainian'], [/[ыэё]/i, 'russian']]

const all = Object.keys(languages) as Language[]
const codeOf = (name: Language): string | undefined => (languages[name] as LanguageEntry).code
const byCode = new Map(all.map((name) => [codeOf(name), name]))
// Languages without rules that would be taken for one that has some.
const only = [...all.flatMap((name) => codeOf(name) ?? []), 'pol', 'ces', 'vie']

let lists: Map<string, Language[]> | undefined
/** Word → the languages in which it is a stop word, of those whose script has several. */
const stopWords = (): Map<string, Language[]> => {
  if (lists) return lists
  lists = new Map()
  for (const name of all.filter((one) => ['Latin', 'Cyrillic'].includes(languages[one].script))) {
    for (const word of new Set(listOf(name).map(fold))) lists.set(word, [...lists.get(word) ?? [], name])
  }
  return lists
}

/**
 * Different stop words tell most texts apart (G. Grefenstette, "Comparing two language identification schemes", 1995) at a tenth of the cost of
 * trigrams, which are asked about the rest. English unless something speaks clearly for another: code, tables and names are no language,
 * and each language of a dataset makes its questions longer.
 */
export const languageOf = (text: string): Language => {
  const start = text.slice(0, MOST)
  const counts = new Map<Language, number>()
  const [lists, seen] = [stopWords(), new Set<string>()]
  for (const word of start.toLowerCase().match(words) ?? []) {
    const names = lists.get(fold(word))
    if (!names || seen.has(word)) continue
    seen.add(word)
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  const of = (name: Language | undefined): number => name === undefined ? 0 : counts.get(name) ?? 0
  const [best = 'english', second] = [...counts.keys()].sort((a, b) => of(b) - of(a))
  if (of(best) >= 3 && of(best) >= 2 * of(second) && languages[best].script === 'Latin') return best
  if (start.length < FEWEST) return 'english'
  const guess = byCode.get(franc(start, { only }))
  if (guess !== undefined && languages[guess].script === 'Cyrillic') return tellTales.find(([letters]) => letters.test(start))?.[1] ?? guess
  if (codeOf(best) === undefined && of(best) >= 2 && of(best) > of(guess)) return best
  return guess !== undefined && of(guess) >= (start.length > 120 ? 2 : 1) && of(guess) > of('english') ? guess : 'english'
}
