/**
 * Search in one or many datasets of a workspace: candidates, perhaps scored anew by a model, cut, and read as they are now. What external
 * services find stands among them by its score.
 */
import { service } from '../../../core/index.ts'
import { textOf } from '../models/segment.ts'
import type { FoundSegment } from '../presenters/segment.ts'
import type { Hit, RetrievalSettings } from '../ports.ts'
import { askedModels } from './asked-models.ts'
import { candidates } from './candidates.ts'
import type { Candidates, SearchedDataset } from './candidates.ts'
import { externalSearch } from './external-search.ts'
import { metadataFilters } from './metadata-filter.ts'
import { segments } from './segments.ts'

export interface Retrieval {
  /** The segments that answer best, score descending. Throws 400 where a model or an external service that is needed is not there or does not answer. */
  search(
    workspaceId: string, datasets: readonly SearchedDataset[], question: string, settings: RetrievalSettings, signal?: AbortSignal): Promise<readonly FoundSegment[]>
}

/** Each side is asked for so many segments at least and at most. */
const FEWEST = 50
const MOST = 200
/** UTF-16 units of a passage that a reranking model is shown: none reads further. */
const READ = 8_000

export const retrieval = service('datasets.retrieval', {
  uses: { askedModels, candidates, externalSearch, metadataFilters, segments },
  create: ({ askedModels, candidates, externalSearch, metadataFilters, segments }): Retrieval => {
    const nearby = async (workspaceId: string, datasets: readonly SearchedDataset[], question: string, settings: RetrievalSettings, signal?: AbortSignal): Promise<Candidates> => {
      const { method, topK, weights, filter } = settings
      const documentIds = filter && datasets.length > 0 ? await metadataFilters.documents(workspaceId, datasets.map(({ id }) => id), filter) : undefined
      if (datasets.length === 0 || documentIds?.length === 0) return { hits: [], vectors: [] }
      const limit = Math.min(MOST, Math.max(FEWEST, topK))
      return candidates.find({ workspaceId, datasets, documentIds, question, method, weights, limit, signal })
    }
    return {
      search: async (workspaceId, datasets, question, settings, signal) => {
        if (datasets.length === 0 || question.trim() === '') return []
        const { topK, scoreThreshold = 0, rerank } = settings
        const [outside, inside] = [datasets.filter(isExternal), datasets.filter((one) => !isExternal(one))]
        const datasetIds = inside.map(({ id }) => id)
        const [{ hits, vectors }, far] = await Promise.all([
          nearby(workspaceId, inside, question, settings, signal),
          externalSearch.find(workspaceId, outside.map(({ id }) => id), question, settings, inside.length === 0, signal),
        ])
        const scoredAnew = async (): Promise<{ hits: readonly Hit[]; far: readonly FoundSegment[] }> => {
          if (!rerank || hits.length + far.length === 0) return { hits, far }
          const near = await segments.found(workspaceId, datasetIds, best(hits, MOST), [])
          const texts = [...near, ...far].map((segment) => textOf(segment).slice(0, READ))
          const scores = await askedModels.rerank(workspaceId, rerank, question, texts, signal)
          return {
            hits: near.map(({ id }, index) => ({ segmentId: id, score: scores[index] as number })),
            far: far.map((segment, index) => ({ ...segment, score: scores[near.length + index] as number })),
          }
        }
        const scored = await scoredAnew()
        const good = scored.hits.filter(({ score }) => score > 0 && score >= scoreThreshold)
        signal?.throwIfAborted()
        const near = await segments.found(workspaceId, datasetIds, best(good, topK), vectors)
        const all = [...near, ...scored.far.filter(({ score }) => score >= scoreThreshold)]
        return all.sort((a, b) => b.score - a.score).slice(0, topK)
      },
    }
  },
})

const isExternal = ({ provider }: SearchedDataset): boolean => provider === 'external'

/** Those that are equal to the last go along, until their order is known. */
const best = (hits: readonly Hit[], count: number): Hit[] => {
  const sorted = [...hits].sort((a, b) => b.score - a.score)
  const last = sorted[count - 1]?.score ?? 0
  return sorted.filter(({ score }) => score >= last)
}
