import Joi from 'joi'
import type { IndexingTechnique } from '../models/dataset.ts'
import { boolean, integer, listed, nothing, pageFields, string, stringOrNull, text, time, timeOrNull, uuid } from './common.ts'
import type { DatasetParams, Listed, Page } from './common.ts'
import { indexingTechnique } from './dataset.ts'
import { metadataValueItem } from './metadata.ts'
import type { MetadataValueItem } from './metadata.ts'
import { docForms, processRule } from './process-rule.ts'
import type { DocForm, ProcessRuleInput } from './process-rule.ts'
import { retrievalModel } from './retrieval-model.ts'
import type { RetrievalModel } from './retrieval-model.ts'

export interface DocumentSettings {
  indexing_technique?: IndexingTechnique | null
  doc_form?: DocForm | null
  doc_language?: string | null
  process_rule?: ProcessRuleInput | null
  retrieval_model?: RetrievalModel | null
  embedding_model?: string | null
  embedding_model_provider?: string | null
  original_document_id?: string | null
  /** Whether a document made from a file of the same name is replaced; true unless given. */
  duplicate?: boolean | null
}
export interface TextDocument extends DocumentSettings { name: string; text: string }
/** Those of the settings that a document which is there already can be sent with. */
export const settingFields = {
  indexing_technique: indexingTechnique.allow(null),
  doc_form: Joi.string<DocForm>().valid(...docForms).allow(null),
  doc_language: text(0, 255).allow(null),
  process_rule: processRule.allow(null),
  retrieval_model: retrievalModel.allow(null),
  embedding_model: text(0, 255).allow(null),
  embedding_model_provider: text(0, 255).allow(null),
}
const settings = { ...settingFields, original_document_id: uuid.allow(null), duplicate: Joi.boolean().allow(null) }
export const textDocument = Joi.object<TextDocument, true>({ ...settings, name: text(1, 255).trim().required(), text: Joi.string().required() })
/** The text fields of the form; `data` arrives as a JSON string. */
export const fileDocument = Joi.object<{ data: DocumentSettings }>({ data: Joi.object<DocumentSettings, true>(settings).default({}) })

export interface DocumentFilter extends Page { keyword?: string; status?: string }
const filter = { ...pageFields, keyword: text(0, 255), status: Joi.string().allow('') }
export const documentFilter = Joi.object<DocumentFilter>(filter)

/** `-` before it: the largest, the last of the alphabet, the newest first. */
const sorts = ['created_at', 'hit_count', 'name', 'word_count'] as const
export type DocumentSort = typeof sorts[number] | `-${typeof sorts[number]}`
export interface ConsoleDocumentFilter extends DocumentFilter { sort: DocumentSort }
export const consoleDocumentFilter = Joi.object<ConsoleDocumentFilter>({
  ...filter, sort: Joi.string<DocumentSort>().valid(...sorts, ...sorts.map((name) => `-${name}` as const)).empty('').default('-created_at'),
})

export interface FileItem { id: string; name: string; size: number; extension: string; mime_type: string; created_by: string; created_at: number }
export const fileItem = Joi.object<FileItem, true>({
  id: string, name: string, size: integer, extension: string, mime_type: string, created_by: string, created_at: time,
})

