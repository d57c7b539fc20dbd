/** Search: by meaning, by words, or by both, in one or many datasets of a workspace. */
import { database, HttpError, logger, service } from '../../../core/index.ts'
import { models } from '../../models/ports.ts'
import type { ModelRef } from '../../models/ports.ts'
import { datasetErrors } from '../errors.ts'
import { Dataset } from '../models/dataset.ts'
import type { DatasetRow } from '../models/dataset.ts'
import { textIndex, vectorIndex } from '../ports.ts'
import type { Datasets, Hit, IndexScope, RetrievedSegment } from '../ports.ts'
import { defaultWeights, fuse } from './fusion.ts'

export type Retrieval = Pick<Datasets, 'retrieve'>

/** Each side is asked for so many segments at least and at most. */
const FEWEST = 50
const MOST = 200

/** Datasets whose vectors one question vector can be compared with. */
interface Group { readonly model: ModelRef; readonly scope: IndexScope }
interface AskedGroup { readonly scope: IndexScope; readonly vector: Float32Array }

export const retrieval = service('datasets.retrieval', {
  uses: { db: database, models, vectorIndex, textIndex, Dataset, log: logger },
  create: ({ db, models, vectorIndex, textIndex, Dataset, log }): Retrieval => {
    /** What goes wrong at the provider is its own matter: it is logged, and told only as such. */
    const ask = async ({ model, scope }: Group, question: string, signal?: AbortSignal): Promise<AskedGroup> => {
      try {
        const { vectors: [vector] } = await models.embed(scope.workspaceId, model, { texts: [question], purpose: 'query', ...signal ? { signal } : {} })
        if (!vector) throw new Error('it returned no vector')
        return { scope, vector }
      } catch (error) {
        if (error instanceof HttpError || signal?.aborted) throw error
        log.error({ err: error, model }, 'a model did not answer')
        throw datasetErrors.modelFailed(undefined, { cause: error })
      }
    }
    const nearest = async (groups: readonly AskedGroup[], limit: number, also?: readonly string[]): Promise<Hit[]> =>
      (await Promise.all(groups.map(({ scope, vector }) => vectorIndex.search(scope, vector, limit, also)))).flat()

    /** Each side is asked about what only the other found, so that every candidate has both its scores. */
    const byBoth = async (groups: readonly AskedGroup[], all: IndexScope, question: string, limit: number) => {
      const near = await nearest(groups, limit)
      const text = await textIndex.search(all, question, limit, near.map(({ segmentId }) => segmentId))
      const known = new Set(near.map(({ segmentId }) => segmentId))
      const missing = text.map(({ segmentId }) => segmentId).filter((id) => !known.has(id))
      return { vector: missing.length > 0 ? [...near, ...await nearest(groups, 0, missing)] : near, text }
    }
    const idsIn = async ({ workspaceId, datasetIds }: IndexScope, hits: readonly Hit[]): Promise<Set<string>> => {
      if (datasetIds.length === 0) return new Set()
      const rows = await db.query<{ id: string }>(
        'SELECT id FROM document_segments WHERE workspace_id = $1 AND dataset_id = ANY ($2::uuid[]) AND id = ANY ($3::uuid[])',
        [workspaceId, datasetIds, hits.map(({ segmentId }) => segmentId)])
      return new Set(rows.map(({ id }) => id))
    }
    /** With what is shown of them; equal scores in the order of the documents and of their texts. */
    const present = async (workspaceId: string, hits: readonly Hit[]): Promise<RetrievedSegment[]> => {
      const scores = new Map(hits.map(({ segmentId, score }) => [segmentId, score]))
      const rows = await db.query<Omit<RetrievedSegment, 'score'>>(
        `SELECT s.id AS "segmentId", s.document_id AS "documentId", d.name AS "documentName", s.dataset_id AS "datasetId", s.content
         FROM document_segments s JOIN documents d ON d.workspace_id = s.workspace_id AND d.id = s.document_id
         WHERE s.workspace_id = $1 AND s.id = ANY ($2::uuid[]) ORDER BY s.dataset_id, d.position, s.position, s.id`,
        [workspaceId, [...scores.keys()]])
      return rows.map((row) => ({ ...row, score: scores.get(row.segmentId) ?? 0 })).sort((a, b) => b.score - a.score)
    }

    return {
      retrieve: async (workspaceId, datasetIds, question, { method, topK, scoreThreshold = 0, weights = defaultWeights }, signal) => {
        const rows = await Dataset.findAll({ where: { workspace_id: workspaceId, id: [...datasetIds] } })
        if (rows.length === 0 || question.trim() === '') return []
        const all: IndexScope = { workspaceId, datasetIds: rows.map(({ id }) => id) }
        const wordsOnly: IndexScope = { workspaceId, datasetIds: rows.filter((row) => !hasVectors(row)).map(({ id }) => id) }
        const limit = Math.min(MOST, Math.max(FEWEST, topK))

        const search = async (): Promise<readonly Hit[]> => {
          if (method === 'full_text_search' || method === 'keyword_search') return textIndex.search(all, question, limit)
          const groups = await Promise.all(groupByModel(workspaceId, rows).map((group) => ask(group, question, signal)))
          if (method === 'semantic_search') return [...await nearest(groups, limit), ...await textIndex.search(wordsOnly, question, limit)]
          const sides = await byBoth(groups, all, question, limit)
          return fuse(sides, weights, await idsIn(wordsOnly, sides.text))
        }
        const hits = [...await search()].filter(({ score }) => score >= scoreThreshold).sort((a, b) => b.score - a.score)
        signal?.throwIfAborted()
        // Those that are equal to the last go along until their order is known.
        const last = hits[topK - 1]?.score ?? 0
        return (await present(workspaceId, hits.filter(({ score }) => score >= last))).slice(0, topK)
      },
    }
  },
})

const hasVectors = (row: DatasetRow): boolean =>
  row.indexing_technique === 'high_quality' && row.embedding_model !== null && row.embedding_model_provider !== null

const groupByModel = (workspaceId: string, rows: readonly DatasetRow[]): Group[] => {
  const groups = new Map<string, { model: ModelRef; scope: { workspaceId: string; datasetIds: string[] } }>()
  for (const row of rows.filter(hasVectors)) {
    const model = { provider: row.embedding_model_provider as string, model: row.embedding_model as string }
    const key = JSON.stringify([model.provider, model.model])
    const group = groups.get(key) ?? { model, scope: { workspaceId, datasetIds: [] } }
    group.scope.datasetIds.push(row.id)
    groups.set(key, group)
  }
  return [...groups.values()]
}
