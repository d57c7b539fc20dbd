/**
 * A reranker without a model: how well a passage answers a question, by the words that they share. A score depends on the two texts
 * alone, never on the other candidates, so that a threshold means the same for every question and every list.
 */
import { words } from './words.ts'

/**
 * Shares of single words, neighbours in order, and neighbours near each other: those of the sequential dependence model
 * (D. Metzler and W. B. Croft, "A Markov random field model for term dependencies", SIGIR 2005).
 */
const [SINGLE, ORDERED, NEAR] = [0.85, 0.1, 0.05]
/** Words apart, at most, that count as near (the same). */
const WINDOW = 8
/** Of another form of the word. */
const SAME_STEM = 0.8
/** Words of grammar, which say little; other words weigh 1 to 3. */
const GRAMMAR = 0.1
/** BM25's constants (S. Robertson and H. Zaragoza, "The probabilistic relevance framework", 2009), for passages of some hundred words. */
const [K1, B, USUAL_LENGTH] = [1.2, 0.75, 100]

const grammar = new Set((
  'a about after all also am an and any are as at be been being but by can could did do does doing for from had has have having he her here him his how i if in '
  + 'into is it its may me might more most must my no nor not of on or our over shall she should so some such than that the their them then there these they this '
  + 'those to too under up us very was we were what when where which while who whom whose why will with would you your').split(' '))

/** No statistics of a collection are asked: a word that is longer tells more (S. Piantadosi et al., "Word lengths are optimized for efficient communication", PNAS 108, 2011). */
const weightOf = (form: string): number => grammar.has(form) ? GRAMMAR : Math.min(3, Math.log2(1 + form.length))

/** How much `times` occurrences in a text of `length` words tell: 0..1, each more a little less, the less the longer the text. */
const told = (times: number, length: number): number => times / (times + K1 * (1 - B + B * length / USUAL_LENGTH))

interface Term { readonly forms: Set<string>; weight: number; times: number }
const pair = (first: string, second: string): string => `${first} ${second}`

/**
 * @returns a function from a passage to its score, 0..1: `0.85 S + 0.1 O + 0.05 N`. S is the mean over the question's words of how much
 * the passage tells of each, in relation to what a passage with the words of the question alone would tell (at most 1), weighted by what
 * the words tell; O and N are the shares of the question's neighbouring words that stand side by side in order, and that stand within
 * eight words of each other. The question itself scores 1; a passage without a word of it, 0. Time grows with the lengths of the two.
 */
export const lexicalScorer = (question: string): ((passage: string) => number) => {
  const asked = words(question)
  const terms = new Map<string, Term>()
  for (const { form, stem } of asked) {
    const term = terms.get(stem) ?? { forms: new Set(), weight: 0, times: 0 }
    terms.set(stem, term)
    term.forms.add(form)
    term.times += 1
    term.weight = Math.max(term.weight, weightOf(form))
  }
  const weightOfStem = (stem: string): number => terms.get(stem)?.weight ?? 0
  const total = [...terms.values()].reduce((sum, { weight }) => sum + weight, 0)
  const neighbours = new Map<string, number>()
  asked.slice(1).forEach(({ stem }, index) => {
    const before = asked[index]?.stem ?? ''
    if (before !== stem) neighbours.set(pair(before, stem), weightOfStem(before) + weightOfStem(stem))
  })
  const allNeighbours = [...neighbours.values()].reduce((sum, weight) => sum + weight, 0)
  const share = (found: ReadonlySet<string>): number => [...found].reduce((sum, one) => sum + (neighbours.get(one) ?? 0), 0) / allNeighbours

  return (passage) => {
    const read = words(passage)
    const times = new Map<string, number>()
    const [ordered, near] = [new Set<string>(), new Set<string>()]
    read.forEach(({ form, stem }, index) => {
      const term = terms.get(stem)
      if (!term) return
      times.set(stem, (times.get(stem) ?? 0) + (term.forms.has(form) ? 1 : SAME_STEM))
      for (let back = 1; back < WINDOW && back <= index; back++) {
        const before = read[index - back]?.stem ?? ''
        for (const one of [pair(before, stem), pair(stem, before)]) if (neighbours.has(one)) near.add(one)
        if (back === 1 && neighbours.has(pair(before, stem))) ordered.add(pair(before, stem))
      }
    })
    if (times.size === 0) return 0
    let single = 0
    for (const [stem, count] of times) {
      const { weight = 0, times: wanted = 1 } = terms.get(stem) ?? {}
      single += weight * Math.min(1, told(count, read.length) / told(wanted, asked.length))
    }
    single /= total
    // A question of one word has no neighbours: the word is all there is to find.
    return Math.min(1, allNeighbours === 0 ? single : SINGLE * single + ORDERED * share(ordered) + NEAR * share(near))
  }
}
