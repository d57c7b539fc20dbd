import Joi from 'joi'
import { anyObject, cursor, integer, limit, none, nothing, number, sliced, string, stringOrNull, time, user, userNeeded, uuid } from './common.ts'
import type { OfUser, Slice } from './common.ts'
import type { Rating } from './feedback.ts'

/** A file of a message, with a link that serves it for a few minutes. */
export interface MessageFileItem {
  id: string
  filename: string
  type: string
  url: string | null
  mime_type: string | null
  size: number | null
  transfer_method: string
  belongs_to: string | null
  upload_file_id: string | null
}
export const messageFileItem = Joi.object<MessageFileItem, true>({
  id: string, filename: string, type: string, url: stringOrNull, mime_type: stringOrNull, size: Joi.number().integer().allow(null).required(),
  transfer_method: string, belongs_to: stringOrNull, upload_file_id: stringOrNull,
})
export interface MessageItem {
  id: string
  conversation_id: string
  parent_message_id: null
  inputs: Record<string, unknown>
  query: string
  answer: string
  status: 'normal' | 'error'
  error: string | null
  message_files: MessageFileItem[]
  feedback: { rating: Rating } | null
  retriever_resources: Record<string, unknown>[]
  agent_thoughts: never[]
  extra_contents: never[]
  created_at: number
  message_tokens: number
  answer_tokens: number
  total_tokens: number
  provider_response_latency: number
  total_price: string | null
  currency: string | null
}
export const messageItem = Joi.object<MessageItem, true>({
  id: string, conversation_id: string, parent_message_id: nothing, inputs: anyObject, query: string, answer: string,
  status: Joi.string<'normal' | 'error'>().valid('normal', 'error').required(), error: stringOrNull,
  message_files: Joi.array().items(messageFileItem).required(),
  feedback: Joi.object<{ rating: Rating }, true>({ rating: Joi.string<Rating>().required() }).allow(null).required(),
  retriever_resources: Joi.array().items(Joi.object().unknown()).required(), agent_thoughts: none, extra_contents: none, created_at: time,
  message_tokens: integer, answer_tokens: integer, total_tokens: integer, provider_response_latency: number, total_price: stringOrNull, currency: stringOrNull,
})
export const messageSlice = Joi.object<Slice<MessageItem>, true>(sliced(messageItem))

export interface MessageQuery extends OfUser { conversation_id: string; first_id?: string; limit: number }
export const messageQuery = Joi.object<MessageQuery, true>({ user, conversation_id: uuid.required(), first_id: cursor, limit })
export interface MessageParams { message_id: string }
export const messageParams = Joi.object<MessageParams, true>({ message_id: uuid.required() })
export const suggestedQuery = Joi.object<{ user: string }, true>({ user: userNeeded })
export interface Suggested { result: 'success'; data: string[] }
export const suggested = Joi.object<Suggested, true>({
  result: Joi.string<'success'>().valid('success').required(), data: Joi.array().items(Joi.string()).required(),
})
