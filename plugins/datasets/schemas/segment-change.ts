/** What people send to make and change segments and their children by hand. */
import Joi from 'joi'
import { integer, listed, string, text, uuid } from './common.ts'
import type { DocumentParams, Listed } from './common.ts'
import { childItem, segmentItem, windowFields } from './segment.ts'
import type { ChildItem, SegmentItem, SegmentParams } from './segment.ts'

/** Code points: more than a passage may have, which is for the configuration to say. */
const LONGEST = 1_000_000
const content = text(1, LONGEST).pattern(/\S/).message('{{#label}} takes more than blanks')
/** Ready for lists that are joined by line breaks; those that say nothing are left out. */
const keywords = Joi.array().items(text(0, 255).replace(/\s+/g, ' ').trim()).max(100).allow(null)
const attachments = Joi.array().items(Joi.string()).max(0).messages({ 'array.max': '{{#label}} is not supported; leave it out, or send []' }).allow(null)
const summary = Joi.string().valid('', null).messages({ 'any.only': '{{#label}} is not supported; leave it out, or send null' })

export interface NewSegment {
  content: string
  /** Of a document of questions and answers; elsewhere it counts for nothing. */
  answer?: string | null
  keywords?: string[] | null
  attachment_ids?: string[] | null
  summary?: string | null
}
export const newSegment = Joi.object<NewSegment>({
  content: content.required(), answer: text(0, LONGEST).allow(null), keywords, attachment_ids: attachments, summary,
})
/** At most so many are embedded and stored at once. */
export const MOST_SEGMENTS = 1000
export const newSegments = Joi.object<{ segments: NewSegment[] }, true>({ segments: Joi.array().items(newSegment).min(1).max(MOST_SEGMENTS).required() })

export interface SegmentChange {
  content?: string | null
  answer?: string | null
  keywords?: string[] | null
  enabled?: boolean | null
  regenerate_child_chunks?: boolean | null
  attachment_ids?: string[] | null
  summary?: string | null
}
export const segmentChange = Joi.object<SegmentChange>({
  content: content.allow('', null), answer: text(0, LONGEST).allow(null), keywords, enabled: Joi.boolean().allow(null),
  regenerate_child_chunks: Joi.boolean().allow(null), attachment_ids: attachments, summary,
})
export const segmentChangeRequest = Joi.object<{ segment: SegmentChange }, true>({ segment: segmentChange.required() })

export interface SegmentAnswer { data: SegmentItem; doc_form: string }
export const segmentAnswer = Joi.object<SegmentAnswer, true>({ data: segmentItem.required(), doc_form: string })
export interface SegmentsAnswer { data: SegmentItem[]; doc_form: string }
export const segmentsAnswer = Joi.object<SegmentsAnswer, true>({ data: Joi.array().items(segmentItem).required(), doc_form: string })
export interface ConsoleSegmentPage extends Listed<SegmentItem> { doc_form: string; total_pages: number }
export const consoleSegmentPage = Joi.object<ConsoleSegmentPage, true>({ ...listed(segmentItem), doc_form: string, total_pages: integer })

export const segmentIds = Joi.object<{ segment_id: string[] }, true>({ segment_id: Joi.array().items(uuid.required()).min(1).max(1000).single().required() })
export const switchParams = Joi.object<DocumentParams & { action: 'enable' | 'disable' }, true>({
  dataset_id: uuid.required(), document_id: uuid.required(), action: Joi.string<'enable' | 'disable'>().valid('enable', 'disable').required(),
})

export interface ChildParams extends SegmentParams { child_chunk_id: string }
export const childParams = Joi.object<ChildParams, true>({
  dataset_id: uuid.required(), document_id: uuid.required(), segment_id: uuid.required(), child_chunk_id: uuid.required(),
})
export interface ChildFilter { page: number; limit: number; keyword?: string }
export const childFilter = Joi.object<ChildFilter>(windowFields)
export const childContent = Joi.object<{ content: string }, true>({ content: content.required() })
export interface GivenChild { id?: string | null; content: string }
export const childList = Joi.object<{ chunks: GivenChild[] }, true>({
  chunks: Joi.array().items(Joi.object<GivenChild>({ id: uuid.allow(null), content: content.required() })).max(1000).required(),
})
export interface ChildPage { data: ChildItem[]; total: number; total_pages: number; page: number; limit: number }
export const childPage = Joi.object<ChildPage, true>({
  data: Joi.array().items(childItem).required(), total: integer, total_pages: integer, page: integer, limit: integer,
})
export const childAnswer = Joi.object<{ data: ChildItem }, true>({ data: childItem.required() })
export const childrenAnswer = Joi.object<{ data: ChildItem[] }, true>({ data: Joi.array().items(childItem).required() })
