/** From a question to scored segments, by meaning, by words, or by both. */
import { database, service } from '../../../core/index.ts'
import type { ModelRef } from '../../models/ports.ts'
import { embeddingModelOf } from '../models/dataset.ts'
import type { DatasetRow } from '../models/dataset.ts'
import { textIndex, vectorIndex } from '../ports.ts'
import type { Hit, IndexScope, SearchMethod, VectorHit } from '../ports.ts'
import { askedModels } from './asked-models.ts'
import { defaultWeights, fuse, withFamilies } from './fusion.ts'
import type { Weights } from './fusion.ts'

export type SearchedDataset = Pick<DatasetRow, 'id' | 'provider' | 'indexing_technique' | 'embedding_model' | 'embedding_model_provider'>
export interface Search {
  readonly workspaceId: string
  readonly datasets: readonly SearchedDataset[]
  readonly documentIds: readonly string[] | undefined
  readonly question: string
  readonly method: SearchMethod
  readonly weights: Weights | undefined
  /** Segments that each side is asked for. */
  readonly limit: number
  readonly signal: AbortSignal | undefined
}
/** Segments in no order, and the vectors by which they were found. */
export interface Candidates { readonly hits: readonly Hit[]; readonly vectors: readonly VectorHit[] }

/** Datasets whose vectors one question vector is compared with. */
interface AskedGroup { readonly scope: IndexScope; readonly vector: Float32Array }

export const candidates = service('datasets.candidates', {
  uses: { db: database, askedModels, vectorIndex, textIndex },
  create: ({ db, askedModels, vectorIndex, textIndex }) => {
    const nearest = async (groups: readonly AskedGroup[], limit: number, also: readonly string[] = []): Promise<VectorHit[]> => limit + also.length === 0 ? [] :
      withFamilies((await Promise.all(groups.map(({ scope, vector }) => vectorIndex.search(scope, vector, limit, also)))).flat())
    const byWords = async (scope: IndexScope, question: string, limit: number, also: readonly string[] = []): Promise<readonly Hit[]> =>
      scope.datasetIds.length === 0 || limit + also.length === 0 ? [] : textIndex.search(scope, question, limit, also)

    /** Both at once; then each side is asked about what only the other found, so that every candidate has both its scores. */
    const byBoth = async (asked: Promise<readonly AskedGroup[]>, all: IndexScope, question: string, limit: number) => {
      const [text, [groups, vectors]] = await Promise.all([byWords(all, question, limit), asked.then(async (groups) => [groups, await nearest(groups, limit)] as const)])
      const [read, near] = [new Set(text.map(({ segmentId }) => segmentId)), new Set(vectors.map(({ segmentId }) => segmentId))]
      const [alsoText, alsoNear] = await Promise.all([
        byWords(all, question, 0, [...near].filter((id) => !read.has(id))), nearest(groups, 0, [...read].filter((id) => !near.has(id))),
      ])
      return { vectors: [...vectors, ...alsoNear], text: [...text, ...alsoText] }
    }
    const idsIn = async ({ workspaceId, datasetIds }: IndexScope, hits: readonly Hit[]): Promise<Set<string>> => {
      if (datasetIds.length === 0) return new Set()
      const rows = await db.query<{ id: string }>(
        'SELECT id FROM document_segments WHERE workspace_id = $1 AND dataset_id = ANY ($2::uuid[]) AND id = ANY ($3::uuid[])',
        [workspaceId, datasetIds, hits.map(({ segmentId }) => segmentId)])
      return new Set(rows.map(({ id }) => id))
    }

    return {
      find: async (search: Search): Promise<Candidates> => {
        const { workspaceId, datasets, documentIds, question, method, limit, signal, weights = defaultWeights } = search
        const scopeOf = (some: readonly SearchedDataset[]): IndexScope => ({ workspaceId, datasetIds: some.map(({ id }) => id), ...documentIds ? { documentIds } : {} })
        if (method === 'full_text_search' || method === 'keyword_search') return { hits: await byWords(scopeOf(datasets), question, limit), vectors: [] }
        const groups = Promise.all([...byModel(datasets)].map(async ([, { model, members }]): Promise<AskedGroup> =>
          ({ scope: scopeOf(members), vector: await askedModels.embed(workspaceId, model, question, signal) })))
        const wordsOnly = scopeOf(datasets.filter((one) => modelOf(one) === undefined))
        if (method === 'semantic_search') {
          const vectors = await nearest(await groups, limit)
          return { hits: [...bestOfSegments(vectors), ...await byWords(wordsOnly, question, limit)], vectors }
        }
        const { vectors, text } = await byBoth(groups, scopeOf(datasets), question, limit)
        return { hits: fuse({ vector: bestOfSegments(vectors), text }, weights, await idsIn(wordsOnly, text)), vectors }
      },
    }
  },
})

const modelOf = (dataset: SearchedDataset): ModelRef | undefined => dataset.indexing_technique === 'high_quality' ? embeddingModelOf(dataset) : undefined

const byModel = (datasets: readonly SearchedDataset[]): Map<string, { model: ModelRef; members: SearchedDataset[] }> => {
  const groups = new Map<string, { model: ModelRef; members: SearchedDataset[] }>()
  for (const dataset of datasets) {
    const model = modelOf(dataset)
    if (!model) continue
    const key = JSON.stringify([model.provider, model.model])
    const group = groups.get(key) ?? { model, members: [] }
    group.members.push(dataset)
    groups.set(key, group)
  }
  return groups
}

/** A segment scores as the best of its vectors. */
const bestOfSegments = (vectors: readonly VectorHit[]): Hit[] => {
  const best = new Map<string, number>()
  for (const { segmentId, score } of vectors) best.set(segmentId, Math.max(score, best.get(segmentId) ?? 0))
  return [...best].map(([segmentId, score]) => ({ segmentId, score }))
}
