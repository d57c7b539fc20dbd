import type { DocumentRow } from '../models/document.ts'
import type { SegmentRow } from '../models/segment.ts'
import type { RetrieveAnswer, SegmentItem } from '../schemas/segment.ts'
import { seconds, secondsOrNull } from './time.ts'

const core = (row: SegmentRow) => ({
  id: row.id,
  position: row.position,
  document_id: row.document_id,
  content: row.content,
  // The content with links to its files signed; a segment has none.
  sign_content: row.content,
  answer: row.answer ?? '',
  word_count: row.word_count,
  tokens: row.tokens,
  keywords: row.keywords,
  // The indexes know a segment by its own id.
  index_node_id: row.id,
  index_node_hash: row.index_node_hash,
  hit_count: row.hit_count,
  enabled: row.enabled,
  disabled_at: secondsOrNull(row.disabled_at),
  disabled_by: row.disabled_by,
  status: row.status,
  created_by: row.created_by,
  created_at: seconds(row.created_at),
  indexing_at: secondsOrNull(row.indexing_at),
  completed_at: secondsOrNull(row.completed_at),
  error: row.error,
  stopped_at: secondsOrNull(row.stopped_at),
})

export const presentSegment = (row: SegmentRow): SegmentItem => ({
  ...core(row), updated_at: seconds(row.updated_at), updated_by: row.updated_by, child_chunks: [], attachments: [], summary: null,
})

/** A segment with what a searcher wants to know of its document. */
export interface FoundSegment extends SegmentRow { readonly document: Pick<DocumentRow, 'id' | 'data_source_type' | 'name' | 'doc_type' | 'doc_metadata'> }
export const presentFound = (query: string, found: readonly { segment: FoundSegment; score: number }[]): RetrieveAnswer => ({
  query: { content: query },
  records: found.map(({ segment, score }) => ({
    segment: { ...core(segment), document: segment.document }, child_chunks: [], score, tsne_position: null, files: [], summary: null,
  })),
})
