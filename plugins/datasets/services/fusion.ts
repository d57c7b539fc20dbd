/** From two rankings to one. */
import type { Hit } from '../ports.ts'

export interface Weights { readonly vector: number; readonly text: number }

/**
 * Shares of the two sides where nobody chose them. Both scores are cosines, but they spread differently: a passage without a word of the
 * question has the text score 0, whereas sentence embeddings give unrelated texts a cosine far above it, and all passages lie in a narrow
 * band. So a step on the text's scale says more, and gets the larger share. The exact figure matters little: on two test collections of
 * different fields every share of vectors from 0.2 to 0.45 is better than words alone; this is the middle.
 */
export const defaultWeights: Weights = { vector: 0.3, text: 0.7 }

/**
 * A convex combination of absolute scores: within 0..1, it grows with either of them, and it depends on no other hit, so that a score means
 * the same for every question and a longer list of candidates changes no order. (Combinations beat rank fusion where scores have a
 * meaning: S. Bruch, S. Gai, A. Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval", ACM TOIS 42(1), 2023.) A segment that one
 * side does not name scores 0 there: both sides must have been asked about all of them. `wordsOnly` has no vectors and keeps its text score.
 */
export const fuse = (
  sides: { readonly vector: readonly Hit[]; readonly text: readonly Hit[] }, weights: Weights, wordsOnly: ReadonlySet<string> = new Set(),
): Hit[] => {
  const scores = new Map<string, number>()
  const add = (hits: readonly Hit[], weight: number): void => {
    for (const { segmentId, score } of hits) scores.set(segmentId, (scores.get(segmentId) ?? 0) + (wordsOnly.has(segmentId) ? score : weight * score))
  }
  add(sides.vector, weights.vector)
  add(sides.text, weights.text)
  return [...scores].map(([segmentId, score]) => ({ segmentId, score: Math.min(1, score) })).filter(({ score }) => score > 0).sort((a, b) => b.score - a.score)
}
