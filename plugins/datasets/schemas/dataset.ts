import Joi from 'joi'
import type { DatasetPermission, IndexingTechnique, SummaryIndexSetting } from '../models/dataset.ts'
import type { SearchMethod } from '../ports.ts'
import { boolean, integer, listed, nothing, pageFields, string, stringOrNull, text, time, uuid } from './common.ts'
import type { Listed, Page } from './common.ts'
import { metadataItem } from './metadata.ts'
import type { MetadataItem } from './metadata.ts'
import { externalRetrievalModel } from './external.ts'
import type { ExternalRetrievalModel } from './external.ts'
import { retrievalModel } from './retrieval-model.ts'
import type { RetrievalModel } from './retrieval-model.ts'

export const indexingTechnique = Joi.string<IndexingTechnique>().valid('high_quality', 'economy')
export const summaryIndexSetting = Joi.object<SummaryIndexSetting>({
  enable: Joi.boolean(), model_name: text(0, 255), model_provider_name: text(0, 255), summary_prompt: text(0, 10_000),
})
/** Fields that both making and changing take. */
export interface DatasetSettings {
  description?: string | null
  indexing_technique?: IndexingTechnique | null
  permission?: DatasetPermission | null
  embedding_model?: string | null
  embedding_model_provider?: string | null
  retrieval_model?: RetrievalModel | null
  summary_index_setting?: SummaryIndexSetting | null
  external_knowledge_api_id?: string | null
  external_knowledge_id?: string | null
  external_retrieval_model?: ExternalRetrievalModel | null
}
export interface NewDataset extends DatasetSettings { name: string; provider?: 'vendor' | 'external' }
export interface DatasetChange extends DatasetSettings {
  name?: string | null
  partial_member_list?: { user_id: string }[] | null
}

const settings = {
  description: text(0, 400).allow(null),
  indexing_technique: indexingTechnique.allow(null),
  permission: Joi.string<DatasetPermission>().valid('only_me', 'all_team_members', 'partial_members').allow(null),
  embedding_model: text(0, 255).allow(null),
  embedding_model_provider: text(0, 255).allow(null),
  retrieval_model: retrievalModel.allow(null),
  summary_index_setting: summaryIndexSetting.allow(null),
  external_knowledge_api_id: text(0, 255).allow(null),
  external_knowledge_id: text(0, 255).allow(null),
  external_retrieval_model: externalRetrievalModel.allow(null),
}
const name = text(1, 40).trim()
export const newDataset = Joi.object<NewDataset, true>({
  ...settings, name: name.required(), provider: Joi.string<'vendor' | 'external'>().valid('vendor', 'external'),
})
export const datasetChange = Joi.object<DatasetChange, true>({
  ...settings, name: name.allow(null),
  partial_member_list: Joi.array().items(Joi.object<{ user_id: string }, true>({ user_id: uuid.required() })).max(1000).allow(null),
})

export interface DatasetFilter extends Page { keyword?: string; include_all?: boolean; tag_ids: string[] }
export const idFilter = Joi.array<string[]>().items(uuid).max(100).single().empty('').default([])
export const filterFields = { ...pageFields, keyword: text(0, 200), include_all: Joi.boolean().empty('').default(false), tag_ids: idFilter }
export const datasetFilter = Joi.object<DatasetFilter>(filterFields)

/** How a dataset is searched, with every field filled. */
export interface RetrievalModelDict {
  search_method: SearchMethod
  reranking_enable: boolean
  reranking_mode: string | null
  reranking_model: { reranking_provider_name: string; reranking_model_name: string }
  weights: object | null
  top_k: number
  score_threshold_enabled: boolean
  score_threshold: number | null
}
/** For what an external dataset stands, and who is asked. */
export interface ExternalKnowledgeInfo {
  external_knowledge_id: string
  external_knowledge_api_id: string
  external_knowledge_api_name: string
  external_knowledge_api_endpoint: string
}
const externalKnowledgeInfo = Joi.object<ExternalKnowledgeInfo>({
  external_knowledge_id: string, external_knowledge_api_id: string, external_knowledge_api_name: string, external_knowledge_api_endpoint: string,
}).allow(null).required()
const externalSettings = Joi.object<Required<ExternalRetrievalModel>>({
  top_k: integer, score_threshold: Joi.number().required(), score_threshold_enabled: boolean,
}).allow(null).required()
export interface TagItem { readonly id: string; readonly name: string; readonly type: 'knowledge' }
const tagItem = Joi.object<TagItem, true>({ id: string, name: string, type: Joi.string<'knowledge'>().valid('knowledge').required() })
export interface DatasetItem {
  id: string
  name: string
  description: string
  provider: string
  permission: string
  data_source_type: string | null
  indexing_technique: string | null
  app_count: number
  document_count: number
  word_count: number
  created_by: string
  author_name: string | null
  created_at: number
  updated_by: string | null
  updated_at: number
  embedding_model: string | null
  embedding_model_provider: string | null
  embedding_available: boolean
  retrieval_model_dict: RetrievalModelDict
  summary_index_setting: object | null
  tags: TagItem[]
  doc_form: string | null
  external_knowledge_info: ExternalKnowledgeInfo | null
  external_retrieval_model: Required<ExternalRetrievalModel> | null
  doc_metadata: MetadataItem[]
  built_in_field_enabled: boolean
  pipeline_id: null
  runtime_mode: string
  chunk_structure: null
  icon_info: null
  is_published: boolean
  total_documents: number
  total_available_documents: number
  enable_api: boolean
  is_multimodal: boolean
  maintainer: string | null
  partial_member_list?: string[]
}
export const datasetItem = Joi.object<DatasetItem, true>({
  id: string, name: string, description: string, provider: string, permission: string, data_source_type: stringOrNull, indexing_technique: stringOrNull,
  app_count: integer, document_count: integer, word_count: integer,
  created_by: string, author_name: stringOrNull, created_at: time, updated_by: stringOrNull, updated_at: time,
  embedding_model: stringOrNull, embedding_model_provider: stringOrNull, embedding_available: boolean,
  retrieval_model_dict: Joi.object<RetrievalModelDict>({
    search_method: string, reranking_enable: boolean, reranking_mode: stringOrNull,
    reranking_model: Joi.object({ reranking_provider_name: string, reranking_model_name: string }).required(),
    weights: Joi.object().unknown().allow(null).required(), top_k: integer,
    score_threshold_enabled: boolean, score_threshold: Joi.number().allow(null).required(),
  }).required(),
  summary_index_setting: Joi.object().unknown().allow(null).required(),
  tags: Joi.array<TagItem[]>().items(tagItem).required(), doc_form: stringOrNull, external_knowledge_info: externalKnowledgeInfo, external_retrieval_model: externalSettings, doc_metadata: Joi.array<MetadataItem[]>().items(metadataItem).required(),
  built_in_field_enabled: boolean, pipeline_id: nothing, runtime_mode: string, chunk_structure: nothing, icon_info: nothing, is_published: boolean,
  total_documents: integer, total_available_documents: integer, enable_api: boolean, is_multimodal: boolean, maintainer: stringOrNull,
  partial_member_list: Joi.array().items(Joi.string()),
})
export const datasetPage = Joi.object<Listed<DatasetItem>, true>(listed(datasetItem))
