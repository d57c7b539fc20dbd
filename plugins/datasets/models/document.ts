import { DataTypes } from 'sequelize'
import { model } from '../../../core/index.ts'

export type IndexingStatus = 'waiting' | 'parsing' | 'splitting' | 'indexing' | 'completed' | 'error'

export interface DocumentRow {
  id: string
  workspace_id: string
  dataset_id: string
  /** From 1, unique in the dataset. */
  position: number
  /** Counts the contents that the document has had; a job of an earlier one finds nothing to do. */
  generation: number
  batch: string
  name: string
  data_source_type: string
  upload_file_id: string | null
  dataset_process_rule_id: string | null
  doc_form: string
  doc_language: string
  doc_type: string | null
  doc_metadata: Record<string, unknown> | null
  indexing_status: IndexingStatus
  error: string | null
  enabled: boolean
  disabled_at: Date | null
  disabled_by: string | null
  archived: boolean
  is_paused: boolean
  paused_at: Date | null
  /** The last sign of life of its indexing. */
  checked_at: Date
  /** How often indexing was taken up again without having come further. */
  stalls: number
  /** Sum over its segments, in code points. */
  word_count: number
  tokens: number
  /** Seconds from the first step to the last. */
  indexing_latency: number | null
  processing_started_at: Date | null
  parsing_completed_at: Date | null
  cleaning_completed_at: Date | null
  splitting_completed_at: Date | null
  completed_at: Date | null
  stopped_at: Date | null
  created_from: 'api' | 'web'
  created_by: string
  created_at: Date
  updated_at: Date
}

export const Document = model<DocumentRow>('documents', {
  id: { type: DataTypes.UUID, primaryKey: true },
  workspace_id: DataTypes.UUID,
  dataset_id: DataTypes.UUID,
  position: DataTypes.INTEGER,
  generation: DataTypes.INTEGER,
  batch: DataTypes.TEXT,
  name: DataTypes.TEXT,
  data_source_type: DataTypes.TEXT,
  upload_file_id: DataTypes.UUID,
  dataset_process_rule_id: DataTypes.UUID,
  doc_form: DataTypes.TEXT,
  doc_language: DataTypes.TEXT,
  doc_type: DataTypes.TEXT,
  doc_metadata: DataTypes.JSONB,
  indexing_status: DataTypes.TEXT,
  error: DataTypes.TEXT,
  enabled: DataTypes.BOOLEAN,
  disabled_at: DataTypes.DATE,
  disabled_by: DataTypes.UUID,
  archived: DataTypes.BOOLEAN,
  is_paused: DataTypes.BOOLEAN,
  paused_at: DataTypes.DATE,
  checked_at: DataTypes.DATE,
  stalls: DataTypes.INTEGER,
  word_count: DataTypes.INTEGER,
  tokens: DataTypes.INTEGER,
  indexing_latency: DataTypes.DOUBLE,
  processing_started_at: DataTypes.DATE,
  parsing_completed_at: DataTypes.DATE,
  cleaning_completed_at: DataTypes.DATE,
  splitting_completed_at: DataTypes.DATE,
  completed_at: DataTypes.DATE,
  stopped_at: DataTypes.DATE,
  created_from: DataTypes.TEXT,
  created_by: DataTypes.UUID,
  created_at: DataTypes.DATE,
  updated_at: DataTypes.DATE,
})

/** The file from which a document was made, or is to be. */
export interface UploadFileRow {
  id: string
  workspace_id: string
  storage_key: string
  /** As the client called it: a label. */
  name: string
  /** Lower case, without the dot. */
  extension: string
  mime_type: string
  /** Bytes; the driver reads a bigint as text. */
  size: number | string
  /** SHA-256, hex. */
  hash: string
  created_by: string
  created_at: Date
  /** Of one that is no document yet; those that wait too long are removed. */
  waiting_since: Date | null
}
export const UploadFile = model<UploadFileRow>('upload_files', {
  id: { type: DataTypes.UUID, primaryKey: true },
  workspace_id: DataTypes.UUID,
  storage_key: DataTypes.TEXT,
  name: DataTypes.TEXT,
  extension: DataTypes.TEXT,
  mime_type: DataTypes.TEXT,
  size: DataTypes.BIGINT,
  hash: DataTypes.TEXT,
  created_by: DataTypes.UUID,
  created_at: DataTypes.DATE,
  waiting_since: DataTypes.DATE,
})

/** What a document is when none of its present content has been indexed yet. */
export const UNINDEXED: Partial<DocumentRow> = {
  indexing_status: 'waiting', error: null, word_count: 0, tokens: 0, indexing_latency: null, stalls: 0, is_paused: false, paused_at: null,
  processing_started_at: null, parsing_completed_at: null, cleaning_completed_at: null, splitting_completed_at: null, completed_at: null, stopped_at: null,
}
