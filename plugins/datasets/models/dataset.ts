import { DataTypes } from 'sequelize'
import { model } from '../../../core/index.ts'
import type { ModelRef } from '../ports.ts'
import type { RetrievalModel } from '../schemas/retrieval-model.ts'

export type IndexingTechnique = 'high_quality' | 'economy'
export type DatasetPermission = 'only_me' | 'all_team_members' | 'partial_members'
export interface SummaryIndexSetting { enable?: boolean; model_name?: string; model_provider_name?: string; summary_prompt?: string }

export interface DatasetRow {
  id: string
  workspace_id: string
  name: string
  description: string
  provider: string
  permission: DatasetPermission
  data_source_type: string | null
  /** Null until the first document, or whoever makes the dataset, decides. */
  indexing_technique: IndexingTechnique | null
  embedding_model_provider: string | null
  embedding_model: string | null
  /** As it was given; null where the defaults hold. */
  retrieval_model: RetrievalModel | null
  summary_index_setting: SummaryIndexSetting | null
  doc_form: string | null
  runtime_mode: string
  enable_api: boolean
  built_in_field_enabled: boolean
  created_by: string
  created_at: Date
  updated_by: string | null
  updated_at: Date
}

/** By which its texts become vectors; undefined where it has none, or nobody has decided yet. */
export const embeddingModelOf = (
  { embedding_model_provider: provider, embedding_model: model }: Pick<DatasetRow, 'embedding_model_provider' | 'embedding_model'>,
): ModelRef | undefined => provider !== null && model !== null ? { provider, model } : undefined

export const Dataset = model<DatasetRow>('datasets', {
  id: { type: DataTypes.UUID, primaryKey: true },
  workspace_id: DataTypes.UUID,
  name: DataTypes.TEXT,
  description: DataTypes.TEXT,
  provider: DataTypes.TEXT,
  permission: DataTypes.TEXT,
  data_source_type: DataTypes.TEXT,
  indexing_technique: DataTypes.TEXT,
  embedding_model_provider: DataTypes.TEXT,
  embedding_model: DataTypes.TEXT,
  retrieval_model: DataTypes.JSONB,
  summary_index_setting: DataTypes.JSONB,
  doc_form: DataTypes.TEXT,
  runtime_mode: DataTypes.TEXT,
  enable_api: DataTypes.BOOLEAN,
  built_in_field_enabled: DataTypes.BOOLEAN,
  created_by: DataTypes.UUID,
  created_at: DataTypes.DATE,
  updated_by: DataTypes.UUID,
  updated_at: DataTypes.DATE,
})

/** With whom a dataset of the permission `partial_members` is shared. */
export interface DatasetGrantRow { workspace_id: string; dataset_id: string; account_id: string; created_at: Date }
export const DatasetGrant = model<DatasetGrantRow>('dataset_permissions', {
  workspace_id: DataTypes.UUID,
  dataset_id: { type: DataTypes.UUID, primaryKey: true },
  account_id: { type: DataTypes.UUID, primaryKey: true },
  created_at: DataTypes.DATE,
})

/** What was asked of a dataset. */
export interface DatasetQueryRow {
  id: string
  workspace_id: string
  dataset_id: string
  content: string
  source: 'hit_testing' | 'app'
  source_app_id: string | null
  created_by: string
  created_at: Date
}
export const DatasetQuery = model<DatasetQueryRow>('dataset_queries', {
  id: { type: DataTypes.UUID, primaryKey: true },
  workspace_id: DataTypes.UUID,
  dataset_id: DataTypes.UUID,
  content: DataTypes.TEXT,
  source: DataTypes.TEXT,
  source_app_id: DataTypes.UUID,
  created_by: DataTypes.UUID,
  created_at: DataTypes.DATE,
})
