/** Picking the best of many scores. */
import type { Hit } from '../ports.ts'

export interface Scored { readonly ids: readonly string[]; readonly scores: Float32Array }

/** Above 0, best first, equals by id: places `from` to `to`. Only what may be among them is sorted as objects. */
export const ranked = (lists: readonly Scored[], from: number, to: number): Hit[] => {
  const all = new Float32Array(lists.reduce((sum, { scores }) => sum + scores.length, 0))
  lists.reduce((at, { scores }) => { all.set(scores, at); return at + scores.length }, 0)
  const least = all.sort()[Math.max(0, all.length - to)] ?? 0
  const hits: Hit[] = []
  for (const { ids, scores } of lists) {
    scores.forEach((score, index) => { if (score > 0 && score >= least) hits.push({ segmentId: ids[index] as string, score: Math.min(1, score) }) })
  }
  return hits.sort(byScore).slice(from, to)
}

export const byScore = (a: Hit, b: Hit): number => b.score - a.score || (a.segmentId < b.segmentId ? -1 : 1)

/** What these segments score, as far as they are there and above 0. */
export const scoresOf = (lists: readonly Scored[], segmentIds: ReadonlySet<string>): Hit[] =>
  segmentIds.size === 0 ? [] : lists.flatMap(({ ids, scores }) => ids.flatMap((segmentId, index) => {
    const score = scores[index] as number
    return score > 0 && segmentIds.has(segmentId) ? [{ segmentId, score: Math.min(1, score) }] : []
  }))
