/** What the console sends and sees on the way from a file to a document. */
import Joi from 'joi'
import type { SummaryIndexSetting } from '../models/dataset.ts'
import { boolean, integer, string, uuid } from './common.ts'
import { datasetItem, summaryIndexSetting } from './dataset.ts'
import type { DatasetItem } from './dataset.ts'
import { documentItem, settingFields } from './document.ts'
import type { DocumentItem, DocumentSettings } from './document.ts'
import type { Rules } from './process-rule.ts'

/** Sent at once, in one request each for several files. */
export const MOST_FILES = 20

export const sentFile = Joi.object<{ source: 'datasets' }>({ source: Joi.string<'datasets'>().valid('datasets').empty('').default('datasets') })
export const sentFileParams = Joi.object<{ file_id: string }, true>({ file_id: uuid.required() })
export const filePreview = Joi.object<{ content: string }, true>({ content: string })
export const fileTypes = Joi.object<{ allowed_extensions: string[] }, true>({ allowed_extensions: Joi.array().items(Joi.string()).required() })
/** Megabytes, and files in one request. */
export interface FileLimits { file_size_limit: number; batch_count_limit: number }
export const fileLimits = Joi.object<FileLimits, true>({ file_size_limit: Joi.number().required(), batch_count_limit: integer })

export const ruleQuery = Joi.object<{ document_id?: string }>({ document_id: uuid.empty('') })
export interface RuleView { mode: string; rules: Rules; limits: { indexing_max_segmentation_tokens_length: number } }
export const ruleView = Joi.object<RuleView, true>({
  mode: string, rules: Joi.object().unknown().required(), limits: Joi.object({ indexing_max_segmentation_tokens_length: integer }).required(),
})

export interface InfoList { data_source_type: 'upload_file'; file_info_list: { file_ids: string[] } }
const infoList = Joi.object<InfoList, true>({
  data_source_type: Joi.string<'upload_file'>().valid('upload_file').required(),
  file_info_list: Joi.object({ file_ids: Joi.array().items(uuid.required()).unique().min(1).max(MOST_FILES).required() }).required(),
})
const { indexing_technique, doc_form, doc_language, process_rule } = settingFields
/** Others that knowledge bases with more abilities would take. */
export interface Inert { summary_index_setting?: SummaryIndexSetting | null; is_multimodal?: false | null }
const inert = { summary_index_setting: summaryIndexSetting.allow(null), is_multimodal: Joi.boolean<false>().valid(false).allow(null) }

export interface EstimateRequest extends Pick<DocumentSettings, 'indexing_technique' | 'doc_form' | 'doc_language' | 'process_rule'>, Inert {
  info_list: InfoList
  dataset_id?: string | null
}
export const estimateRequest = Joi.object<EstimateRequest, true>({
  ...inert, indexing_technique, doc_form, doc_language, process_rule, info_list: infoList.required(), dataset_id: uuid.empty('').allow(null),
})
export interface EstimateView {
  total_segments: number
  /** Whether there was no time to count them all. */
  has_more: boolean
  preview: { content: string; child_chunks?: string[] }[]
  qa_preview: { question: string; answer: string }[]
  tokens: number
  total_price: number
  currency: string
}
export const estimateView = Joi.object<EstimateView, true>({
  total_segments: integer, has_more: boolean,
  preview: Joi.array().items(Joi.object({ content: string, child_chunks: Joi.array().items(Joi.string()) })).required(),
  qa_preview: Joi.array().items(Joi.object({ question: string, answer: string })).required(),
  tokens: integer, total_price: integer, currency: string,
})

export interface KnowledgeConfig extends DocumentSettings, Inert { data_source: { type?: 'upload_file'; info_list: InfoList } }
export const knowledgeConfig = Joi.object<KnowledgeConfig, true>({
  ...settingFields, ...inert, original_document_id: uuid.allow(null), duplicate: Joi.boolean().allow(null),
  data_source: Joi.object({ type: Joi.string<'upload_file'>().valid('upload_file'), info_list: infoList.required() }).required(),
})
export interface BegunDocuments { dataset: DatasetItem; documents: DocumentItem[]; batch: string }
export const begunDocuments = Joi.object<BegunDocuments, true>({ dataset: datasetItem.required(), documents: Joi.array().items(documentItem).required(), batch: string })
