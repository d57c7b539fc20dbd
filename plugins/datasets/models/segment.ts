import { DataTypes } from 'sequelize'
import { model } from '../../../core/index.ts'

export type SegmentStatus = 'waiting' | 'indexing' | 'completed' | 'error'

export interface SegmentRow {
  id: string
  workspace_id: string
  dataset_id: string
  document_id: string
  /** That of the document when the segment was cut; others are on their way out and are shown to nobody. */
  generation: number
  /** From 1, unique in the document's generation. */
  position: number
  content: string
  answer: string | null
  /** Code points. */
  word_count: number
  tokens: number
  keywords: string[]
  /** SHA-256 of the content, hex. */
  index_node_hash: string
  hit_count: number
  enabled: boolean
  disabled_at: Date | null
  disabled_by: string | null
  status: SegmentStatus
  error: string | null
  indexing_at: Date | null
  completed_at: Date | null
  stopped_at: Date | null
  created_by: string
  created_at: Date
  updated_by: string | null
  updated_at: Date
}

/** What is found by words and what a reranking model reads: of a pair, the question and the answer. */
export const textOf = ({ content, answer }: Pick<SegmentRow, 'content' | 'answer'>): string => answer === null ? content : `${content}\n${answer}`

export const Segment = model<SegmentRow>('document_segments', {
  id: { type: DataTypes.UUID, primaryKey: true },
  workspace_id: DataTypes.UUID,
  dataset_id: DataTypes.UUID,
  document_id: DataTypes.UUID,
  generation: DataTypes.INTEGER,
  position: DataTypes.INTEGER,
  content: DataTypes.TEXT,
  answer: DataTypes.TEXT,
  word_count: DataTypes.INTEGER,
  tokens: DataTypes.INTEGER,
  keywords: DataTypes.ARRAY(DataTypes.TEXT),
  index_node_hash: DataTypes.TEXT,
  hit_count: DataTypes.INTEGER,
  enabled: DataTypes.BOOLEAN,
  disabled_at: DataTypes.DATE,
  disabled_by: DataTypes.UUID,
  status: DataTypes.TEXT,
  error: DataTypes.TEXT,
  indexing_at: DataTypes.DATE,
  completed_at: DataTypes.DATE,
  stopped_at: DataTypes.DATE,
  created_by: DataTypes.UUID,
  created_at: DataTypes.DATE,
  updated_by: DataTypes.UUID,
  updated_at: DataTypes.DATE,
})

/** What a segment is cut into in parent-child form. Its generation is that of its segment. */
export interface ChildChunkRow {
  id: string
  workspace_id: string
  dataset_id: string
  document_id: string
  segment_id: string
  /** From 1, unique in the segment. */
  position: number
  content: string
  /** Code points. */
  word_count: number
  /** SHA-256 of the content, hex. */
  index_node_hash: string
  /** Whether the rule made it, or somebody by hand. */
  type: 'automatic' | 'customized'
  status: 'waiting' | 'completed'
  created_by: string
  created_at: Date
  updated_at: Date
}
export const ChildChunk = model<ChildChunkRow>('child_chunks', {
  id: { type: DataTypes.UUID, primaryKey: true },
  workspace_id: DataTypes.UUID,
  dataset_id: DataTypes.UUID,
  document_id: DataTypes.UUID,
  segment_id: DataTypes.UUID,
  position: DataTypes.INTEGER,
  content: DataTypes.TEXT,
  word_count: DataTypes.INTEGER,
  index_node_hash: DataTypes.TEXT,
  type: DataTypes.TEXT,
  status: DataTypes.TEXT,
  created_by: DataTypes.UUID,
  created_at: DataTypes.DATE,
  updated_at: DataTypes.DATE,
})
