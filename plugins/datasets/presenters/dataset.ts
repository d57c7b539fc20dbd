import type { DatasetRow } from '../models/dataset.ts'
import type { DatasetItem, ExternalKnowledgeInfo, RetrievalModelDict, TagItem } from '../schemas/dataset.ts'
import type { ExternalRetrievalModel } from '../schemas/external.ts'
import type { MetadataItem } from '../schemas/metadata.ts'
import { DEFAULT_EXTERNAL } from '../schemas/retrieval-model.ts'
import type { BoundApi } from '../services/external-bindings.ts'
import { presentFields } from './metadata.ts'
import { seconds } from './time.ts'

/** What a dataset is told with beside its own row. */
export interface DatasetFacts {
  readonly documents: number
  /** Completed, enabled and not archived. */
  readonly available: number
  readonly words: number
  readonly tags: readonly TagItem[]
  readonly fields: readonly MetadataItem[]
  readonly authorName: string | null
  readonly embeddingAvailable: boolean
  /** Whom it asks, where its knowledge lies elsewhere. */
  readonly external?: BoundApi | undefined
  /** Told only where it is given. */
  readonly partialMembers?: readonly string[]
}

export const presentDataset = (row: DatasetRow, facts: DatasetFacts): DatasetItem => ({
  id: row.id,
  name: row.name,
  description: row.description,
  provider: row.provider,
  permission: row.permission,
  data_source_type: row.data_source_type,
  indexing_technique: row.indexing_technique,
  app_count: 0,
  document_count: facts.documents,
  word_count: facts.words,
  created_by: row.created_by,
  author_name: facts.authorName,
  created_at: seconds(row.created_at),
  updated_by: row.updated_by,
  updated_at: seconds(row.updated_at),
  embedding_model: row.embedding_model,
  embedding_model_provider: row.embedding_model_provider,
  embedding_available: facts.embeddingAvailable,
  retrieval_model_dict: fillRetrievalModel(row),
  summary_index_setting: row.summary_index_setting,
  tags: [...facts.tags],
  doc_form: row.doc_form,
  external_knowledge_info: facts.external ? presentExternal(facts.external) : null,
  external_retrieval_model: facts.external ? externalSettings(row) : null,
  doc_metadata: presentFields(facts.fields, row.built_in_field_enabled),
  built_in_field_enabled: row.built_in_field_enabled,
  pipeline_id: null,
  runtime_mode: row.runtime_mode,
  chunk_structure: null,
  icon_info: null,
  is_published: false,
  total_documents: facts.documents,
  total_available_documents: facts.available,
  enable_api: row.enable_api,
  is_multimodal: false,
  maintainer: facts.authorName,
  ...facts.partialMembers ? { partial_member_list: [...facts.partialMembers] } : {},
})

const presentExternal = ({ id, name, endpoint, external_knowledge_id }: BoundApi): ExternalKnowledgeInfo => ({
  external_knowledge_id, external_knowledge_api_id: id, external_knowledge_api_name: name, external_knowledge_api_endpoint: endpoint,
})
const externalSettings = ({ retrieval_model: stored }: DatasetRow): Required<ExternalRetrievalModel> => {
  const { top_k, score_threshold, score_threshold_enabled } = stored ?? DEFAULT_EXTERNAL
  return { top_k, score_threshold: score_threshold ?? 0, score_threshold_enabled }
}

/** Every field filled. Without a setting clients are shown `top_k` 2; a search without one takes 4. */
const fillRetrievalModel = ({ retrieval_model: stored }: DatasetRow): RetrievalModelDict => ({
  search_method: stored?.search_method ?? 'semantic_search',
  reranking_enable: stored?.reranking_enable ?? false,
  reranking_mode: stored?.reranking_mode ?? null,
  reranking_model: {
    reranking_provider_name: stored?.reranking_model?.reranking_provider_name ?? '',
    reranking_model_name: stored?.reranking_model?.reranking_model_name ?? '',
  },
  weights: stored?.weights ?? null,
  top_k: stored?.top_k ?? 2,
  score_threshold_enabled: stored?.score_threshold_enabled ?? false,
  score_threshold: stored?.score_threshold ?? null,
})
