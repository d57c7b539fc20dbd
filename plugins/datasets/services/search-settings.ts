/** From a retrieval model, as clients say it, to the settings of a search. */
import type { DatasetRow } from '../models/dataset.ts'
import type { RetrievalSettings } from '../ports.ts'
import { DEFAULT_RETRIEVAL } from '../schemas/retrieval-model.ts'
import type { RetrievalModel } from '../schemas/retrieval-model.ts'

/** What the request says goes before what the dataset says, and that before the defaults. */
export const searchSettings = (dataset: DatasetRow, given: RetrievalModel | null | undefined): RetrievalSettings => {
  const model = given ?? dataset.retrieval_model ?? DEFAULT_RETRIEVAL
  const byVectors = model.search_method === 'semantic_search' || model.search_method === 'hybrid_search'
  const weights = shares(model)
  const rerank = rerankerOf(model)
  const filter = filterOf(model)
  return {
    method: byVectors && dataset.indexing_technique !== 'high_quality' ? 'keyword_search' : model.search_method,
    topK: model.top_k,
    ...model.score_threshold_enabled && model.score_threshold != null ? { scoreThreshold: model.score_threshold } : {},
    ...weights ? { weights } : {},
    ...rerank ? { rerank } : {},
    ...filter ? { filter } : {},
  }
}

const shares = ({ weights }: RetrievalModel): RetrievalSettings['weights'] => {
  const vector = weights?.vector_setting?.vector_weight
  const text = weights?.keyword_setting?.keyword_weight
  if (vector === undefined || text === undefined) return undefined
  return { vector: vector / (vector + text), text: text / (vector + text) }
}

/** Undefined where nothing is scored anew: it is switched off, no model is named, or the weights are to decide. */
export const rerankerOf = ({ reranking_enable: enabled, reranking_mode: mode, reranking_model: named }: RetrievalModel): RetrievalSettings['rerank'] => {
  const { reranking_provider_name: provider, reranking_model_name: model } = named ?? {}
  return enabled && mode !== 'weighted_score' && provider && model ? { provider, model } : undefined
}

const filterOf = ({ metadata_filtering_conditions: filtering }: RetrievalModel): RetrievalSettings['filter'] => filtering?.conditions?.length ? {
  match: filtering.logical_operator === 'or' ? 'any' : 'all',
  conditions: filtering.conditions.map(({ name, comparison_operator, value }) => ({ name, operator: comparison_operator, value: value ?? null })),
} : undefined
