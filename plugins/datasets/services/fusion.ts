/** From two rankings to one. */
import type { Hit, VectorHit } from '../ports.ts'

export interface Weights { readonly vector: number; readonly text: number }

/**
 * Shares of the two sides where nobody chose them. Nearly even, since both scores are absolute, with a little more for the words: where a
 * passage lacks all words of a question its text score is 0, whereas unrelated texts still have a cosine of 0.3 or so, which is only noise.
 * The exact figure matters little. On two test collections of different fields every share of vectors from 0.2 to 0.5 ranks better than
 * words alone, and for short passages and questions in other words nothing is won beyond 0.4.
 */
export const defaultWeights: Weights = { vector: 0.4, text: 0.6 }

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
  const fused = [...scores].map(([segmentId, score]) => ({ segmentId, score: Math.min(1, score) }))
  return fused.filter(({ score }) => score > 0).sort((a, b) => b.score - a.score)
}

/**
 * A child scores half by itself and half by its family, whose direction is the mean of all children of its parent: the parent is then, by its
 * best child, what both of its levels say. A sentence alone does not tell what it is about, and of many sentences some one always resembles a
 * question by chance; the mean alone hides the sentence that answers. (Evidence of passages and of whole documents together ranks better than
 * either: J. P. Callan, "Passage-Level Evidence in Document Retrieval", SIGIR 1994.) Even shares are the middle of a plateau: on two test
 * collections every share of the family from a third to three quarters ranks better than single passages do. The only child of a parent is
 * its family, and keeps its score.
 */
export const withFamilies = (hits: readonly VectorHit[]): VectorHit[] =>
  hits.map((hit) => hit.family === undefined ? hit : { ...hit, score: (hit.score + hit.family) / 2 })
