/**
 * Ranked full text in stock SQL: BM25 over one row per (term, segment).
 *
 *   share = Σ w(q) · tf / (tf + k1 · (1 − b + b · length / mean length)) / Σ w(q),   w(q) = qtf · ln(1 + (N − df + 0.5) / (df + 0.5))
 *   score = 2 · share / (1 + share)
 *
 * The sums go over the words of the question. The upper one is BM25 with k1 = 1.2 and b = 0.75 (S. Robertson and H. Zaragoza, "The
 * Probabilistic Relevance Framework: BM25 and Beyond", 2009), the idf in the form that is never negative, each word as often as the question
 * has it. It is divided by its upper bound, which no passage reaches, so that it is the share of the question's information that a passage
 * carries: 0..1, with one meaning for every question. Words that no passage has count in the bound, so that nonsense scores low. The score is
 * Dice's coefficient (L. R. Dice, "Measures of the amount of ecologic association between species", 1945) of the question and the part of it
 * that was found; it keeps the order and uses the scale better: a passage of mean length that has each word once scores 0.625.
 *
 * A word that has several terms, because the passages are in several languages, counts as one: tf and df are sums over its terms (A. Pirkola,
 * "The effects of query structure and dictionary setups in dictionary-based cross-language information retrieval", 1998).
 *
 * N, df and the mean length are those of the datasets that are searched, whatever the filter. A write adds rows and rewrites none: it takes as
 * long in a large dataset as in a small one, and two writers meet only where they write the same segment.
 */
import { database, defineAdapter } from '../../../core/index.ts'
import { textIndex } from '../ports.ts'
import type { TextIndex } from '../ports.ts'
import { keywords } from '../text/keywords.ts'
import { createPostings } from '../text/postings.ts'
import { rank } from '../text/ranking.ts'
import type { Ranked } from '../text/ranking.ts'
import { createStatistics } from '../text/statistics.ts'
import type { Word } from '../text/statistics.ts'

/** So many documents at most are read passage by passage. */
const FEW = 50

export const bm25 = defineAdapter(textIndex, 'bm25', {
  uses: { db: database },
  create: ({ db }): TextIndex => {
    const statistics = createStatistics(db)
    return {
      ...createPostings(db),
      search: async (scope, question, limit, also = []) => {
        if (scope.datasetIds.length === 0 || scope.documentIds?.length === 0) return []
        const { datasets, words, mean } = await statistics(scope, question)
        const total = words.reduce((sum, { weight }) => sum + weight, 0)
        if (datasets.length === 0 || words.length === 0) return []
        const find = (rare: readonly Word[], frequent: readonly Word[], candidates: number | null, within: boolean) =>
          rank(db, { workspaceId: scope.workspaceId, documentIds: scope.documentIds ?? null, datasets, mean, rare, frequent, limit, also, candidates, within })
        const hits = async (): Promise<Ranked[]> => {
          // Only asked about: looked up by key.
          if (limit === 0) return find([], words, null, false)
          if (scope.documentIds && scope.documentIds.length <= FEW) return find([], words, null, true)
          const candidates = Math.ceil(1.5 * limit)
          const { rare, frequent } = split(words, candidates)
          let found = await find(rare, frequent, candidates, false)
          if (frequent.length > 0 && !found[0]?.isSure) found = await find(words, [], candidates, false)
          // Few of the candidates may be found: only then is it worth while to sort them all.
          return found[0]?.hasMore !== false && found.filter(({ isBest }) => isBest).length < limit ? find(words, [], null, false) : found
        }
        return (await hits()).map(({ segmentId, score }) => ({ segmentId, score: dice(score / total) }))
      },
      keywords,
    }
  },
})

const dice = (share: number): number => 2 * share / (1 + share)

/** A word once in a passage of mean length: tf / (tf + k1). */
const ONCE = 1 / 2.2
/**
 * The words that most passages have cost most and weigh least. A passage that has no other scores less than they weigh together, so that it
 * cannot be among the best once enough others score that much (H. Turtle and J. Flood, "Query evaluation: strategies and optimizations",
 * 1995). What those others reach is guessed here, and made sure of by the search; a quarter of the guess, since to look up costs more than to read.
 */
const split = (words: readonly Word[], candidates: number): { rare: Word[]; frequent: Word[] } => {
  const rarest = [...words].sort((a, b) => a.passages - b.passages)
  let passages = 0
  const enough = rarest.find((word) => (passages += word.passages) >= candidates)
  let spare = (enough?.weight ?? 0) * ONCE / 4
  let rare = rarest.length
  while (rare > 1 && (rarest[rare - 1]?.passages ?? 0) > candidates && (spare -= rarest[rare - 1]?.weight ?? 0) > 0) rare -= 1
  return { rare: rarest.slice(0, rare), frequent: rarest.slice(rare) }
}
