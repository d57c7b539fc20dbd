import type { DocumentRow, UploadFileRow } from '../models/document.ts'
import type { ProcessRuleRow } from '../models/process-rule.ts'
import type { ConsoleDocumentItem, DocumentItem, DocumentView, FileItem, IndexingState } from '../schemas/document.ts'
import type { MetadataValueItem } from '../schemas/metadata.ts'
import { seconds, secondsOrNull } from './time.ts'

/** A document with its file and the sums over its segments. */
export interface DocumentRecord extends DocumentRow {
  readonly file: UploadFileRow | null
  readonly hit_count: number
  readonly segment_count: number
  readonly completed_segments: number
  /** What it has of its dataset's fields. */
  readonly metadata: readonly MetadataValueItem[]
}

export type DisplayStatus = 'queuing' | 'indexing' | 'paused' | 'error' | 'available' | 'disabled' | 'archived'
/** One word for where a document stands. The first that fits holds. */
export const displayStatus = (row: Pick<DocumentRow, 'is_paused' | 'indexing_status' | 'archived' | 'enabled'>): DisplayStatus => {
  if (row.is_paused && row.indexing_status !== 'completed' && row.indexing_status !== 'error') return 'paused'
  if (row.indexing_status === 'waiting') return 'queuing'
  if (row.indexing_status === 'error') return 'error'
  if (row.indexing_status !== 'completed') return 'indexing'
  if (row.archived) return 'archived'
  return row.enabled ? 'available' : 'disabled'
}

export const presentFile = (file: UploadFileRow): FileItem => ({
  id: file.id, name: file.name, size: Number(file.size), extension: file.extension, mime_type: file.mime_type,
  created_by: file.created_by, created_at: seconds(file.created_at),
})

const core = (row: DocumentRecord) => ({
  id: row.id,
  position: row.position,
  data_source_type: row.data_source_type,
  dataset_process_rule_id: row.dataset_process_rule_id,
  name: row.name,
  created_from: row.created_from,
  created_by: row.created_by,
  created_at: seconds(row.created_at),
  tokens: row.tokens,
  indexing_status: shownStatus(row),
  error: row.error,
  enabled: row.enabled,
  disabled_at: secondsOrNull(row.disabled_at),
  disabled_by: row.disabled_by,
  archived: row.archived,
  display_status: displayStatus(row),
  word_count: row.word_count,
  hit_count: row.hit_count,
  doc_form: row.doc_form,
  summary_index_status: null,
  need_summary: false,
})
const shownStatus = (row: DocumentRow): string => displayStatus(row) === 'paused' ? 'paused' : row.indexing_status

export const presentDocument = (row: DocumentRecord): DocumentItem => ({
  ...core(row),
  data_source_info: row.upload_file_id === null ? {} : { upload_file_id: row.upload_file_id },
  data_source_detail_dict: row.file ? { upload_file: presentFile(row.file) } : {},
  doc_metadata: [...row.metadata],
})

export const presentConsoleDocument = (row: DocumentRecord): ConsoleDocumentItem => ({
  ...presentDocument(row), completed_segments: row.completed_segments, total_segments: row.segment_count,
})

/** The `metadata` that a client asks for decides which fields it gets. */
export const presentDocumentView = (
  row: DocumentRecord, rules: { own: ProcessRuleRow | null; dataset: ProcessRuleRow | null }, view: 'all' | 'only' | 'without',
): DocumentView => {
  const metadata = { id: row.id, doc_type: row.doc_type, doc_metadata: [...row.metadata] }
  if (view === 'only') return metadata
  return {
    ...core(row),
    data_source_info: row.file ? { upload_file: presentFile(row.file) } : {},
    dataset_process_rule: rules.dataset && presentRule(rules.dataset),
    document_process_rule: rules.own && presentRule(rules.own),
    doc_language: row.doc_language,
    completed_at: secondsOrNull(row.completed_at),
    updated_at: seconds(row.updated_at),
    indexing_latency: row.indexing_latency,
    segment_count: row.segment_count,
    average_segment_length: row.segment_count === 0 ? 0 : Math.floor(row.word_count / row.segment_count),
    ...view === 'all' ? metadata : {},
  }
}
const presentRule = ({ id, dataset_id, mode, rules }: ProcessRuleRow): object => ({ id, dataset_id, mode, rules })

export const presentIndexingState = (row: DocumentRecord): IndexingState => ({
  id: row.id,
  indexing_status: shownStatus(row),
  processing_started_at: secondsOrNull(row.processing_started_at),
  parsing_completed_at: secondsOrNull(row.parsing_completed_at),
  cleaning_completed_at: secondsOrNull(row.cleaning_completed_at),
  splitting_completed_at: secondsOrNull(row.splitting_completed_at),
  completed_at: secondsOrNull(row.completed_at),
  paused_at: secondsOrNull(row.paused_at),
  error: row.error,
  stopped_at: secondsOrNull(row.stopped_at),
  completed_segments: row.completed_segments,
  total_segments: row.segment_count,
})
