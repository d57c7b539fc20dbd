import Joi from 'joi'
import type { ComparisonOperator, SearchMethod } from '../ports.ts'
import { problemOf } from '../queries/metadata.ts'
import { text } from './common.ts'

export interface RerankingModel { reranking_provider_name?: string | null; reranking_model_name?: string | null }
export interface Weights {
  weight_type?: 'semantic_first' | 'keyword_first' | 'customized' | null
  vector_setting?: { vector_weight?: number; embedding_provider_name?: string | null; embedding_model_name?: string | null } | null
  keyword_setting?: { keyword_weight?: number } | null
}
export interface MetadataConditionInput { name: string; comparison_operator: ComparisonOperator; value?: string | number | string[] | null }
export interface MetadataConditions { logical_operator?: 'and' | 'or' | null; conditions?: MetadataConditionInput[] | null }
/** How a dataset is searched, as clients say it. */
export interface RetrievalModel {
  search_method: SearchMethod
  reranking_enable: boolean
  reranking_mode?: 'reranking_model' | 'weighted_score' | null
  reranking_model?: RerankingModel | null
  weights?: Weights | null
  top_k: number
  score_threshold_enabled: boolean
  score_threshold?: number | null
  metadata_filtering_conditions?: MetadataConditions | null
}

const name = text(0, 255).allow(null)
const weight = Joi.number().min(0)
const operators: readonly ComparisonOperator[] = [
  'contains', 'not contains', 'start with', 'end with', 'is', 'is not', 'in', 'not in', 'empty', 'not empty', '=', '≠', '>', '<', '≥', '≤', 'before', 'after',
]
export const metadataCondition = Joi.object<MetadataConditionInput>({
  name: text(1, 255).required(),
  comparison_operator: Joi.string().valid(...operators).required(),
  value: Joi.alternatives().try(text(0, 2000), Joi.number(), Joi.array().items(text(0, 2000)).max(500)).allow(null),
}).custom((given: MetadataConditionInput, { message }) => {
  const problem = problemOf({ ...given, operator: given.comparison_operator })
  return problem === undefined ? given : message({ custom: `{{#label}}: ${problem.replaceAll('{', '')}` })
})
export const metadataConditions = Joi.object<MetadataConditions>({
  logical_operator: Joi.string().valid('and', 'or').allow(null),
  conditions: Joi.array().items(metadataCondition).max(50).allow(null),
})
export const retrievalModel = Joi.object<RetrievalModel, true>({
  search_method: Joi.string<SearchMethod>().valid('semantic_search', 'full_text_search', 'hybrid_search', 'keyword_search').required(),
  reranking_enable: Joi.boolean().required(),
  reranking_mode: Joi.string<'reranking_model' | 'weighted_score'>().valid('reranking_model', 'weighted_score').empty('').allow(null),
  reranking_model: Joi.object<RerankingModel, true>({ reranking_provider_name: name, reranking_model_name: name }).allow(null),
  weights: Joi.object<Weights>({
    weight_type: Joi.string().valid('semantic_first', 'keyword_first', 'customized').allow(null),
    vector_setting: Joi.object({ vector_weight: weight, embedding_provider_name: name, embedding_model_name: name }).allow(null),
    keyword_setting: Joi.object({ keyword_weight: weight }).allow(null),
  }).custom((weights: Weights, { message }) =>
    weights.vector_setting?.vector_weight === 0 && weights.keyword_setting?.keyword_weight === 0
      ? message({ custom: '{{#label}} are both 0; give one of them more' }) : weights).allow(null),
  top_k: Joi.number().integer().min(1).max(1000).required(),
  score_threshold_enabled: Joi.boolean().required(),
  score_threshold: Joi.number().allow(null),
  metadata_filtering_conditions: metadataConditions.allow(null),
})

/** What holds where nobody said otherwise. */
export const DEFAULT_RETRIEVAL: RetrievalModel = {
  search_method: 'semantic_search', reranking_enable: false, top_k: 4, score_threshold_enabled: false,
}
/** Of an external dataset: what its settings are told to be. */
export const DEFAULT_EXTERNAL: RetrievalModel = { ...DEFAULT_RETRIEVAL, top_k: 2 }