const metadataValues = Joi.array<MetadataValueItem[]>().items(metadataValueItem).required()
interface DocumentCore {
  id: string
  position: number
  data_source_type: string
  dataset_process_rule_id: string | null
  name: string
  created_from: string
  created_by: string
  created_at: number
  tokens: number
  indexing_status: string
  error: string | null
  enabled: boolean
  disabled_at: number | null
  disabled_by: string | null
  archived: boolean
  display_status: string
  word_count: number
  hit_count: number
  doc_form: string
  summary_index_status: null
  need_summary: boolean
}
const core = {
  id: string, position: integer, data_source_type: string, dataset_process_rule_id: stringOrNull, name: string,
  created_from: string, created_by: string, created_at: time, tokens: integer, indexing_status: string, error: stringOrNull,
  enabled: boolean, disabled_at: timeOrNull, disabled_by: stringOrNull, archived: boolean, display_status: string, word_count: integer, hit_count: integer,
  doc_form: string, summary_index_status: nothing, need_summary: boolean,
}
export interface DocumentItem extends DocumentCore {
  data_source_info: { upload_file_id?: string }
  data_source_detail_dict: { upload_file?: FileItem }
  doc_metadata: MetadataValueItem[]
}
const item = {
  ...core, doc_metadata: metadataValues,
  data_source_info: Joi.object({ upload_file_id: Joi.string() }).required(), data_source_detail_dict: Joi.object({ upload_file: fileItem.optional() }).required(),
}
export const documentItem = Joi.object<DocumentItem, true>(item)
/** People are shown how far each one is, too. */
export interface ConsoleDocumentItem extends DocumentItem { completed_segments: number; total_segments: number }
export const consoleDocumentItem = Joi.object<ConsoleDocumentItem, true>({ ...item, completed_segments: integer, total_segments: integer })
export const consoleDocumentPage = Joi.object<Listed<ConsoleDocumentItem>, true>(listed(consoleDocumentItem))
export const documentPage = Joi.object<Listed<DocumentItem>, true>(listed(documentItem))
export interface CreatedDocument { document: DocumentItem; batch: string }
export const createdDocument = Joi.object<CreatedDocument, true>({ document: documentItem.required(), batch: string })

export interface DocumentDetail extends DocumentCore {
  data_source_info: { upload_file?: FileItem }
  dataset_process_rule: object | null
  document_process_rule: object | null
  doc_language: string
  completed_at: number | null
  updated_at: number
  indexing_latency: number | null
  segment_count: number
  average_segment_length: number
}
export interface DocumentMetadata { id: string; doc_type: string | null; doc_metadata: MetadataValueItem[] }
export type DocumentView = DocumentDetail | DocumentDetail & DocumentMetadata | DocumentMetadata
const metadata = { id: string, doc_type: stringOrNull, doc_metadata: metadataValues }
const rule = Joi.object().unknown().allow(null).required()
const detail = Joi.object<DocumentDetail>({
  ...core, data_source_info: Joi.object({ upload_file: fileItem.optional() }).required(),
  dataset_process_rule: rule, document_process_rule: rule, doc_language: string, completed_at: timeOrNull, updated_at: time,
  indexing_latency: Joi.number().allow(null).required(), segment_count: integer, average_segment_length: Joi.number().required(),
})
export const documentView = Joi.alternatives<DocumentView>(detail.keys(metadata), detail, Joi.object(metadata))
export const documentViewQuery = Joi.object<{ metadata: string }>({ metadata: Joi.string().empty('').default('all') })

export const batchParams = Joi.object<DatasetParams & { batch: string }, true>({
  dataset_id: uuid.required(), batch: Joi.string().pattern(/^\d{20}$/).required(),
})
export interface IndexingState {
  id: string
  indexing_status: string
  processing_started_at: number | null
  parsing_completed_at: number | null
  cleaning_completed_at: number | null
  splitting_completed_at: number | null
  completed_at: number | null
  paused_at: number | null
  error: string | null
  stopped_at: number | null
  completed_segments: number
  total_segments: number
}
export const indexingState = Joi.object<IndexingState, true>({
  id: string, indexing_status: string, processing_started_at: timeOrNull, parsing_completed_at: timeOrNull, cleaning_completed_at: timeOrNull,
  splitting_completed_at: timeOrNull, completed_at: timeOrNull, paused_at: timeOrNull, error: stringOrNull, stopped_at: timeOrNull,
  completed_segments: integer, total_segments: integer,
})
export const indexingStates = Joi.object<{ data: IndexingState[] }, true>({ data: Joi.array().items(indexingState).required() })
