/** Picking the best of many scores. */
import type { VectorHit } from '../ports.ts'

/** Vectors by place: which one it is, to which segment it belongs, how it scores. */
export interface Scored { readonly ids: readonly string[]; readonly segmentIds: readonly string[]; readonly scores: Float32Array }
export interface SegmentScores { readonly segmentIds: readonly string[]; readonly scores: Float32Array }

/** Of a segment with many vectors so many are told, whatever else was asked for. */
export const VECTORS_PER_SEGMENT = 10

/** What each segment scores: as much as the best of its vectors. */
export const bySegment = (lists: readonly Scored[]): readonly SegmentScores[] => {
  if (lists.every(({ ids, segmentIds }) => ids.every((id, at) => id === segmentIds[at]))) return lists
  const best = new Map<string, number>()
  for (const { segmentIds, scores } of lists) {
    segmentIds.forEach((id, at) => { if ((scores[at] as number) > (best.get(id) ?? 0)) best.set(id, scores[at] as number) })
  }
  return [{ segmentIds: [...best.keys()], scores: Float32Array.from(best.values()) }]
}

/** Segments that score above 0, best first, equals by id: places `from` to `to`. Only what may be among them is sorted as objects. */
export const ranked = (lists: readonly SegmentScores[], from: number, to: number): string[] => {
  const least = leastOf(lists, to)
  const found: { id: string; score: number }[] = []
  for (const { segmentIds, scores } of lists) {
    scores.forEach((score, at) => { if (score > 0 && score >= least) found.push({ id: segmentIds[at] as string, score }) })
  }
  return found.sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1)).slice(from, to).map(({ id }) => id)
}

/** The least of the `count` highest scores: the root of a heap that holds them (J. W. J. Williams, "Algorithm 232: Heapsort", CACM 7(6), 1964). */
const leastOf = (lists: readonly SegmentScores[], count: number): number => {
  const heap = new Float32Array(count)
  const at = (place: number): number => heap[place] ?? Infinity
  for (const { scores } of lists) {
    for (const score of scores) {
      if (score <= at(0)) continue
      let place = 0
      for (;;) {
        const child = at(2 * place + 1) <= at(2 * place + 2) ? 2 * place + 1 : 2 * place + 2
        if (score <= at(child)) break
        heap[place] = at(child)
        place = child
      }
      heap[place] = score
    }
  }
  return at(0)
}

/** The vectors of these segments that score above 0, the best few of each, best first. */
export const vectorsOf = (lists: readonly Scored[], wanted: ReadonlySet<string>): VectorHit[] => {
  if (wanted.size === 0) return []
  const hits: VectorHit[] = []
  for (const { ids, segmentIds, scores } of lists) {
    segmentIds.forEach((segmentId, at) => {
      const score = scores[at] as number
      if (score > 0 && wanted.has(segmentId)) hits.push({ id: ids[at] as string, segmentId, score: Math.min(1, score) })
    })
  }
  const told = new Map<string, number>()
  return hits.sort(byScore).filter(({ segmentId }) => {
    const count = (told.get(segmentId) ?? 0) + 1
    told.set(segmentId, count)
    return count <= VECTORS_PER_SEGMENT
  })
}

export const byScore = (a: VectorHit, b: VectorHit): number => b.score - a.score || (a.id < b.id ? -1 : 1)
