/** From a retrieval model, as clients say it, to the settings of a search. */
import type { DatasetRow } from '../models/dataset.ts'
import type { RetrievalSettings } from '../ports.ts'
import type { ExternalRetrievalModel } from '../schemas/external.ts'
import { DEFAULT_EXTERNAL, DEFAULT_RETRIEVAL } from '../schemas/retrieval-model.ts'
import type { MetadataConditions, RetrievalModel } from '../schemas/retrieval-model.ts'

/** What the request says goes before what the dataset says, and that before the defaults. @param external heeded where the dataset is external */
export const searchSettings = (dataset: DatasetRow, given: RetrievalModel | null | undefined, external?: ExternalRetrievalModel | null): RetrievalSettings => {
  const said = given ?? dataset.retrieval_model
  const model = dataset.provider === 'external' ? withExternal(said, external) : said ?? DEFAULT_RETRIEVAL
  const byVectors = model.search_method === 'semantic_search' || model.search_method === 'hybrid_search'
  const weights = shares(model)
  const rerank = rerankerOf(model)
  const filter = filterOf(model.metadata_filtering_conditions)
  return {
    method: byVectors && dataset.indexing_technique !== 'high_quality' ? 'keyword_search' : model.search_method,
    topK: model.top_k,
    ...model.score_threshold_enabled && model.score_threshold != null ? { scoreThreshold: model.score_threshold } : {},
    ...weights ? { weights } : {},
    ...rerank ? { rerank } : {},
    ...filter ? { filter } : {},
  }
}

/** How an external dataset is searched: what is said of external ones alone goes before the rest. */
export const withExternal = (said: RetrievalModel | null | undefined, external: ExternalRetrievalModel | null | undefined): RetrievalModel => ({
  ...said ?? DEFAULT_EXTERNAL,
  ...external?.top_k == null ? {} : { top_k: external.top_k },
  ...external?.score_threshold == null ? {} : { score_threshold: external.score_threshold },
  ...external?.score_threshold_enabled == null ? {} : { score_threshold_enabled: external.score_threshold_enabled },
})

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

export const filterOf = (filtering: MetadataConditions | null | undefined): RetrievalSettings['filter'] => filtering?.conditions?.length ? {
  match: filtering.logical_operator === 'or' ? 'any' : 'all',
  conditions: filtering.conditions.map(({ name, comparison_operator, value }) => ({ name, operator: comparison_operator, value: value ?? null })),
} : undefined
