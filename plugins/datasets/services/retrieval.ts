/** Search in one or many datasets of a workspace: candidates, perhaps scored anew by a model, cut, and read as they are now. */
import { service } from '../../../core/index.ts'
import { textOf } from '../models/segment.ts'
import type { FoundSegment } from '../presenters/segment.ts'
import type { Hit, RetrievalSettings } from '../ports.ts'
import { askedModels } from './asked-models.ts'
import { candidates } from './candidates.ts'
import type { SearchedDataset } from './candidates.ts'
import { metadataFilters } from './metadata-filter.ts'
import { segments } from './segments.ts'

export interface Retrieval {
  /** The segments that answer best, score descending. Throws 400 where a model that is needed is not there or does not answer. */
  search(
    workspaceId: string, datasets: readonly SearchedDataset[], question: string, settings: RetrievalSettings, signal?: AbortSignal): Promise<readonly FoundSegment[]>
}

/** Each side is asked for so many segments at least and at most. */
const FEWEST = 50
const MOST = 200
/** UTF-16 units of a passage that a reranking model is shown: none reads further. */
const READ = 8_000

export const retrieval = service('datasets.retrieval', {
  uses: { askedModels, candidates, metadataFilters, segments },
  create: ({ askedModels, candidates, metadataFilters, segments }): Retrieval => ({
    search: async (workspaceId, datasets, question, { method, topK, scoreThreshold = 0, weights, rerank, filter }, signal) => {
      if (datasets.length === 0 || question.trim() === '') return []
      const datasetIds = datasets.map(({ id }) => id)
      const documentIds = filter && await metadataFilters.documents(workspaceId, datasetIds, filter)
      if (documentIds?.length === 0) return []
      const limit = Math.min(MOST, Math.max(FEWEST, topK))
      const { hits, vectors } = await candidates.find({ workspaceId, datasets, documentIds, question, method, weights, limit, signal })

      const scoredAnew = async (): Promise<readonly Hit[]> => {
        if (!rerank || hits.length === 0) return hits
        const read = await segments.found(workspaceId, datasetIds, best(hits, MOST), [])
        const scores = await askedModels.rerank(workspaceId, rerank, question, read.map((segment) => textOf(segment).slice(0, READ)), signal)
        return read.map(({ id }, index) => ({ segmentId: id, score: scores[index] as number }))
      }
      const scored = (await scoredAnew()).filter(({ score }) => score > 0 && score >= scoreThreshold)
      signal?.throwIfAborted()
      return (await segments.found(workspaceId, datasetIds, best(scored, topK), vectors)).slice(0, topK)
    },
  }),
})

/** Those that are equal to the last go along, until their order is known. */
const best = (hits: readonly Hit[], count: number): Hit[] => {
  const sorted = [...hits].sort((a, b) => b.score - a.score)
  const last = sorted[count - 1]?.score ?? 0
  return sorted.filter(({ score }) => score >= last)
}
