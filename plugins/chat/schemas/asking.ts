/** What is asked of an app, and what it answers where the answer is waited for. */
import Joi from 'joi'
import type { FileInput, FileType, TransferMethod } from '../../apps/ports.ts'
import type { MessageUsage, RetrieverResource } from '../models/message.ts'
import { integer, number, string, stringOrNull, text, time, userNeeded, uuid } from './common.ts'

export type ResponseMode = 'blocking' | 'streaming'
interface Asked {
  inputs: Record<string, unknown>
  files: FileInput[]
  response_mode: ResponseMode
  user: string
}
export interface NewChatMessage extends Asked {
  query: string
  conversation_id?: string
  auto_generate_name: boolean
  workflow_id?: string
  parent_message_id?: string
  retriever_from?: string
  trace_session_id?: string
}
export interface NewCompletionMessage extends Asked { query: string; retriever_from?: string; trace_session_id?: string }

const blank = Joi.valid('', null)
const file = Joi.object<FileInput, true>({
  type: Joi.string<FileType>().valid('image', 'document', 'audio', 'video', 'custom').required(),
  transfer_method: Joi.string<TransferMethod>().valid('remote_url', 'local_file').required(),
  // Clients send both, one of them empty.
  url: text(0, 10_000).empty(blank), upload_file_id: text(0, 255).empty(blank),
})
/** NUL, which no database keeps, is left out rather than refused. */
const said = Joi.string().replace(/\0/g, '').pattern(/^[^\p{Cs}]*$/u).message('{{#label}} must be well-formed Unicode: it has half of a surrogate pair')
const asked = {
  inputs: Joi.object<Record<string, unknown>>().unknown().required(),
  files: Joi.array().items(file).max(100).empty(null).default([]),
  response_mode: Joi.string<ResponseMode>().valid('blocking', 'streaming').empty(blank).default('blocking'),
  user: userNeeded,
}
/** Fields that clients send and that change nothing here. */
const ignored = { retriever_from: Joi.string().allow('', null), trace_session_id: Joi.string().allow('', null) }

export const newChatMessage = Joi.object<NewChatMessage, true>({
  ...asked, ...ignored,
  query: said.required(),
  conversation_id: uuid.trim().empty(blank),
  auto_generate_name: Joi.boolean().empty(null).default(true),
  workflow_id: Joi.string().allow('', null), parent_message_id: Joi.string().allow('', null),
})
export const newCompletionMessage = Joi.object<NewCompletionMessage, true>({ ...asked, ...ignored, query: said.empty(blank).default('') })

export interface TaskParams { task_id: string }
export const taskParams = Joi.object<TaskParams, true>({ task_id: Joi.string().required() })
export const stopRequest = Joi.object<{ user: string }, true>({ user: userNeeded })

export const usage = Joi.object<MessageUsage, true>({
  prompt_tokens: integer, prompt_unit_price: string, prompt_price_unit: string, prompt_price: string,
  completion_tokens: integer, completion_unit_price: string, completion_price_unit: string, completion_price: string,
  total_tokens: integer, total_price: string, currency: string, latency: number, time_to_first_token: number, time_to_generate: number,
})
export const retrieverResource = Joi.object<RetrieverResource, true>({
  position: integer, dataset_id: string, dataset_name: string, document_id: string, document_name: string, data_source_type: string, segment_id: string,
  retriever_from: string, score: number, hit_count: integer, word_count: integer, segment_position: integer, index_node_hash: string, content: string,
  page: Joi.number().integer().allow(null).required(), doc_metadata: Joi.object().unknown().allow(null).required(), title: stringOrNull,
  files: Joi.array().required(), summary: stringOrNull,
})
export interface AnsweredBy { id: string; account: { id: string; name: string } }
export interface AnswerMetadata {
  annotation_reply?: AnsweredBy
  retriever_resources: RetrieverResource[]
  reasoning: Record<string, string>
  usage: MessageUsage
}
const metadata = Joi.object<AnswerMetadata, true>({
  annotation_reply: Joi.object<AnsweredBy, true>({ id: string, account: Joi.object<AnsweredBy['account'], true>({ id: string, name: string }).required() }),
  retriever_resources: Joi.array().items(retrieverResource).required(),
  reasoning: Joi.object<Record<string, string>>().unknown().required(),
  usage: usage.required(),
})

export interface Answered {
  event: 'message'
  task_id: string
  id: string
  message_id: string
  mode: string
  answer: string
  metadata: AnswerMetadata
  created_at: number
}
export interface ChatAnswer extends Answered { conversation_id: string }
export type CompletionAnswer = Answered
const answered = {
  event: Joi.string<'message'>().valid('message').required(), task_id: string, id: string, message_id: string, mode: string, answer: string,
  metadata: metadata.required(), created_at: time,
}
export const chatAnswer = Joi.object<ChatAnswer, true>({ ...answered, conversation_id: string })
export const completionAnswer = Joi.object<CompletionAnswer, true>(answered)
