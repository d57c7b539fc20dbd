import { DataTypes } from 'sequelize'
import { model } from '../../../core/index.ts'
import type { FileType, TransferMethod } from '../../apps/ports.ts'

/** As `message_end` says it. Prices are decimal strings, times are seconds. */
export interface MessageUsage {
  prompt_tokens: number
  prompt_unit_price: string
  prompt_price_unit: string
  prompt_price: string
  completion_tokens: number
  completion_unit_price: string
  completion_price_unit: string
  completion_price: string
  total_tokens: number
  total_price: string
  currency: string
  latency: number
  time_to_first_token: number
  time_to_generate: number
}
/** A passage that the answer may rest on, as the wire has it. */
export interface RetrieverResource {
  position: number
  dataset_id: string
  dataset_name: string
  document_id: string
  document_name: string
  data_source_type: string
  segment_id: string
  retriever_from: string
  score: number
  hit_count: number
  word_count: number
  segment_position: number
  index_node_hash: string
  content: string
  page: number | null
  doc_metadata: Record<string, unknown> | null
  title: string | null
  files: unknown[]
  summary: string | null
}
export interface MessageMetadata {
  retriever_resources?: RetrieverResource[]
  annotation_reply?: { id: string; account: { id: string; name: string } }
  reasoning?: Record<string, string>
  /** Not what a model said, but what is said where moderation speaks up. */
  moderated?: boolean
}
export interface MessageRow {
  id: string
  workspace_id: string
  app_id: string
  conversation_id: string
  /** Its place in the conversation, from 1. */
  position: number
  inputs: Record<string, unknown>
  query: string
  answer: string
  status: 'running' | 'normal' | 'error' | 'stopped'
  error: string | null
  usage: MessageUsage | null
  metadata: MessageMetadata
  created_at: Date
  updated_at: Date
}

/** Holds of what a model may be shown of earlier messages: not of what failed or still runs, nor of what moderation kept from a model. */
export const TOLD = `status IN ('normal', 'stopped') AND answer <> '' AND query <> '' AND NOT metadata ? 'moderated'`

export const Message = model<MessageRow>('messages', {
  id: { type: DataTypes.UUID, primaryKey: true },
  workspace_id: DataTypes.UUID,
  app_id: DataTypes.UUID,
  conversation_id: DataTypes.UUID,
  position: DataTypes.INTEGER,
  inputs: DataTypes.JSONB,
  query: DataTypes.TEXT,
  answer: DataTypes.TEXT,
  status: DataTypes.TEXT,
  error: DataTypes.TEXT,
  usage: DataTypes.JSONB,
  metadata: DataTypes.JSONB,
  created_at: DataTypes.DATE,
  updated_at: DataTypes.DATE,
})

export interface MessageFileRow {
  id: string
  workspace_id: string
  message_id: string
  position: number
  belongs_to: 'user' | 'assistant'
  type: FileType
  transfer_method: TransferMethod
  url: string | null
  upload_file_id: string | null
}
export const MessageFile = model<MessageFileRow>('message_files', {
  id: { type: DataTypes.UUID, primaryKey: true },
  workspace_id: DataTypes.UUID,
  message_id: DataTypes.UUID,
  position: DataTypes.INTEGER,
  belongs_to: DataTypes.TEXT,
  type: DataTypes.TEXT,
  transfer_method: DataTypes.TEXT,
  url: DataTypes.TEXT,
  upload_file_id: DataTypes.UUID,
})
