import type { DocumentRow } from '../models/document.ts'
import type { ChildChunkRow, SegmentRow } from '../models/segment.ts'
import type { SegmentImportRow } from '../models/segment-import.ts'
import type { RetrievedChild } from '../ports.ts'
import type { ImportState } from '../schemas/segment-import.ts'
import type { ChildItem, RetrieveAnswer, SegmentItem } from '../schemas/segment.ts'
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

/** A segment with what it was cut into, in order; nothing but in parent-child form. */
export interface ListedSegment extends SegmentRow { readonly children: readonly ChildChunkRow[] }
export const presentSegment = (row: ListedSegment): SegmentItem => ({
  ...core(row), updated_at: seconds(row.updated_at), updated_by: row.updated_by, child_chunks: row.children.map(presentChild), attachments: [], summary: null,
})
export const presentChild = (row: ChildChunkRow): ChildItem => ({
  id: row.id, segment_id: row.segment_id, content: row.content, position: row.position, word_count: row.word_count, type: row.type,
  created_at: seconds(row.created_at), updated_at: seconds(row.updated_at),
})

/** A segment with its score, the children by which it was found, and what a searcher wants to know of its document. */
export interface FoundSegment extends SegmentRow {
  readonly score: number
  readonly children: readonly RetrievedChild[]
  readonly document: Pick<DocumentRow, 'id' | 'data_source_type' | 'name' | 'doc_type' | 'doc_metadata'>
}
export const presentFound = (query: string, found: readonly FoundSegment[]): RetrieveAnswer => ({
  query: { content: query },
  records: found.map((segment) => ({
    segment: { ...core(segment), document: segment.document }, child_chunks: [...segment.children], score: segment.score, tsne_position: null, files: [], summary: null,
  })),
})

export const presentImport = ({ id, status, error, total, done }: SegmentImportRow): ImportState =>
  ({ job_id: id, job_status: status, error, total_segments: total, completed_segments: done })
