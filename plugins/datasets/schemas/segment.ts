import Joi from 'joi'
import type { RetrievedChild } from '../ports.ts'
import { boolean, integer, listed, none, nothing, string, stringOrNull, text, time, timeOrNull, uuid } from './common.ts'
import type { DocumentParams, Listed } from './common.ts'
import { externalRetrievalModel } from './external.ts'
import type { ExternalRetrievalModel } from './external.ts'
import { retrievalModel } from './retrieval-model.ts'
import type { RetrievalModel } from './retrieval-model.ts'

interface SegmentCore {
  id: string
  position: number
  document_id: string
  content: string
  sign_content: string
  answer: string
  word_count: number
  tokens: number
  keywords: string[]
  index_node_id: string
  index_node_hash: string
  hit_count: number
  enabled: boolean
  disabled_at: number | null
  disabled_by: string | null
  status: string
  created_by: string
  created_at: number
  indexing_at: number | null
  completed_at: number | null
  error: string | null
  stopped_at: number | null
}
const core = {
  id: string, position: integer, document_id: string, content: string, sign_content: string, answer: string, word_count: integer, tokens: integer,
  keywords: Joi.array().items(Joi.string()).required(), index_node_id: string, index_node_hash: string, hit_count: integer,
  enabled: boolean, disabled_at: timeOrNull, disabled_by: stringOrNull, status: string, created_by: string, created_at: time,
  indexing_at: timeOrNull, completed_at: timeOrNull, error: stringOrNull, stopped_at: timeOrNull,
}
export interface ChildItem {
  id: string
  segment_id: string
  content: string
  position: number
  word_count: number
  type: string
  created_at: number
  updated_at: number
}
export const childItem = Joi.object<ChildItem, true>({
  id: string, segment_id: string, content: string, position: integer, word_count: integer, type: string, created_at: time, updated_at: time,
})
export interface SegmentItem extends SegmentCore {
  updated_at: number
  updated_by: string | null
  child_chunks: ChildItem[]
  attachments: never[]
  summary: null
}
export const segmentItem = Joi.object<SegmentItem, true>({
  ...core, updated_at: time, updated_by: stringOrNull, child_chunks: Joi.array().items(childItem).required(), attachments: none, summary: nothing,
})

export interface SegmentParams extends DocumentParams { segment_id: string }
export const segmentParams = Joi.object<SegmentParams, true>({ dataset_id: uuid.required(), document_id: uuid.required(), segment_id: uuid.required() })

export interface SegmentFilter { page: number; limit: number; keyword?: string; status: string[]; hit_count_gte?: number; enabled?: 'all' | 'true' | 'false' }
const oneOrMore = Joi.number().integer().min(1)
export const windowFields = { page: oneOrMore.default(1), limit: oneOrMore.default(20), keyword: text(0, 255) }
const filter = { ...windowFields, status: Joi.array().items(text(0, 50)).max(10).single().default([]) }
export const segmentFilter = Joi.object<SegmentFilter>(filter)
export const consoleSegmentFilter = Joi.object<SegmentFilter>({
  ...filter, hit_count_gte: Joi.number().integer().min(0).max(2 ** 31 - 1).empty(''),
  enabled: Joi.string().lowercase().valid('all', 'true', 'false').empty('').default('all'),
})
export interface SegmentPage extends Listed<SegmentItem> { doc_form: string }
export const segmentPage = Joi.object<SegmentPage, true>({ ...listed(segmentItem), doc_form: string })

export interface RetrieveRequest {
  query: string
  retrieval_model?: RetrievalModel | null
  external_retrieval_model?: ExternalRetrievalModel | null
  attachment_ids?: string[] | null
}
export const retrieveRequest = Joi.object<RetrieveRequest, true>({
  query: text(1, 250).pattern(/\S/).message('{{#label}} takes more than blanks').required(),
  retrieval_model: retrievalModel.allow(null),
  external_retrieval_model: externalRetrievalModel.allow(null),
  attachment_ids: Joi.array().items(Joi.string()).max(0).messages({ 'array.max': '{{#label}} is not supported; ask with a query alone' }).allow(null),
})
export interface RetrievedItem extends SegmentCore {
  document: { id: string; data_source_type: string; name: string; doc_type: string | null; doc_metadata: object | null }
}
export interface RetrieveAnswer {
  query: { content: string }
  records: { segment: RetrievedItem; child_chunks: RetrievedChild[]; score: number; tsne_position: null; files: never[]; summary: null }[]
}
export const retrieveAnswer = Joi.object<RetrieveAnswer, true>({
  query: Joi.object<RetrieveAnswer['query'], true>({ content: string }).required(),
  records: Joi.array().items(Joi.object<RetrieveAnswer['records'][number]>({
    segment: Joi.object<RetrievedItem>({
      ...core,
      document: Joi.object({
        id: string, data_source_type: string, name: string, doc_type: stringOrNull, doc_metadata: Joi.object().unknown().allow(null).required(),
      }).required(),
    }).required(),
    child_chunks: Joi.array().items(Joi.object<RetrievedChild, true>({ id: string, content: string, position: integer, score: Joi.number().required() })).required(),
    score: Joi.number().required(), tsne_position: nothing, files: none, summary: nothing,
  })).required(),
})
