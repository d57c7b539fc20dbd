/** The words by which a text is best found. */
import { analyse } from './analysis.ts'

const letter = /\p{L}/u

/**
 * What a text says often, counted by term, wins; between words said equally often the longer one, which is the rarer in every language
 * (G. K. Zipf, "Human Behavior and the Principle of Least Effort", 1949); then the earlier one. No statistics of other texts are asked,
 * so that a text has the same keywords wherever it stands. A term is shown as it first stood in the text.
 */
export const keywords = (text: string, count: number): string[] => {
  const seen = new Map<string, { word: string; times: number }>()
  for (const { word, term } of analyse(text).tokens) {
    if (!letter.test(word) || word.length < 2) continue
    const entry = seen.get(term)
    if (entry) entry.times += 1
    else seen.set(term, { word, times: 1 })
  }
  const all = Array.from(seen.values(), ({ word, times }) => ({ word, worth: times * Math.log(1 + word.length) }))
  return all.sort((a, b) => b.worth - a.worth).slice(0, count).map(({ word }) => word)
}
